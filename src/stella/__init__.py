"""Stella Ops Suite: a release control plane whose every decision can be proven and replayed."""

__version__ = "0.1.0"
