"""Translates a request into one use case, and its result or refusal back."""
