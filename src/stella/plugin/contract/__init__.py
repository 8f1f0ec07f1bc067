"""What a plugin is, and what is asked of each kind of thing that it brings: one module a kind.

Plugin authors, ourselves included, import all of it from ``stella.sdk``.
"""
