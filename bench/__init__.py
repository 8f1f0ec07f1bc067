"""Measurements beside what a user would do instead. Each file prints one JSON row."""
