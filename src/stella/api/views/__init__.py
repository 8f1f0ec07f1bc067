"""What the API shows: one model a noun, and how each is made from the rooms' values."""
