"""Secrets that an image carries: few rules, each precise; what they hit is told, never kept."""
