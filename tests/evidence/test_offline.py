"""Proof needs the base install alone: no server part, no network, no key of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

RECORDED = Path(__file__).parent / "recorded"
# What `stella-ops[server]` adds cannot be imported, and every socket is refused.
PROGRAM = """
import socket, sys
for name in ("sqlalchemy", "fastapi", "uvicorn", "dbos", "alembic", "argon2", "psycopg"):
    sys.modules[name] = None
def refuse(*_, **__):
    raise OSError("no network here")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from stella.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("verb", [["evidence", "verify"], ["replay"]], ids=" ".join)
def test_verify_and_replay_need_only_the_file(verb: list[str]) -> None:
    packet = RECORDED / "deployment-succeeded.stella.tar"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *verb, str(packet)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(("verified, signed by the key", "identical"))
