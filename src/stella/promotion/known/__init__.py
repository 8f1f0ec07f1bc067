"""What a decision is told of the world: tests, tickets, commits, what ran and for how long."""
