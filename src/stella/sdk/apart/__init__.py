"""A plugin in processes of its own: both ends of the line, and what its process is held to.

The host's end: ``process``, ``host_line``, ``exchange``, ``opened``. The plugin's: ``child``,
``child_line``, ``confine``, ``syscalls``. What crosses is ``stella.plugin.calls``.
"""
