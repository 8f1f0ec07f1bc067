"""Plugins that do harm, for real. After each of them the next call works and nothing is left."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugin.strangers import (
    eventually,
    hostile_source,
    leaving_nothing,
    open_registry,
    processes_with,
)
from stella.kernel import Digest, Remedy, StellaError
from stella.plugin.contract.registry import Descriptor, Registry
from stella.plugin.refusals import BlobDigestMismatch, ImageNotFound, PluginErrored
from stella.sdk.apart.process import PluginProcess

pytestmark = pytest.mark.apart
OK = Descriptor("text/plain", Digest.of(b"ok"), 2)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stands in the environment of every process that is begun here."""
    monkeypatch.setenv("LC_ALL", f"C.UTF-8-{tmp_path.name}")
    monkeypatch.setenv("STELLA_HIDDEN", "a secret of the server")
    return tmp_path.name


@pytest.fixture
def process(tmp_path: Path, mark: str) -> Iterator[PluginProcess]:
    """A hostile plugin that may do nothing; afterwards it must still answer."""
    yield from started(PluginProcess(hostile_source(tmp_path)), mark)


@pytest.fixture
def mighty(tmp_path: Path, mark: str) -> Iterator[PluginProcess]:
    """The same with the capability to run commands, secrets and the network."""
    needs = [{"capability": one} for one in ("run_command", "read_secret", "network")]
    limits = {"timeoutS": 20, "memoryBytes": 200 << 20}
    yield from started(PluginProcess(hostile_source(tmp_path, needs=needs, limits=limits)), mark)


def started(process: PluginProcess, mark: str) -> Iterator[PluginProcess]:
    with leaving_nothing(mark):
        yield process
        assert open_registry(process).tags("fine") == ("fine",)
        process.close()


@pytest.mark.parametrize(
    ("repository", "why"),
    [
        ("block", "it was not done after 3 s"),
        ("allocate", "MemoryError"),
        ("exit-at-once", "it ended by itself, with 3"),
        ("raise-exit", "SystemExit: 4"),
        ("raise-interrupt", "KeyboardInterrupt"),
        ("raise-angry", "Angry"),
        ("raise-unknown", "it refused with ST-OWN-001, which no connector knows"),
        ("raise-hosts-own", "it refused with ST-PLG-005, which no connector knows"),
        ("kill-itself", "it was ended by SIGKILL"),
        ("kill-its-group", "it was ended by SIGKILL"),
        ("overflow", "RecursionError"),
        ("leak-descriptors", "OSError: .*Too many open files"),
        ("nested", "what it returned cannot cross"),
        ("wrong-type", r"what it returned \$ is no list"),
        ("wrong-item", r"what it returned \$ is no str"),
        ("float", "what it returned cannot cross"),
        ("half-a-pair", "what it returned cannot cross"),
        ("too-large", "larger than 8 MiB"),
        ("nothing", r"\$ is no list"),
        ("write-everywhere", "it said what cannot be read: it is no frame"),
        ("claim-a-large-frame", "a frame of 4294967295 bytes is too large"),
        ("say-many-values", "more than 500000 values"),
        ("send-descriptors", "cannot be read"),
        ("fork-and-stay", "PermissionError"),
    ],
)
def test_harm_costs_the_call_alone(process: PluginProcess, repository: str, why: str) -> None:
    registry = open_registry(process)
    with pytest.raises(PluginErrored, match=why) as error:
        registry.tags(repository)
    assert error.value.facts.keys() == {"plugin", "method", "why"}
    assert (error.value.facts["plugin"], error.value.facts["method"]) == ("hostile", "tags")
    assert len(str(error.value)) < 500
    assert error.value.retry_may_help


def test_it_is_confined_by_all_that_there_is(process: PluginProcess) -> None:
    registry = open_registry(process)
    assert process.confined_by is None
    assert registry.tags("look-around") == ()
    assert registry.tags("open-sockets") == ()
    assert registry.tags("hide-memory") == ()
    assert registry.tags("write-files") == ("/stella-plugin",)
    assert registry.tags("kill-everybody") == ("alive",)
    assert set(process.confined_by or ()) == {"users", "network", "processes", "files", "syscalls"}


def test_what_it_began_ends_with_it(mighty: PluginProcess, mark: str) -> None:
    registry = open_registry(mighty)
    assert registry.tags("fork-and-stay") == ("stayed",)
    eventually(lambda: len(processes_with(mark)) >= 4)
    assert 0 < int(registry.tags("bomb")[0]) < 400
    with pytest.raises(PluginErrored):
        registry.tags("kill-itself")
    eventually(lambda: processes_with(mark) == [])


