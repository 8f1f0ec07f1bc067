"""Repositories whose documents the server applies by itself."""
