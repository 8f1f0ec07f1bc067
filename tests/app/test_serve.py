"""``stella serve`` as a program: its first start, its end, what it refuses, what it survives."""

import signal
from pathlib import Path

import httpx
import pytest

from fixtures.hosts import Host, free_port, password_in
from stella.client import Refused

pytestmark = pytest.mark.program


def test_the_first_start_shows_one_credential_and_a_signal_ends_it_cleanly(host: Host):
    with host.serving() as serving:
        with httpx.Client(base_url=host.url) as anonymous:
            assert anonymous.get("/api/v1/version").json()["simulated"] is False
            assert anonymous.get("/api/v1/me").status_code == 401
        code, out, err = serving.end()
    assert (code, err) == (0, "")
    assert out.count("password: ") == 1
    with host.serving() as serving:
        client = host.login(password_in(out))
        with client:
            assert client.get("/me")["user"]["name"] == "admin"
            # A stream that is open does not keep the server from ending.
            stream = client.events()
            assert next(stream)[0] == "synced"
            code, again, err = serving.end()
    assert (code, err) == (0, "")
    assert "password" not in again
    assert {path.stat().st_mode & 0o077 for path in host.data.iterdir()} == {0}


def test_a_taken_port_and_a_taken_directory_are_refused_and_the_running_server_stays(host: Host):
    with host.serving() as serving:
        same = host.command("serve", STELLA_LISTEN_PORT=str(free_port()))
        assert (same.returncode, same.stdout) == (1, "")
        assert "ST-APP-005" in same.stderr
        assert f"process {serving.process.pid}" in same.stderr
        other = str(host.data.with_name("other"))
        taken = host.command("serve", STELLA_DATA_DIRECTORY=other)
        assert taken.returncode == 1
        assert "another program listens there" in taken.stderr
        assert "ST-APP-004" in taken.stderr
        agents = host.command(
            "serve", STELLA_DATA_DIRECTORY=other, STELLA_LISTEN_PORT=str(free_port())
        )
        assert "agents_port" in agents.stderr
        assert not (host.data.with_name("other") / "stella.db").exists()
        assert httpx.get(f"{host.url}/healthz").text == "ok\n"


def test_a_lost_password_is_replaced_beside_the_server_and_what_it_had_opened_ends(host: Host):
    with host.serving() as serving:
        lost = host.command("serve", "--reset-admin")
        first = host.login(password_in(lost.stdout))
        found = host.command("serve", "--reset-admin")
        with first, pytest.raises(Refused) as refusal:
            first.get("/me")
        assert refusal.value.exit_code == 4
        with host.login(password_in(found.stdout)) as client:
            kinds = [fact["kind"] for fact in client.items("/facts")]
        assert kinds.count("UserChanged") == 2
        # Killed at once: the records are whole, and the next start goes on.
        serving.end(signal.SIGKILL)
    with host.serving(), host.login(password_in(found.stdout)) as client:
        assert client.get("/audit/verify")["good"]


def test_a_backup_of_a_running_server_is_restored_elsewhere(host: Host, tmp_path: Path):
    file = tmp_path / "backup.tar"
    with host.serving() as serving:
        made = host.command("serve", "--reset-admin")
        installed = Path("plugins", "boats", "1.0.0", "plugin_boats.py")
        (host.data / installed).parent.mkdir(parents=True)
        (host.data / installed).write_text("PLUGIN = 1")
        assert host.command("db", "backup", str(file)).returncode == 0
        with host.login(password_in(made.stdout)) as client:
            root = client.content("/trust/root")
        refused = host.command("db", "restore", str(file))
        assert "ST-APP-005" in refused.stderr
        serving.end()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "ST-APP-010" in host.command("db", "restore", str(file)).stderr
    other = Host(tmp_path / "elsewhere", host.api_port, host.agents_port)
    assert other.command("db", "restore", str(file)).returncode == 0
    assert (other.data / installed).read_text() == "PLUGIN = 1"
    with other.serving(), other.login(password_in(made.stdout)) as client:
        assert client.content("/trust/root") == root
        assert client.get("/audit/verify")["good"]
        checks = {one["name"]: one["outcome"] for one in client.get("/doctor")["checks"]}
    assert checks["keys"] == checks["blobs"] == "pass"


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 100])
def test_what_is_no_backup_is_refused_and_leaves_nothing(
    host: Host, tmp_path: Path, content: bytes
):
    file = tmp_path / "backup.tar"
    file.write_bytes(content)
    assert "ST-APP-010" in host.command("db", "restore", str(file)).stderr
    assert not (host.data / "keys").exists()
