"""A host that is reached by WinRM holds what the agent's own does, as far as a stand-in shows it."""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.test_host import ends_at_once
from agent.test_ssh_machine import HOSTILE
from fixtures.ssh_hosts import Reaching, line_to
from fixtures.winrm_hosts import PASSWORD, WinrmServer, made_certificate, words_of
from stella.agent.errors import HostLoginRefused, HostLost, HostUnreachable, WrongHost
from stella.agent.machine import Severed, Stopped
from stella.agent.windows_words import command_line
from stella.agent.winrm_script import SCRIPT
from stella.kernel import StellaError
from stella.plugin.refusals import CommandFailed, CommandMissing, CommandTimedOut, UnsafeName

pytestmark = pytest.mark.server


@given(st.lists(st.text(alphabet=st.sampled_from('ab\\" \t%^&|<>ü'))))
def test_words_are_read_back_as_they_were(words: list[str]) -> None:
    assert words_of(command_line(words)) == words


def test_a_command_runs_in_the_projects_directory(
    winrm_host: WinrmServer, winrm_password: Path, reaching: Reaching
) -> None:
    log: list[str] = []
    host = reaching(winrm_host.reach(winrm_password), log=log.append)
    printed = host.run(["printf", "%s|", *HOSTILE], timeout_s=5).decode()
    assert printed == "".join(f"{one}|" for one in HOSTILE)
    assert host.run(["pwd"], timeout_s=5).decode().strip() == str(winrm_host.projects / "shop")
    assert host.run(["cat"], timeout_s=5, stdin=b"in\0\n\n") == b"in\0\n\n"
    large = bytes(range(256)) * 2000
    assert host.run(["cat"], timeout_s=20, stdin=large) == large
    host.run(["sh", "-c", "echo one >&2; echo two >&2"], timeout_s=5)
    assert log == ["one", "two"]
    with pytest.raises(CommandMissing, match="no-such-program"):
        host.run(["no-such-program"], timeout_s=5)
    with pytest.raises(CommandFailed, match="status 3: because"):
        host.run(["sh", "-c", "echo because >&2; exit 3"], timeout_s=5)
    assert len(winrm_host.shells) == 1
    host.close()
    assert winrm_host.shells == {}


def test_files_and_secrets(
    winrm_host: WinrmServer,
    winrm_password: Path,
    reaching: Reaching,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log: list[str] = []
    monkeypatch.setenv("STELLA_SECRET_KEY", "very-secret-canary")
    reach, named = winrm_host.reach(winrm_password), ["env://STELLA_SECRET_KEY"]
    host = reaching(reach, log=log.append, named=named)
    assert host.read("a.json") is None
    content = bytes(range(256)) * 2000
    assert host.write("a.json", content) == str(winrm_host.projects / "shop" / "a.json")
    assert host.read("a.json") == content
    assert host.read("a.json.new") is None
    with pytest.raises(UnsafeName):
        host.write("../x", b"")
    shown = host.run(
        ["sh", "-c", 'echo "$A" >&2; echo "$B"'],
        timeout_s=5,
        environment={"A": "env://STELLA_SECRET_KEY", "B": "a b"},
    )
    assert (shown, log) == (b"a b\n", ["***"])
    assert "canary" not in str(winrm_host.asked)
    host.log(f"the password is {PASSWORD}")
    assert log[-1] == "the password is ***"


@pytest.mark.parametrize("way", ["timeout", "stop"])
def test_what_is_ended_is_ended_over_there_with_its_children(
    way: str, winrm_host: WinrmServer, winrm_password: Path, reaching: Reaching
) -> None:
    stop = threading.Event()
    host = reaching(winrm_host.reach(winrm_password), stop=stop, project=way)
    if way == "stop":
        threading.Timer(1, stop.set).start()
    begun = time.monotonic()
    script = "sleep 60 & echo $! $$ > pids; wait"
    with pytest.raises((CommandTimedOut, Stopped)) as ended:
        host.run(["sh", "-c", script], timeout_s=1 if way == "timeout" else 60)
    assert isinstance(ended.value, Stopped) == (way == "stop")
    assert time.monotonic() - begun < 10
    pids = (winrm_host.projects / way / "pids").read_text().split()
    assert ends_at_once([int(one) for one in pids])


def refused(reaching: Reaching, reach: object) -> StellaError:
    with pytest.raises(StellaError) as refusal:
        reaching(reach).run(["true"], timeout_s=5)
    return refusal.value


def test_who_is_not_believed_or_not_let_in_or_away_is_told_so(
    winrm_host: WinrmServer, winrm_password: Path, reaching: Reaching, tmp_path: Path
) -> None:
    asked = len(winrm_host.asked)
    other = made_certificate(tmp_path, "other")
    refusal = refused(reaching, winrm_host.reach(winrm_password, certificate=other))
    assert isinstance(refusal, WrongHost)
    assert refusal.facts["expected"] != refusal.facts["found"]
    (tmp_path / "wrong").write_text("another")
    refusal = refused(reaching, winrm_host.reach(tmp_path / "wrong"))
    assert isinstance(refusal, HostLoginRefused)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refusal = refused(reaching, winrm_host.reach(winrm_password, port=port))
    assert isinstance(refusal, HostUnreachable)
    assert len(winrm_host.asked) == asked


def test_a_connection_that_breaks_is_no_refusal_and_is_opened_again(
    winrm_host: WinrmServer, winrm_password: Path, reaching: Reaching
) -> None:
    with line_to(winrm_host.server_port) as line:
        host = reaching(winrm_host.reach(winrm_password, port=line.port))
        host.write("a", b"one")
        line.cut(away=True)
        with pytest.raises(Severed) as cut:
            host.read("a")
        assert isinstance(cut.value.refusal, HostLost | HostUnreachable)
        assert cut.value.refusal.retry_may_help
        line.is_open = True
        assert host.read("a") == b"one"


def test_no_redirect_is_followed(
    winrm_host: WinrmServer, winrm_password: Path, reaching: Reaching
) -> None:
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.5)
        at = f"http://127.0.0.1:{other.getsockname()[1]}/wsman"

        def listen() -> None:
            with suppress(TimeoutError):
                near, _ = other.accept()
                came.append(near.recv(100))
                near.close()

        thread = threading.Thread(target=listen)
        for place in (at, f"https://localhost:{winrm_host.server_port}/wsman", "/other"):
            winrm_host.sends_to = place
            if place == at:
                thread.start()
            try:
                refusal = refused(reaching, winrm_host.reach(winrm_password))
            finally:
                winrm_host.sends_to = None
            assert isinstance(refusal, HostUnreachable)
            assert "TooManyRedirects" in str(refusal)
        thread.join(10)
    assert came == []


def test_every_directory_on_the_way_is_closed_each_time_before_anything_is_done() -> None:
    """The script itself is not run here: what it must say, and in which order."""
    closed, _, rest = SCRIPT.partition("function Closed($path) {")[2].partition("\n}\n")
    steps = (
        "New-Item",
        "ReparsePoint",
        "GetOwner",
        "notcontains $owner",
        "icacls",
        "$LASTEXITCODE",
    )
    assert [closed.index(one) for one in steps] == sorted(closed.index(one) for one in steps)
    (made,) = (one for one in closed.splitlines() if "New-Item" in one)
    assert made.endswith("}"), "what follows is done where it was there, too"
    assert "-Force" not in made, "none is made on the way to it"
    way = ("'stella')", "Closed $base", "Closed $place", "switch ($asked.verb)")
    assert [rest.index(one) for one in way] == sorted(rest.index(one) for one in way)
