"""Commands that run on the server's own host."""
