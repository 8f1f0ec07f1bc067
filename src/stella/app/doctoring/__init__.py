"""What a server is asked whether it is well: the table of checks, and what ``app`` brings of them."""
