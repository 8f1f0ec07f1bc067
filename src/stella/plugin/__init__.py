"""What a plugin is, how it is found, and why one is refused."""
