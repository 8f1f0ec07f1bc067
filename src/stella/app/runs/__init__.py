"""Runs of workflows on this server: the types of steps there are, and who does them."""