def test_a_refusal_is_the_same_again(process: PluginProcess) -> None:
    registry = open_registry(process)
    with pytest.raises(ImageNotFound) as refusal:
        registry.tags("refuse")
    assert str(refusal.value) == "not \ufffd[31mthere"
    assert refusal.value.remedy == Remedy("Push it.", "push")
    assert refusal.value.facts == {"message": "m", "self": "s", "digest": Digest.of(b"").text}
    with pytest.raises(ImageNotFound) as long:
        registry.tags("refuse-at-length")
    assert (len(str(long.value)), long.value.facts) == (2000, {})
    with pytest.raises(ImageNotFound) as deep:
        registry.tags("refuse-in-depth")
    assert deep.value.facts == {}


def test_what_it_prints_disturbs_nothing(
    process: PluginProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "stella.plugin"):
        assert open_registry(process).tags("print-much") == ("printed",)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "printed 7200000 bytes" in line
    assert len(line) < 20_000
    assert "\n" not in line


def test_secrets_are_masked_wherever_they_show(
    mighty: PluginProcess, caplog: pytest.LogCaptureFixture
) -> None:
    registry = open_registry(mighty, login=lambda: ("ana", "hunter2-hunter2"))
    with caplog.at_level(logging.INFO, "stella.plugin"), pytest.raises(ImageNotFound) as refusal:
        registry.referrers("login", OK.digest)
    assert str(refusal.value) == "ana ***"
    assert (refusal.value.remedy.advice, refusal.value.facts) == ("***", {"at": ["***"]})
    assert "the password is ***" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_it_asks_for_is_bounded(mighty: PluginProcess) -> None:
    asked = []

    def login() -> tuple[str, str]:
        asked.append(1)
        return "ana", "hunter2"

    with pytest.raises(PluginErrored, match="more than 1000 things"):
        open_registry(mighty, login=login).referrers("login-without-end", OK.digest)
    assert len(asked) == 1000


