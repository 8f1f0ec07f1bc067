"""What a server costs that nobody asks anything: memory, and its share of a core."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Row

_SETTLE_S = 5
_MEASURED_S = 20
_MB_MAX = 200
_PERCENT_MAX = 2


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ,
            "STELLA_DATA_DIRECTORY": directory,
            "STELLA_LISTEN_PORT": "0",
            "STELLA_AGENTS_PORT": "0",
        }
        command = [sys.executable, "-m", "stella.cli.main", "serve"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            server.stdout.readline()
            time.sleep(_SETTLE_S)
            before = _cpu_s(server.pid)
            time.sleep(_MEASURED_S)
            percent = (_cpu_s(server.pid) - before) / _MEASURED_S * 100
            megabytes = _resident_mb(server.pid)
        finally:
            server.terminate()
            server.wait()
    note = f"API, console, agents' port; over {_MEASURED_S} s"
    Row("idle server, memory", "MB", megabytes, goal=_MB_MAX, note=note).print()
    Row("idle server, of a core", "%", percent, goal=_PERCENT_MAX, note=note).print()


def _cpu_s(pid: int) -> float:
    """User and system time, fields 14 and 15 of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


if __name__ == "__main__":
    main()
