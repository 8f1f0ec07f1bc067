"""Faults planted for real, each named by ``stella doctor`` with its fix line, and mended by that line."""

import base64
import contextlib
import http.server
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic

from fixtures.hosts import Host, free_port, password_in
from plugin.packages import wheel_of
from stella.app.schema import alembic_config
from stella.client import Client
from stella.kernel import time_text
from stella.record.database import open_engine

pytestmark = pytest.mark.program

WAIT_S = 40
OSV = {
    "id": "GHSA-1",
    "modified": "2030-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "shop"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


@dataclass(frozen=True)
class Doctor:
    """Asks ``stella doctor`` as a program, of the server that runs or of the data alone."""

    host: Host
    more: dict[str, str]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self.host.command(*words, **self.more)

    def all(self, *words: str) -> dict[str, list[dict[str, Any]]]:
        said = self.run("doctor", "-o", "json", *words)
        assert said.stdout, said.stderr
        found: dict[str, list[dict[str, Any]]] = {}
        for one in json.loads(said.stdout):
            found.setdefault(one["id"], []).append(one)
        is_blocked = any(one["outcome"] == "blocked" for seen in found.values() for one in seen)
        assert said.returncode == int(is_blocked), said.stderr
        return found

    def one(self, check: str, *words: str) -> dict[str, Any]:
        """What is worst in what the check found."""
        seen = self.all(*words)[check]
        return min(seen, key=lambda one: ("blocked", "unknown", "pass").index(one["outcome"]))

    def fix(self, line: str) -> None:
        """What the line says, as it says it."""
        assert line.startswith(("stella ", "tar ", "rm ")), line
        words = shlex.split(line)
        if words[0] == "stella":
            done = self.run(*words[1:])
        else:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1}, done.stderr

    def wait(self, check: str) -> None:
        until(lambda: self.one(check)["outcome"] == "pass")


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