def test_a_socket_is_the_hosts_to_give(mighty: PluginProcess) -> None:
    """And cannot be connected to anything else."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        answering = threading.Thread(target=answer_once, args=(server,))
        answering.start()
        registry = open_registry(mighty)
        port, elsewhere = server.getsockname()[1], other.getsockname()[1]
        with pytest.raises(ImageNotFound, match="hello back Operation not permitted"):
            registry.referrers(f"127.0.0.1/{port}", OK.digest, str(elsewhere))
        answering.join()
        other.settimeout(0)
        with pytest.raises(BlockingIOError):
            other.accept()


def answer_once(server: socket.socket) -> None:
    connected, _ = server.accept()
    with connected:
        assert connected.recv(100) == b"hello"
        connected.sendall(b"hello back")


class NotGranted(StellaError):
    code = "ST-TST-001"


def test_a_refusal_of_the_host_comes_back_as_it_was(mighty: PluginProcess) -> None:
    """Also one that no plugin knows."""
    asked = []

    def guard(host: str, port: int, timeout: float) -> socket.socket:
        asked.append((host, port, timeout))
        raise NotGranted("not there", remedy=Remedy("Ask."), thing=object())

    registry = open_registry(mighty, connect=guard)
    with pytest.raises(NotGranted) as refusal:
        registry.referrers("inner.example/80", OK.digest)
    assert "object object" in repr(refusal.value.facts["thing"])
    assert asked == [("inner.example", 80, pytest.approx(2, abs=0.1))]
    with pytest.raises(PluginErrored, match="no such place"):
        registry.referrers("in ner/80", OK.digest)
    assert len(asked) == 1


def test_without_the_capability_no_door_is_open(process: PluginProcess) -> None:
    registry = open_registry(process, login=lambda: ("ana", "hunter2"))
    with pytest.raises(PluginErrored, match="its manifest does not ask for network"):
        registry.referrers("127.0.0.1/80", OK.digest)
    with pytest.raises(PluginErrored, match="its manifest does not ask for read_secret"):
        registry.referrers("login", OK.digest)


@pytest.mark.parametrize(
    ("repository", "why"),
    [
        ("kill", "it was ended by SIGKILL"),
        ("hang", "it was not done after 3 s"),
        ("text", "blob gave a str, not bytes"),
        ("empty", "it was not done after 3 s"),
    ],
)
def test_harm_in_a_stream_costs_the_stream_alone(
    process: PluginProcess, repository: str, why: str
) -> None:
    begun, heard = time.monotonic(), list[bytes]()
    with pytest.raises(PluginErrored, match=why):
        read(open_registry(process), repository, heard)
    assert heard == [b"ok"]
    assert time.monotonic() - begun < 60


def read(registry: Registry, repository: str, heard: list[bytes]) -> None:
    with registry.blob(repository, OK) as pieces:
        heard.extend(pieces)


def test_a_stream_is_what_it_promised_or_refused(process: PluginProcess) -> None:
    registry = open_registry(process)
    with registry.blob("fine", OK) as pieces:
        assert list(pieces) == [b"ok"]
    with pytest.raises(BlobDigestMismatch), registry.blob("endless", OK) as pieces:
        list(pieces)
    other = Descriptor("text/plain", Digest.of(b"no"), 2)
    with pytest.raises(BlobDigestMismatch), registry.blob("fine", other) as pieces:
        list(pieces)
    with pytest.raises(ImageNotFound), registry.blob("refuse", OK) as pieces:
        list(pieces)
    with pytest.raises(BlobDigestMismatch):
        registry.manifest("lie", "latest")
    with pytest.raises(BlobDigestMismatch):
        registry.manifest("fine", Digest.of(b"else").text)


def test_a_reader_may_stop_early(process: PluginProcess, mark: str) -> None:
    registry = open_registry(process)
    large = Descriptor("text/plain", OK.digest, 1 << 40)
    with registry.blob("endless", large) as pieces:
        assert next(pieces) == b"ok"
        assert len(next(pieces)) == 100_000
    before = processes_with(mark)
    with pytest.raises(ZeroDivisionError), registry.blob("endless", large):
        raise ZeroDivisionError
    assert registry.tags("fine") == ("fine",)
    assert processes_with(mark) == before, "the process went on"


def test_a_call_that_hangs_holds_up_no_other(process: PluginProcess) -> None:
    registry, errors = open_registry(process), []

    def hang() -> None:
        try:
            registry.tags("block")
        except PluginErrored as error:
            errors.append(error)

    hanging = threading.Thread(target=hang)
    hanging.start()
    for _ in range(20):
        assert registry.tags("fine") == ("fine",)
    with registry.blob("fine", OK) as pieces:
        assert registry.tags("inside") == ("inside",)
        assert list(pieces) == [b"ok"]
    assert errors == [], "done while the other hangs"
    hanging.join()
    assert len(errors) == 1


def test_what_is_said_unasked_is_not_taken_for_an_answer(process: PluginProcess) -> None:
    registry = open_registry(process)
    assert registry.tags("speak-in-a-thread") == ("soon",)
    time.sleep(0.1)  # until it has spoken: nothing tells us
    assert registry.tags("next") == ("next",)


def test_one_that_nobody_needs_is_ended_whatever_it_does(tmp_path: Path, mark: str) -> None:
    with leaving_nothing(mark):
        process = PluginProcess(hostile_source(tmp_path), idle_s=1)
        registry = open_registry(process)
        assert registry.tags("burn-in-a-thread") == ("burning",)
        assert processes_with(mark)
        eventually(lambda: processes_with(mark) == [])
        assert registry.tags("fine") == ("fine",)
        process.close()


def test_one_whose_files_are_gone_serves_on_and_begins_no_more(
    process: PluginProcess, tmp_path: Path
) -> None:
    registry = open_registry(process)
    code = tmp_path / "plugin_hostile" / "__init__.py"
    assert registry.tags("fine") == ("fine",)
    content = code.read_bytes()
    code.unlink()
    assert registry.tags("fine") == ("fine",)
    with pytest.raises(PluginErrored):
        registry.tags("exit-at-once")
    with pytest.raises(StellaError, match="cannot be used"):
        registry.tags("fine")
    code.write_bytes(content)


def test_one_that_always_ends_is_tried_ever_more_seldom(tmp_path: Path, mark: str) -> None:
    with leaving_nothing(mark):
        process = PluginProcess(hostile_source(tmp_path))
        registry = open_registry(process)
        for _ in range(3):
            with pytest.raises(PluginErrored, match="ended by itself"):
                registry.tags("exit-at-once")
        begun = time.monotonic()
        with pytest.raises(PluginErrored, match="3 times in a row and rests for"):
            registry.tags("fine")
        assert time.monotonic() - begun < 5
        process.close()
        with pytest.raises(PluginErrored, match="it was closed"):
            registry.tags("fine")
