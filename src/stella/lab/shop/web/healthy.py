# ruff: noqa: INP001 - a program of the demo image, not a module of ours
"""Exit 0 when the web service answers its own health path."""

import os
import urllib.request

urllib.request.urlopen(f"http://127.0.0.1:{os.environ.get('PORT', '8080')}/healthz", timeout=2)
