"""May it go? Rules and their outcomes."""