@contextlib.contextmanager
def a_registry(port: int) -> Iterator[None]:
    """Something that answers as a registry without that repository does."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b'{"tags": []}'
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def integration(name: str, endpoint: str, **spec: Any) -> dict[str, Any]:
    whole = {"kind": "registry", "connector": "oci", "endpoint": endpoint, **spec}
    return {"apiVersion": "stella/v1", "kind": "Integration", "name": name, "spec": whole}


def change(host: Host, query: str, *values: object) -> None:
    with contextlib.closing(sqlite3.connect(host.data / "stella.db", timeout=20)) as database:
        database.execute(query, values)
        database.commit()


@dataclass
class Planted:
    """A server with everything set up, and what the faults are planted with."""

    host: Host
    client: Client
    doctor: Doctor
    folder: Path
    registry_port: int
    wheel: Path
    feed: Path


@pytest.fixture
def planted(host: Host, tmp_path: Path) -> Iterator[Planted]:
    """A server, and nothing wrong with it but what a test does."""
    secrets, advisories, port = tmp_path / "secrets", tmp_path / "advisories", free_port()
    secrets.mkdir()
    (secrets / "password").write_text("hunter2-of-the-test")
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps(OSV))
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        json.dumps(
            {
                "registries": {f"127.0.0.1:{port}": {"plain_http": True}},
                "advisories": str(advisories),
                "secret_directories": [str(secrets)],
                "networks": ["127.0.0.0/8"],
                "sweep_s": 1,
                "disk_free_bytes_min": 1_000_000,
            }
        )
    )
    wheel = tmp_path / "chests.whl"
    wheel.write_bytes(wheel_of("chests"))
    more = {"STELLA_SETTINGS": str(settings), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    made = host.command("advisory", "import", str(feed), "--into", str(advisories))
    assert made.returncode == 0, made.stderr
    with host.serving(**more):
        password = password_in(host.command("serve", "--reset-admin", **more).stdout)
        with host.login(password) as client:
            token = client.post("/tokens", {"name": "doctor"})["token"]
            doing = {**more, "STELLA_URL": host.url, "STELLA_TOKEN": token}
            yield Planted(host, client, Doctor(host, doing), tmp_path, port, wheel, feed)


def test_what_is_planted_in_a_running_server_is_named_and_mended(planted: Planted) -> None:
    host, client, doctor, folder = planted.host, planted.client, planted.doctor, planted.folder
    backup = folder / "backup.tar"
    wheel = base64.b64encode(planted.wheel.read_bytes()).decode()
    client.post("/plugins", {"wheel": wheel})
    client.post("/plugins/chests/enable", {})
    with a_registry(planted.registry_port):
        well = {name for name, seen in doctor.all().items() if seen[0]["outcome"] != "pass"}
        assert well == set(), "nothing is planted yet"
    assert doctor.run("db", "backup", str(backup)).returncode == 0

    # 1. A registry that does not answer: it is started.
    found = doctor.one("integrations.registries")
    assert (found["outcome"], found["name"]) == (
        "blocked",
        f"registry 127.0.0.1:{planted.registry_port}",
    )
    assert found["fix"]
    with a_registry(planted.registry_port):
        assert doctor.one("integrations.registries")["outcome"] == "pass"

    # 2. A key that others may read.
    (host.data / "keys" / "orders.key").chmod(0o640)
    found = doctor.one("keys.private")
    assert "keys/orders.key" in found["detail"]
    doctor.fix(found["fix"])
    assert doctor.one("keys.private")["outcome"] == "pass"

    # 3. A key that is another one: put back from the backup, as the line says.
    shutil.copy(host.data / "keys" / "orders.key", host.data / "keys" / "evidence.key")
    found = doctor.one("keys.match")
    assert "evidence.key" in found["detail"]
    doctor.fix(found["fix"].partition("backup: ")[2].replace("BACKUP", str(backup)))
    assert doctor.one("keys.match")["outcome"] == "pass"

    # 4. A reference that leads nowhere, 5. credentials that were to be others long ago.
    lost = f"file://{folder}/secrets/lost"
    spec = {"credentials": {"username": lost, "password": lost}, "rotateBy": "2020-01-01"}
    client.post("/apply", {"documents": [integration("main", "r.example", **spec)]})
    found = doctor.one("secrets.references")
    assert (found["name"], lost.removeprefix("file://") in found["detail"]) == (
        "references main",
        True,
    )
    assert "See that it is there" in found["fix"]
    (folder / "secrets" / "lost").write_text("found-again")
    assert doctor.one("secrets.references")["outcome"] == "pass"
    found = doctor.one("secrets.rotation")
    assert "stella apply" in found["fix"]
    (folder / "new.yaml").write_text(
        json.dumps(integration("main", "r.example", **{**spec, "rotateBy": "2999-01-01"}))
    )
    assert doctor.run("apply", "-f", str(folder / "new.yaml")).returncode == 0
    assert doctor.one("secrets.rotation")["outcome"] == "pass"
    client.delete("/integrations/main")

    # 6. A plugin whose files are gone, 7. and one whose files were changed.
    installed = host.data / "plugins" / "chests" / "1.0.0"
    for check, plant in (
        ("plugins.usable", lambda: shutil.rmtree(installed)),
        ("plugins.files", lambda: (installed / "json.py").write_text("")),
    ):
        plant()
        client.post("/plugins/compose/disable")
        client.post("/plugins/compose/enable", {})
        found = doctor.one(check)
        assert found["fix"] == "stella plugin install WHEEL"
        doctor.fix(found["fix"].replace("WHEEL", str(planted.wheel)))
        assert doctor.one(check)["outcome"] == "pass"

    # 8. Advisories that nobody has renewed.
    (snapshot,) = (folder / "advisories").iterdir()
    old = time.time() - 30 * 86400
    os.utime(snapshot, (old, old))
    found = doctor.one("advisories.fresh")
    assert found["detail"] == "the snapshot is 30 days old"
    doctor.fix(found["fix"].replace("FEED", str(planted.feed)))
    assert doctor.one("advisories.fresh")["outcome"] == "pass"

    # 9. A fact that somebody changed: put back as it is in the backup.
    until(lambda: client.get("/audit/verify")["good"])
    with contextlib.closing(sqlite3.connect(host.data / "stella.db")) as database:
        query = "SELECT id, data FROM fact WHERE kind = 'PluginInstalled' ORDER BY id LIMIT 1"
        ((fact, data),) = database.execute(query).fetchall()
    change(host, "UPDATE fact SET data = ? WHERE id = ?", '{"version":"6"}', fact)
    found = doctor.one("records.chain")
    assert fact in found["detail"]
    assert "Compare with a backup" in found["fix"]
    change(host, "UPDATE fact SET data = ? WHERE id = ?", data, fact)
    assert doctor.one("records.chain")["outcome"] == "pass"

    # 10. An agent that is silent: it is run, as the line says.
    token = client.post("/agents/tokens", {"name": "host-a"})
    state = ["--state", str(folder / "agent")]
    assert doctor.run(*shlex.split(token["command"])[1:], *state).returncode == 0
    found = doctor.one("agents.heard")
    assert (found["name"], found["fix"]) == ("agent host-a", "On its host: stella agent run")
    running = [sys.executable, "-m", "stella.cli.main", "agent", "run", *state]
    simulated = ["--simulated", str(folder / "simulated")]
    with subprocess.Popen([*running, *simulated], env=host.environment()) as agent:
        try:
            doctor.wait("agents.heard")
        finally:
            agent.terminate()
            agent.wait(20)

    # 11. An agent's certificate that has ended: it enrols anew.
    past = time_text(datetime.now(tz=UTC) - timedelta(days=1))
    change(host, "UPDATE agent SET certificate_expires_at = ?", past)
    found = doctor.one("agents.certificates")
    assert found["fix"].startswith("stella agent token host-a")

    # 12. What a server that was killed left half-written.
    left = host.data / "blobs" / "sha256" / "00" / ".new-left"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (old, old))
    found = doctor.one("disk.leftovers")
    doctor.fix(found["fix"])
    assert not left.exists()
    assert doctor.one("disk.leftovers")["outcome"] == "pass"

    # 13. A clock that was ahead: what it wrote lies in the future, until that has come.
    future = time_text(datetime.now(tz=UTC) + timedelta(seconds=12))
    change(
        host,
        "INSERT INTO fact (id, tenant, kind, subject, actor, at, data)"
        " VALUES ('fct_future', 'other', 'Future', 'x', 'system', ?, '{}')",
        future,
    )
    found = doctor.one("server.clock")
    assert found["fix"] == "timedatectl set-ntp true"
    doctor.wait("server.clock")

    mended = {one["subject"]: one["actor"] for one in client.items("/facts", kind="FaultMended")}
    assert mended.keys() == {"keys.private", "disk.leftovers"}
    assert all(str(one).startswith("{") or one for one in mended.values())


def test_what_keeps_a_server_from_starting_is_named_without_it(host: Host, tmp_path: Path) -> None:
    """14. A key that is gone, 15. an older database, 16. too little room, 17. no server at all."""
    with host.serving() as serving:
        serving.end()
    backup, here = tmp_path / "backup.tar", ("--data", str(host.data))
    doctor = Doctor(host, {})
    assert host.command("db", "backup", str(backup)).returncode == 0
    assert doctor.one("network.ports", *here)["fix"] == "stella serve"

    (host.data / "keys" / "orders.key").unlink()
    assert host.command("serve").returncode != 0
    found = doctor.one("keys.there", *here)
    assert doctor.one("server.opens", *here)["outcome"] == "unknown"
    doctor.fix(found["fix"].partition("backup: ")[2].replace("BACKUP", str(backup)))
    assert doctor.one("keys.there", *here)["outcome"] == "pass"
    assert doctor.one("server.opens", *here)["outcome"] == "pass"

    (host.data / "stella.db").unlink()
    engine = open_engine(f"sqlite:///{host.data}/stella.db")
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        alembic.upgrade(config, "0001")
    engine.dispose()
    found = doctor.one("database.schema", *here)
    assert (found["canFix"], found["fix"]) == (True, "stella db migrate")
    host.command("doctor", *here, "--fix", "all")
    assert doctor.one("database.schema", *here)["outcome"] == "blocked", "only where it is named"
    host.command("doctor", *here, "--fix", "database.schema")
    assert doctor.one("database.schema", *here)["outcome"] == "pass"
    with contextlib.closing(sqlite3.connect(host.data / "stella.db")) as database:
        ((before,),) = database.execute("SELECT data FROM fact WHERE kind = 'FaultMended'")
    assert json.loads(before)["before"] == "0001"

    little = Doctor(host, {"STELLA_DISK_FREE_BYTES_MIN": str(10**18)})
    found = little.one("disk.room", *here)
    assert found["fix"] == "Free space there, or move data_directory."
    assert doctor.one("disk.room", *here)["outcome"] == "pass"

    missing = doctor.run("doctor", "--data", str(tmp_path / "nowhere"))
    assert "no server keeps data" in missing.stderr
