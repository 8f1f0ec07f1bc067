"""Which program an image really runs: its entry point, followed through what only starts another one."""
