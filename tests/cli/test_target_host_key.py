"""``stella target host-key``: what a host shows, for who compares it."""

import json
import subprocess

import pytest
from typer.testing import CliRunner

from fixtures.ssh_hosts import SshHost
from stella.agent.errors import HostUnreachable
from stella.cli.target import app
from stella.lab.network import free_port

pytestmark = pytest.mark.server


def test_the_key_is_shown_as_it_is_pinned_with_the_fingerprint_of_ssh_keygen(
    ssh_host: SshHost,
) -> None:
    done = CliRunner().invoke(app, ["host-key", f"127.0.0.1:{ssh_host.port}", "-o", "json"])
    assert done.exit_code == 0, done.output
    (shown,) = json.loads(done.output)
    assert shown["hostKey"] == ssh_host.host_key
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(ssh_host.directory / "host.pub")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown["fingerprint"] == said.split()[1]


def test_a_host_that_is_away_and_a_port_that_is_none_are_refused() -> None:
    away = CliRunner().invoke(app, ["host-key", f"127.0.0.1:{free_port()}"])
    assert isinstance(away.exception, HostUnreachable)
    assert CliRunner().invoke(app, ["host-key", "127.0.0.1:ssh"]).exit_code == 2
