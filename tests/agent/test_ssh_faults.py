"""What goes wrong on the way to a host: each has a refusal of its own, and nothing is sent to a stranger."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from agent.test_host import ends_at_once
from fixtures.control_planes import wait_until
from fixtures.git_servers import made_key
from fixtures.ssh_hosts import Reaching, SshHost, line_to
from stella.agent.errors import (
    HostLoginRefused,
    HostLost,
    HostUnreachable,
    SudoRefused,
    WrongHost,
)
from stella.agent.host import RealHost
from stella.agent.machine import Severed, Stopped
from stella.agent.over_ssh import SshLink
from stella.agent.ssh_machine import SshMachine
from stella.agent.ssh_script import shell_line
from stella.kernel import StellaError
from stella.lab.network import free_port
from stella.plugin.reached import Reach, fingerprint, pinned_key
from stella.plugin.refusals import SecretUnresolved

pytestmark = pytest.mark.server


def refused(reaching: Reaching, reach: Reach) -> StellaError:
    with pytest.raises(StellaError) as refusal:
        reaching(reach).run(["touch", "was-here"], timeout_s=5)
    return refusal.value


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_host_with_another_key_is_refused_before_anyone_logs_in(
    kind: str, ssh_host: SshHost, reaching: Reaching, tmp_path: Path
) -> None:
    """Also where it has none of the kind that is pinned."""
    log = (ssh_host.directory / "log").stat().st_size
    _, line = made_key(tmp_path, "other", kind)
    other = " ".join(line.split()[:2])
    refusal = refused(reaching, ssh_host.reach(host_key=other, key="file:///not/read"))
    assert isinstance(refusal, WrongHost)
    assert refusal.facts["expected"] == fingerprint(pinned_key(other)[1])
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(ssh_host.directory / "host.pub")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[1]
    assert refusal.facts["found"] == shown
    assert "stella target host-key" in str(refusal.remedy)
    said = (ssh_host.directory / "log").read_text()[log:]
    assert "Accepted" not in said
    assert "Failed" not in said


def test_who_is_not_let_in_is_told_so_without_the_key(
    ssh_host: SshHost, reaching: Reaching, tmp_path: Path
) -> None:
    refusal = refused(reaching, ssh_host.reach(key=f"file://{ssh_host.stranger}"))
    assert isinstance(refusal, HostLoginRefused)
    (tmp_path / "none").write_text("no key at all, but a secret")
    refusal = refused(reaching, ssh_host.reach(key=f"file://{tmp_path}/none"))
    assert isinstance(refusal, HostLoginRefused)
    assert "secret" not in str(refusal)
    refusal = refused(reaching, ssh_host.reach(key=None, password=f"file://{tmp_path}/none"))
    assert isinstance(refusal, HostLoginRefused)
    assert isinstance(
        refused(reaching, ssh_host.reach(key="env://STELLA_SECRET_NOT_SET")), SecretUnresolved
    )
    sealed, _ = made_key(tmp_path, "sealed", passphrase="open sesame")
    refusal = refused(reaching, ssh_host.reach(key=f"file://{tmp_path}/sealed"))
    assert isinstance(refusal, HostLoginRefused)
    assert sealed.splitlines()[1] not in str(refusal)


def test_a_host_that_is_away_is_told_so(ssh_host: SshHost, reaching: Reaching) -> None:
    refusal = refused(reaching, ssh_host.reach(port=free_port()))
    assert isinstance(refusal, HostUnreachable)
    assert refusal.retry_may_help
    with line_to(ssh_host.port) as line:
        line.cut(away=True)  # it takes connections, and ends them
        assert isinstance(refused(reaching, ssh_host.reach(port=line.port)), HostUnreachable)


def test_jump_hosts_have_keys_of_their_own(
    ssh_host: SshHost, ssh_jump: SshHost, reaching: Reaching
) -> None:
    way = (ssh_jump.hop,)
    assert reaching(ssh_host.reach(jump=way)).run(["echo", "hi"], timeout_s=5) == b"hi\n"
    stranger = replace(ssh_jump.hop, host_key=ssh_host.host_key)
    refusal = refused(reaching, ssh_host.reach(jump=(stranger,)))
    assert isinstance(refusal, WrongHost)
    assert refusal.facts["host"] == f"127.0.0.1:{ssh_jump.port}"
    refusal = refused(reaching, ssh_host.reach(jump=way, host_key=ssh_jump.host_key))
    assert isinstance(refusal, WrongHost)
    assert refusal.facts["host"] == f"127.0.0.1:{ssh_host.port}"
    refusal = refused(reaching, ssh_host.reach(jump=way, port=free_port()))
    assert isinstance(refusal, HostUnreachable)
    assert "jump host" in str(refusal)


@contextmanager
def sudoers(rule: str) -> Iterator[None]:
    file = Path("/etc/sudoers.d/stella-tests")
    if not file.parent.is_dir():
        pytest.skip("sudo is missing: apt-get install sudo")
    file.write_text(f"{rule}\n")
    file.chmod(0o440)
    try:
        yield
    finally:
        file.unlink()


def test_sudo_that_asks_for_a_password_is_refused_with_the_remedy(
    ssh_host: SshHost, reaching: Reaching, ssh_account: str
) -> None:
    reach = ssh_host.reach(user=ssh_account, sudo=True)
    with sudoers(f"# nothing for {ssh_account}"):
        refusal = refused(reaching, reach)
    assert isinstance(refusal, SudoRefused)
    assert f"{ssh_account} ALL=(root) NOPASSWD" in str(refusal.remedy)
    rule = (
        f"Defaults:{ssh_account} env_keep += STELLA_REACHED_DIRECTORY\n"
        f"{ssh_account} ALL=(root) NOPASSWD: /bin/sh, /usr/bin/sh"
    )
    with sudoers(rule):
        host = reaching(reach, project="by-sudo")
        assert host.run(["id", "-u"], timeout_s=5) == b"0\n"
        shown = host.run(["sh", "-c", 'echo "$A"'], timeout_s=5, environment={"A": "a b'c"})
        assert shown == b"a b'c\n"
        script = "sleep 60 & echo $! $$ > pids; wait"
        with pytest.raises(StellaError, match="did not end"):
            host.run(["sh", "-c", script], timeout_s=1)
        pids = (ssh_host.projects / "by-sudo" / "pids").read_text().split()
        assert ends_at_once([int(one) for one in pids])
    plain = reaching(ssh_host.reach(user=ssh_account), project="plain")
    assert plain.run(["id", "-un"], timeout_s=5).decode().strip() == ssh_account


def test_a_connection_that_breaks_ends_what_it_held_and_is_opened_again(
    ssh_host: SshHost, reaching: Reaching
) -> None:
    with line_to(ssh_host.port) as line:
        host = reaching(ssh_host.reach(port=line.port), project="cut")
        host.write("a", b"one")
        pids = ssh_host.projects / "cut" / "pids"

        def cut_then() -> None:
            wait_until(pids.exists)
            line.cut()

        threading.Thread(target=cut_then).start()
        with pytest.raises(Severed) as cut:
            host.run(["sh", "-c", "sleep 60 & echo $! $$ > x; mv x pids; wait"], timeout_s=30)
        assert isinstance(cut.value.refusal, HostLost)
        assert ends_at_once([int(one) for one in pids.read_text().split()])
        assert host.read("a") == b"one"
        assert line.given == 2
        line.cut(away=True)
        time.sleep(0.2)
        with pytest.raises(Severed) as away:
            host.read("a")
        assert isinstance(away.value.refusal, HostUnreachable)
        assert line.given == 2


def test_what_the_accounts_own_shell_says_first_is_passed_over(
    ssh_host: SshHost, reaching: Reaching, ssh_account: str
) -> None:
    """As by a .profile that greets whoever comes; here sshd runs it before each command."""
    home = Path(subprocess.check_output(["sh", "-c", f"echo ~{ssh_account}"], text=True).strip())
    (home / ".ssh").mkdir()
    (home / ".ssh" / "rc").write_text("echo welcome; echo stella begins to wonder\n")
    host = reaching(ssh_host.reach(user=ssh_account), project="greeted")
    assert host.run(["echo", "hi"], timeout_s=5) == b"hi\n"
    host.write("a", b"stella begins\n")
    assert host.read("a") == b"stella begins\n"


def test_one_connection_serves_a_whole_order(ssh_host: SshHost, reaching: Reaching) -> None:
    with line_to(ssh_host.port) as line:
        host = reaching(ssh_host.reach(port=line.port), project="one")
        for number in range(5):
            host.write("a", str(number).encode())
            assert host.run(["cat", "a"], timeout_s=5) == str(number).encode()
        assert line.given == 1


def test_what_is_sent_in_part_is_not_done(ssh_host: SshHost, reaching: Reaching) -> None:
    """A shell reads a script to its last brace before it does anything of it."""
    from stella.agent.machine import Command
    from stella.agent.ssh_script import command_script, sent, shell_line

    script = command_script("shop", Command(("touch", f"{ssh_host.projects}/was-here"), 5))
    words = sent(script)
    for end in range(0, len(words) - 1, 40):
        done = subprocess.run(
            ["sh", "-c", shell_line(sudo=False)],
            input=words[:end],
            capture_output=True,
            check=False,
            env={"STELLA_REACHED_DIRECTORY": str(ssh_host.projects), "PATH": "/usr/bin:/bin"},
        )
        assert not (ssh_host.projects / "was-here").exists(), (end, done)


class Hostile(paramiko.ServerInterface):
    """Lets everybody in."""

    def check_auth_publickey(self, *_: object) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, *_: object) -> str:
        return "publickey"

    def check_channel_request(self, *_: object) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, *_: object) -> bool:
        return True


@contextmanager
def hostile_host(said: Callable[[paramiko.Channel], None]) -> Iterator[tuple[int, str]]:
    """(port, host key) of a host that is known and let us in, and then does to each session what it likes."""
    key = paramiko.ECDSAKey.generate()
    over = threading.Event()

    def session(channel: paramiko.Channel) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            said(channel)

    def serve() -> None:
        near, _ = listener.accept()
        transport = paramiko.Transport(near)
        transport.add_server_key(key)
        with suppress(OSError, EOFError, paramiko.SSHException):
            transport.start_server(server=Hostile())
            while not over.is_set():
                channel = transport.accept(0.1)
                if channel is not None:
                    threading.Thread(target=session, args=(channel,), daemon=True).start()
        transport.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], f"{key.get_name()} {key.get_base64()}"
        finally:
            over.set()
            thread.join(5)


def drips(channel: paramiko.Channel) -> None:
    """One byte after the other, of a line that does not end."""
    while True:
        channel.sendall(b"x")
        time.sleep(0.05)


def begins_and_drips(channel: paramiko.Channel) -> None:
    channel.sendall(b"stella begins\n")
    drips(channel)


def is_silent(channel: paramiko.Channel) -> None:
    while channel.recv(65536):
        pass


@pytest.mark.parametrize("does", [drips, begins_and_drips, is_silent])
@pytest.mark.parametrize(
    "act",
    [
        lambda host: host.run(["true"], timeout_s=60),
        lambda host: host.read("a"),
        lambda host: host.write("a", b"x"),
        lambda host: host.write("a", b"x" * 100_000),
    ],
    ids=["run", "read", "write", "write much"],
)
def test_a_host_that_does_not_answer_outlasts_no_stop(
    act: Callable[[RealHost], object],
    does: Callable[[paramiko.Channel], None],
    ssh_host: SshHost,
    reaching: Reaching,
) -> None:
    stop = threading.Event()
    with hostile_host(does) as (port, key):
        host = reaching(ssh_host.reach(port=port, host_key=key), stop=stop)
        threading.Timer(0.6, stop.set).start()
        begun = time.monotonic()
        with pytest.raises(Stopped):
            act(host)
        # What runs is asked to end, and its end is waited for.
        assert time.monotonic() - begun < (15 if does is begins_and_drips else 5)


@pytest.mark.parametrize("does", [drips, begins_and_drips])
def test_an_answer_has_its_time_in_all(
    does: Callable[[paramiko.Channel], None], ssh_host: SshHost, reaching: Reaching
) -> None:
    with hostile_host(does) as (port, key):
        ssh = ssh_host.ssh(port=port, host_key=key)
        link = SshLink(ssh, lambda _: ssh_host.key.read_text(), shell_line(sudo=False))
        machine = SshMachine(ssh, "shop", link, threading.Event(), small_s=0.5)
        begun = time.monotonic()
        with pytest.raises(Severed):
            machine.read("a")
        assert time.monotonic() - begun < 4
        machine.close()


def test_nothing_is_done_after_a_stop(ssh_host: SshHost, reaching: Reaching) -> None:
    """Whoever lost the order may change nothing any more."""
    stop = threading.Event()
    host = reaching(ssh_host.reach(), stop=stop, project="stopped")
    host.write("a", b"one")
    stop.set()
    for act in (lambda: host.write("a", b"two"), lambda: host.read("a")):
        with pytest.raises(Stopped):
            act()
    assert (ssh_host.projects / "stopped" / "a").read_bytes() == b"one"
