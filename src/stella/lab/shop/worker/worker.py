# ruff: noqa: INP001, T201 - a program of the demo image, not a module of ours
"""The shop's worker: counts rounds and touches a health file after each."""

import os
import pathlib
import signal
import threading

VERSION = os.environ["SHOP_VERSION"]
HEALTH_FILE = pathlib.Path("/run/worker-healthy")
ROUND_S = 1.0

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())

print(f"shop-worker {VERSION} started", flush=True)
while not stopped.wait(ROUND_S):
    HEALTH_FILE.touch()
print(f"shop-worker {VERSION} stopped", flush=True)
