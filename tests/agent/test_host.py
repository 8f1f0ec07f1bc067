import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stella.agent.host import RealHost
from stella.agent.local import wait_for_left
from stella.agent.machine import OUTPUT_BYTES_MAX, Stopped
from stella.plugin.refusals import (
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    SecretUnresolved,
    UnsafeName,
)


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def host(tmp_path: Path, log: list[str], stop: threading.Event) -> RealHost:
    return RealHost(tmp_path, "shop", log=log.append, stop=stop)


def test_a_command_runs_without_a_shell_in_the_projects_directory(
    host: RealHost, tmp_path: Path, log: list[str]
) -> None:
    assert host.run(["echo", "$HOME;ls"], timeout_s=5) == b"$HOME;ls\n"
    assert host.run(["pwd"], timeout_s=5).decode().strip() == str(tmp_path / "shop")
    assert host.run(["cat"], timeout_s=5, stdin=b"in") == b"in"
    host.run(["sh", "-c", "echo one >&2; echo two >&2"], timeout_s=5)
    assert log == ["one", "two"]


def test_a_command_that_fails_keeps_what_it_said(host: RealHost) -> None:
    with pytest.raises(CommandFailed, match="status 3: because") as refusal:
        host.run(["sh", "-c", "echo because >&2; exit 3"], timeout_s=5)
    assert refusal.value.facts["exit_status"] == 3
    assert refusal.value.facts["output"] == "because\n"


def test_a_command_that_is_not_there_is_named(host: RealHost) -> None:
    with pytest.raises(CommandMissing, match="no-such-program"):
        host.run(["no-such-program"], timeout_s=5)


def test_what_does_not_end_in_time_is_ended_with_its_children(host: RealHost) -> None:
    begun = time.monotonic()
    with pytest.raises(CommandTimedOut):
        host.run(["sh", "-c", "sleep 60 & sleep 60"], timeout_s=1)
    assert time.monotonic() - begun < 10


def test_a_stop_ends_a_command_and_a_wait_at_once(host: RealHost, stop: threading.Event) -> None:
    threading.Timer(0.1, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        host.run(["sleep", "60"], timeout_s=60)
    with pytest.raises(Stopped):
        host.wait(60)
    with pytest.raises(Stopped):
        host.run(["true"], timeout_s=60)
    assert time.monotonic() - begun < 30


def test_secrets_are_resolved_here_and_masked_everywhere(
    host: RealHost, log: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "very-secret")
    (tmp_path / "secret").write_text("from-a-file\n")
    environment = {"A": "env://SHOP_KEY", "B": f"file://{tmp_path}/secret", "C": "plain"}
    printed = host.run(
        ["sh", "-c", "echo $A $B $C; echo $A >&2"], timeout_s=5, environment=environment
    )
    assert printed == b"very-secret from-a-file plain\n"
    assert log == ["***"]
    host.log("it is from-a-file")
    assert log[-1] == "it is ***"
    with pytest.raises(CommandFailed) as refusal:
        host.run(["sh", "-c", "echo $A; exit 1"], timeout_s=5, environment=environment)
    assert "very-secret" not in str(refusal.value) + str(refusal.value.facts)


@pytest.mark.parametrize("reference", ["env://NOT_SET", "file:///not/there", "vault://kv/x"])
def test_a_secret_that_cannot_be_resolved_is_named_by_its_reference(
    host: RealHost, reference: str
) -> None:
    with pytest.raises(SecretUnresolved, match=reference):
        host.run(["true"], timeout_s=5, environment={"A": reference})


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "", ".hidden", "a" * 101, "a\n"])
def test_no_file_lies_outside_the_projects_directory(
    host: RealHost, tmp_path: Path, log: list[str], stop: threading.Event, name: str
) -> None:
    with pytest.raises(UnsafeName):
        host.write(name, b"")
    with pytest.raises(UnsafeName):
        host.read(name)
    with pytest.raises(UnsafeName):
        RealHost(tmp_path, name, log=log.append, stop=stop)


def test_a_file_is_replaced_whole(host: RealHost, tmp_path: Path) -> None:
    assert host.read("a.json") is None
    host.write("a.json", b"one")
    assert host.write("a.json", b"two") == str(tmp_path / "shop" / "a.json")
    assert host.read("a.json") == b"two"
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["a.json"]


def ends_at_once(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{one}").exists() and not is_zombie(one) for one in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


_AGENT = """
import sys, threading
from pathlib import Path
from stella.agent.host import RealHost
host = RealHost(Path(sys.argv[1]), "shop", log=print, stop=threading.Event())
script = "trap '' TERM; sleep 60 & echo $! $$ > pids.new; mv pids.new pids; wait; sleep 60"
thread = threading.Thread(target=lambda: host.run(["sh", "-c", script], timeout_s=60))
thread.start()
thread.join()
"""


def test_what_an_agent_began_ends_when_it_is_killed_and_the_next_waits_for_that(
    tmp_path: Path,
) -> None:
    """Also the children of what it began, and what does not want to."""
    agent = subprocess.Popen([sys.executable, "-c", _AGENT, str(tmp_path)])
    pids = tmp_path / "shop" / "pids"
    while not pids.exists():
        assert agent.poll() is None
        time.sleep(0.02)
    begun = [int(word) for word in pids.read_text().split()]
    assert not any(is_zombie(one) for one in begun)
    agent.kill()
    agent.wait()
    assert wait_for_left(tmp_path)
    assert ends_at_once(begun)


def test_a_flood_of_output_is_read_and_not_kept(host: RealHost, log: list[str]) -> None:
    flood = "head -c 20000000 /dev/zero | tr '\\0' x"
    assert host.run(["sh", "-c", flood], timeout_s=20) == b"x" * OUTPUT_BYTES_MAX
    host.run(["sh", "-c", f"{{ {flood}; }} >&2"], timeout_s=20)
    assert max(map(len, log)) <= 8 * 1024
