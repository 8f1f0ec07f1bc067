"""The ledger's commands: its server is not believed, and its files need none."""

import json
import os
import subprocess
import sys
from pathlib import Path

from fixtures.commands import Command
from fixtures.servers import People
from stella.app.ledger import ChainToLedger
from stella.record import seal


def test_a_ledger_is_shown_proven_and_rebuilt_from_the_server_and_from_its_files(
    admin: Command, users: People, tmp_path: Path
):
    services = users.services
    assert admin.data("ledger", "status")["size"] == 0
    seal(services.database, "test")
    assert ChainToLedger(services.database, services.attestor, "test")() == 1
    services.attestor.log.append([b"%d" % one for one in range(300)])
    said = admin.data("ledger", "status")
    assert said["size"] == 301
    proven = admin("ledger", "prove", "7")
    assert (proven.exit_code, "holds    yes" in proven.stdout) == (0, True), proven.stdout
    assert admin("ledger", "prove", "301").exit_code == 3
    stranger = "x.example+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    assert admin("ledger", "prove", "7", "--key", stranger).exit_code == 1
    assert admin.data("audit", "verify")["logged"] == 1
    rebuilt = admin.data("ledger", "fsck")
    assert (rebuilt["good"], rebuilt["entries"], rebuilt["checkpointsOfFacts"]) == (True, 301, 1)
    earlier = tmp_path / "earlier"
    earlier.write_text(said["checkpoint"])
    services.attestor.log.append([b"more"])
    files = services.data / "ledger" / "log"
    words = ("ledger", "fsck", "--from", str(files), "--key", said["verifierKey"])
    assert admin(*words, "--earlier", str(earlier)).stdout.endswith("the log holds\n")
    assert admin("ledger", "fsck", "--from", str(files)).exit_code == 2
    (files / "tile" / "0" / "000").write_bytes(bytes(8192))
    broken = admin(*words)
    assert broken.exit_code == 1
    assert "BAD   tile/0/000" in broken.stdout
    assert json.loads(admin(*words, "-o", "json").stdout)["good"] is False


# What `stella-ops[server]` adds cannot be imported, as in the base install.
BASE = """
import sys
for name in ("sqlalchemy", "fastapi", "dbos", "alembic"):
    sys.modules[name] = None
from stella.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_files_of_a_ledger_are_rebuilt_with_the_base_install(users: People):
    attestor = users.services.attestor
    attestor.log.append([b"one"])
    from stella.trust.transparency.note import verifier_key

    key = verifier_key(attestor.name, attestor.log.keys.note.public)
    files = str(users.services.data / "ledger" / "log")
    words = [sys.executable, "-c", BASE, "ledger", "fsck", "--from", files, "--key", key]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ}, check=False)
    assert (done.returncode, done.stdout) == (
        0,
        "1 entries, 0 of them about the chain of facts\nthe log holds\n",
    ), done.stderr
