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
import tarfile
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
LONG_AGO = time.time() - 30 * 86400 - 60
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
        seen = self.all("--area", check.partition(".")[0], *words)[check]
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
    backup: Path

    def mends(self, check: str, line: str) -> None:
        """The line, as it stands there, lets the check pass."""
        assert self.doctor.one(check)["outcome"] == "blocked"
        self.doctor.fix(line)
        assert self.doctor.one(check)["outcome"] == "pass"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    """A server, and nothing wrong with it but what a test plants, which mends it again."""
    tmp_path = tmp_path_factory.mktemp("faults")
    host = Host(tmp_path / "data", free_port(), free_port())
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
            content = base64.b64encode(wheel.read_bytes()).decode()
            client.post("/plugins", {"wheel": content})
            client.post("/plugins/chests/enable", {})
            doctor, backup = Doctor(host, doing), tmp_path / "backup.tar"
            with a_registry(port):
                well = {seen["outcome"] for found in doctor.all().values() for seen in found}
                assert well == {"pass"}, "nothing is planted yet"
            assert doctor.run("db", "backup", str(backup)).returncode == 0
            yield Planted(host, client, doctor, tmp_path, port, wheel, feed, backup)


def test_a_registry_that_does_not_answer(planted: Planted) -> None:
    found = planted.doctor.one("integrations.registries")
    name = f"registry 127.0.0.1:{planted.registry_port}"
    assert (found["outcome"], found["name"]) == ("blocked", name)
    assert found["fix"] == (
        "Check host and port, that it runs, and its certificate; then try again."
    )
    with a_registry(planted.registry_port):
        assert planted.doctor.one("integrations.registries")["outcome"] == "pass"


def test_a_key_that_others_may_read(planted: Planted) -> None:
    (planted.host.data / "keys" / "orders.key").chmod(0o640)
    found = planted.doctor.one("keys.private")
    assert "keys/orders.key" in found["detail"]
    assert found["fix"] == "stella doctor --fix keys.private"
    planted.mends("keys.private", found["fix"])


def test_a_key_that_is_another_one(planted: Planted) -> None:
    keys = planted.host.data / "keys"
    shutil.copy(keys / "orders.key", keys / "evidence.key")
    found = planted.doctor.one("keys.match")
    assert "evidence.key" in found["detail"]
    line = found["fix"].partition("backup: ")[2].replace("BACKUP", str(planted.backup))
    planted.mends("keys.match", line)


def test_a_reference_that_leads_nowhere_and_a_rotation_that_is_due(planted: Planted) -> None:
    client, doctor, folder = planted.client, planted.doctor, planted.folder
    lost = f"{folder}/secrets/lost"
    both = {"username": f"file://{lost}", "password": f"file://{lost}"}
    spec: dict[str, Any] = {"credentials": both, "rotateBy": "2020-01-01"}
    client.post("/apply", {"documents": [integration("main", "r.example", **spec)]})
    found = doctor.one("secrets.references")
    assert (found["name"], lost in found["detail"]) == ("references main", True)
    assert found["fix"] == "See that it is there, and is the server's."
    Path(lost).write_text("found-again")
    assert doctor.one("secrets.references")["outcome"] == "pass"

    found = doctor.one("secrets.rotation")
    assert "stella apply -f" in found["fix"]
    new = folder / "new.yaml"
    new.write_text(
        json.dumps(integration("main", "r.example", credentials=both, rotateBy="2999-01-01"))
    )
    planted.mends("secrets.rotation", f"stella apply -f {new}")
    client.delete("/integrations/main")


@pytest.mark.parametrize("check", ["plugins.usable", "plugins.files"])
def test_a_plugin_whose_files_are_gone_or_were_changed(planted: Planted, check: str) -> None:
    installed = planted.host.data / "plugins" / "chests" / "1.0.0"
    if check == "plugins.usable":
        shutil.rmtree(installed)
    else:
        (installed / "json.py").write_text("")
    # A server looks at the disk when something was decided.
    planted.client.post("/plugins/compose/disable")
    planted.client.post("/plugins/compose/enable", {})
    found = planted.doctor.one(check)
    assert found["fix"] == "stella plugin install WHEEL"
    planted.mends(check, found["fix"].replace("WHEEL", str(planted.wheel)))


def test_advisories_that_nobody_has_renewed(planted: Planted) -> None:
    (snapshot,) = (planted.folder / "advisories").iterdir()
    os.utime(snapshot, (LONG_AGO, LONG_AGO))
    found = planted.doctor.one("advisories.fresh")
    assert found["detail"] == "the snapshot is 30 days old"
    planted.mends("advisories.fresh", found["fix"].replace("FEED", str(planted.feed)))


