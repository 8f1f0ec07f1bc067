"""A host that is reached by SSH holds what the agent's own does, and says no where it must."""

import threading
import time
from pathlib import Path

import pytest

from agent.test_host import ends_at_once
from fixtures.control_planes import wait_until
from fixtures.ssh_hosts import Reaching, SshHost
from stella.agent.machine import OUTPUT_BYTES_MAX, Stopped
from stella.plugin.refusals import CommandFailed, CommandMissing, CommandTimedOut, UnsafeName
from stella.sdk.files import FileNotWritten

pytestmark = pytest.mark.server

HOSTILE = [
    "$(touch /tmp/stella-was-here)",
    "`id`",
    "a'b\"c",
    "; exit 3",
    "x\ny",
    "-n",
    "~",
    "*",
    "",
    "ü",
]


def test_a_command_runs_without_a_shell_in_the_projects_directory(
    ssh_host: SshHost, reaching: Reaching
) -> None:
    log: list[str] = []
    host = reaching(ssh_host.reach(), log=log.append)
    assert host.run(["printf", "%s|", *HOSTILE], timeout_s=5).decode() == "".join(
        f"{one}|" for one in HOSTILE
    )
    assert not Path("/tmp/stella-was-here").exists()
    assert host.run(["pwd"], timeout_s=5).decode().strip() == str(ssh_host.projects / "shop")
    assert host.run(["cat"], timeout_s=5, stdin=b"in\0\n\n") == b"in\0\n\n"
    assert host.run(["cat"], timeout_s=5) == b""
    host.run(["sh", "-c", "echo one >&2; echo two >&2"], timeout_s=5)
    assert log == ["one", "two"]
    with pytest.raises(CommandMissing, match="no-such-program"):
        host.run(["no-such-program"], timeout_s=5)
    with pytest.raises(CommandFailed, match="not found"):
        host.run(["eval", "touch /tmp/stella-was-here"], timeout_s=5)
    assert not Path("/tmp/stella-was-here").exists()
    with pytest.raises(CommandFailed, match="status 3: because") as refusal:
        host.run(["sh", "-c", "echo because >&2; exit 3"], timeout_s=5)
    assert refusal.value.facts["output"] == "because\n"
    for words in (["echo", "a\0b"], ["true"]):
        with pytest.raises(ValueError, match=r"null|variable"):
            host.run(words, timeout_s=5, environment={"A;id": "x"})


def test_a_file_is_replaced_whole_and_closed_to_others(
    ssh_host: SshHost, reaching: Reaching
) -> None:
    host = reaching(ssh_host.reach(), project="files")
    assert host.read("a.json") is None
    content = bytes(range(256)) * 4000
    host.write("a.json", b"one")
    assert host.write("a.json", content) == str(ssh_host.projects / "files" / "a.json")
    assert host.read("a.json") == content
    (path,) = (ssh_host.projects / "files").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    for name in ("../x", "/etc/passwd", "", ".hidden", "a\n"):
        with pytest.raises(UnsafeName):
            host.write(name, b"")
        with pytest.raises(UnsafeName):
            host.read(name)
    (ssh_host.projects / "files" / "b").mkdir()
    with pytest.raises(FileNotWritten, match="b cannot be written"):
        host.write("b", b"")


def test_secrets_go_by_no_command_line_and_are_masked(
    ssh_host: SshHost, reaching: Reaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    monkeypatch.setenv("STELLA_SECRET_KEY", "very-secret-canary")
    host = reaching(ssh_host.reach(), log=log.append, named=["env://STELLA_SECRET_KEY"])
    script = (
        'echo "$A" >&2; for one in /proc/[0-9]*/cmdline; do tr "\\0" " " <$one; echo; done 2>/dev/null;'
        'for one in $(seq 5); do :; done; printf %s "$B"'
    )
    environment = {"A": "env://STELLA_SECRET_KEY", "B": "it's $(id)\nand\n"}
    shown = host.run(["sh", "-c", script], timeout_s=20, environment=environment).decode()
    assert shown.endswith("it's $(id)\nand\n")
    assert "sshd" in shown
    assert "very-secret-canary" not in shown
    assert log == ["***"]


@pytest.mark.parametrize("way", ["timeout", "stop"])
def test_what_is_ended_is_ended_over_there_with_its_children(
    way: str, ssh_host: SshHost, reaching: Reaching
) -> None:
    stop = threading.Event()
    host = reaching(ssh_host.reach(), stop=stop, project=way)
    script = "trap '' TERM; sleep 60 & echo $! $$ > x; mv x pids; wait; sleep 60"
    pids = ssh_host.projects / way / "pids"

    def stop_then() -> None:
        wait_until(pids.exists)
        stop.set()

    if way == "stop":
        threading.Thread(target=stop_then).start()
    begun = time.monotonic()
    with pytest.raises((CommandTimedOut, Stopped)) as ended:
        host.run(["sh", "-c", script], timeout_s=1 if way == "timeout" else 60)
    assert isinstance(ended.value, Stopped) == (way == "stop")
    assert time.monotonic() - begun < 20
    assert ends_at_once([int(one) for one in pids.read_text().split()])


def test_a_flood_of_output_is_read_and_not_kept(ssh_host: SshHost, reaching: Reaching) -> None:
    log: list[str] = []
    host = reaching(ssh_host.reach(), log=log.append)
    flood = "head -c 20000000 /dev/zero | tr '\\0' x"
    assert host.run(["sh", "-c", flood], timeout_s=60) == b"x" * OUTPUT_BYTES_MAX


def test_what_a_file_holds_is_never_done_where_it_cannot_be_written(
    ssh_host: SshHost, reaching: Reaching, ssh_account: str
) -> None:
    host = reaching(ssh_host.reach(user=ssh_account), project="closed")
    host.write("a", b"one")
    place, mark = ssh_host.projects / "closed", ssh_host.projects / "done-as-a-script"
    bad = f"touch {mark}".encode()
    place.chmod(0o500)
    for size in (b"%d" % len(bad), b"1 of=x", b"0"):
        with pytest.raises(FileNotWritten, match="a cannot be written"):
            host.write("a", size + b"\n" + bad + b"\n" + bad * 20)
        assert host.read("a") == b"one"
    with pytest.raises(FileNotWritten, match="a cannot be written"):
        host.write(
            "a", bad * 100_000
        )  # by a session of its own, which ends before all of it is sent
    assert not mark.exists()
    place.chmod(0o700)
    host.write("a", b"two")
    assert host.read("a") == b"two"
