# ruff: noqa: INP001 - a program of the demo image, not a module of ours
"""Exit 0 when the worker has finished a round within the last ten seconds."""

import pathlib
import sys
import time

age_s = time.time() - pathlib.Path("/run/worker-healthy").stat().st_mtime
sys.exit(0 if age_s < 10 else 1)