def test_a_fact_that_somebody_changed(planted: Planted) -> None:
    until(lambda: planted.client.get("/audit/verify")["good"])
    with contextlib.closing(sqlite3.connect(planted.host.data / "stella.db")) as database:
        query = "SELECT id, data FROM fact WHERE kind = 'PluginInstalled' ORDER BY id LIMIT 1"
        ((fact, data),) = database.execute(query).fetchall()
    update = "UPDATE fact SET data = ? WHERE id = ?"
    change(planted.host, update, '{"version":"6"}', fact)
    found = planted.doctor.one("records.chain")
    assert fact in found["detail"]
    assert found["fix"].startswith("Compare with a backup")
    with tarfile.open(planted.backup) as tar:
        tar.extract("stella.db", planted.folder / "before", filter="data")
    with contextlib.closing(sqlite3.connect(planted.folder / "before" / "stella.db")) as backup:
        ((before,),) = backup.execute("SELECT data FROM fact WHERE id = ?", (fact,)).fetchall()
    assert before == data
    change(planted.host, update, before, fact)
    assert planted.doctor.one("records.chain")["outcome"] == "pass"


def test_an_agent_that_is_silent_and_its_certificate(planted: Planted) -> None:
    host, doctor = planted.host, planted.doctor
    token = planted.client.post("/agents/tokens", {"name": "host-a"})
    state = ["--state", str(planted.folder / "agent")]
    assert doctor.run(*shlex.split(token["command"])[1:], *state).returncode == 0
    found = doctor.one("agents.heard")
    assert (found["name"], found["fix"]) == ("agent host-a", "On its host: stella agent run")
    ends = "SELECT certificate_expires_at FROM agent"
    with contextlib.closing(sqlite3.connect(host.data / "stella.db")) as database:
        ((lasts,),) = database.execute(ends).fetchall()
    past = time_text(datetime.now(tz=UTC) - timedelta(days=1))
    change(host, "UPDATE agent SET certificate_expires_at = ?", past)
    found = doctor.one("agents.certificates")
    assert found["fix"].startswith("stella agent token host-a")
    change(host, "UPDATE agent SET certificate_expires_at = ?", lasts)
    assert doctor.one("agents.certificates")["outcome"] == "pass"

    running = [sys.executable, "-m", "stella.cli.main", "agent", "run", *state]
    simulated = ["--simulated", str(planted.folder / "simulated")]
    with subprocess.Popen([*running, *simulated], env=host.environment()) as agent:
        try:
            doctor.wait("agents.heard")
        finally:
            agent.terminate()
            agent.wait(20)


def test_what_a_killed_server_left_half_written(planted: Planted) -> None:
    left = planted.host.data / "blobs" / "sha256" / "00" / ".new-left"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    os.utime(left, (LONG_AGO, LONG_AGO))
    found = planted.doctor.one("disk.leftovers")
    planted.mends("disk.leftovers", found["fix"])
    assert not left.exists()


def test_a_secret_that_an_integration_was_not_allowed(planted: Planted) -> None:
    client, doctor = planted.client, planted.doctor
    assert client.put("/secrets/word", {"value": "hunter2-of-the-test"})["version"] == 1
    spec = {"credentials": {"password": "secret://word"}}
    client.post("/apply", {"documents": [integration("main", "r.example", **spec)]})
    client.post("/secrets/word/forbid", {"integration": "main"})
    found = doctor.one("secrets.uses")
    assert found["fix"] == "stella secret allow word main"
    # Nobody is asked here: the line shows where it would go, and the line that says so.
    unseen = doctor.run(*shlex.split(found["fix"])[1:])
    assert unseen.returncode == 1
    (line,) = [one.strip() for one in unseen.stderr.splitlines() if "--place sha256:" in one]
    planted.mends("secrets.uses", line[line.index("stella ") :])
    client.delete("/integrations/main")


def test_a_clock_that_was_ahead(planted: Planted) -> None:
    """What it wrote lies in the future, until that has come."""
    change(
        planted.host,
        "INSERT INTO fact (id, tenant, kind, subject, actor, at, data)"
        " VALUES ('fct_future', 'other', 'Future', 'x', 'system', ?, '{}')",
        time_text(datetime.now(tz=UTC) + timedelta(seconds=12)),
    )
    assert planted.doctor.one("server.clock")["fix"] == "timedatectl set-ntp true"
    planted.doctor.wait("server.clock")


def test_an_offline_server_with_integrations_that_are_switched_on(
    host: Host, tmp_path: Path
) -> None:
    more = {"STELLA_OFFLINE": "true", "XDG_CONFIG_HOME": str(tmp_path)}
    with host.serving(**more):
        password = password_in(host.command("serve", "--reset-admin", **more).stdout)
        with host.login(password) as client:
            document = integration("main", "r.example")
            client.post("/apply", {"documents": [document]})
            token = client.post("/tokens", {"name": "doctor"})["token"]
            doctor = Doctor(host, {**more, "STELLA_URL": host.url, "STELLA_TOKEN": token})
            found = doctor.one("network.offline")
            assert found["fix"] == "Set `offline` to false, or apply them with enabled: false."
            off = {**document, "spec": {**document["spec"], "enabled": False}}
            client.post("/apply", {"documents": [off]})
            assert doctor.one("network.offline")["outcome"] == "pass"


def test_what_keeps_a_server_from_starting_is_named_without_it(host: Host, tmp_path: Path) -> None:
    """A key that is gone, an older database, too little room, no server at all."""
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
