"""The process of one plugin: ``python -m stella.sdk.apart.child DESCRIPTOR``, begun by the host.

Three processes, so that nothing of a plugin is ever left:

- the *watch*, in the host's namespaces: it ends when the host does, or says so, and takes all that
  lies below with it;
- *number one* of a namespace of processes, with which the kernel ends every other one there;
- the plugin, confined before any of its code is imported.

Where the kernel gives no such namespace there is no number one, and the watch finds and ends what
the plugin began.
"""

import importlib
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, get_origin

from stella.kernel import Json, Remedy, StellaError
from stella.plugin.calls import (
    IDLE,
    USED,
    Call,
    Confined,
    ConnectionOpening,
    End,
    Errored,
    Method,
    Next,
    Ready,
    RegistryOpening,
    Result,
    Start,
    Streaming,
    methods_of,
)
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Capability, Kind, Plugin
from stella.plugin.contract.registry import RegistryConfig
from stella.plugin.crossing import Echo, bounded_text, refused
from stella.plugin.load import plugin_from
from stella.plugin.refusals import NotSupported
from stella.plugin.wire import MalformedWire
from stella.sdk.apart.child_host import RemoteHost, RemoteUsed
from stella.sdk.apart.child_line import Line
from stella.sdk.apart.confine import (
    HOME,
    adopt_orphans,
    be_unreadable,
    die_with_parent,
    drop_rights,
    keep_few_files,
    keep_limits,
    leave_namespaces,
    taken_bytes,
)

_OPENED_MAX = 32
_END = object()


def main() -> None:
    """Confine, load and serve, until the host has gone."""
    line = Line(socket.socket(fileno=int(sys.argv[1])))
    os.set_inheritable(int(sys.argv[1]), False)
    start = line.receive()
    assert isinstance(start, Start)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    directory = tempfile.mkdtemp(prefix="stella-plugin-")
    by = leave_namespaces()
    if "processes" not in by:
        adopt_orphans()
    be_unreadable()
    first = os.fork()
    if first == 0:
        die_with_parent()
        os.setsid()  # what is sent to its own group does not reach the watch
        second = os.fork() if "processes" in by else 0
        if second:
            line.close()
            _be_number_one(second)
        _be_plugin(line, start, by, directory)
    line.close()
    _watch(first, directory, start.idle_s, has_namespace="processes" in by)


# ---------------------------------------------------------------- the watch, and number one


def _watch(first: int, directory: str, idle_s: int, *, has_namespace: bool) -> NoReturn:
    """End with it; or end it when the host closes standard input by whatever way, or has had no use
    for it for long. The host writes there when a call begins and when it is over.
    """
    ended = os.pidfd_open(first)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(ended, select.POLLIN)
    told = USED
    while ended not in (events := dict(poll.poll(idle_s * 1000 if told == IDLE else None))):
        told = os.read(0, 64)[-1:] if events else b""
        if not told:
            os.kill(first, signal.SIGKILL)
            break
    _, status = os.waitpid(first, 0)
    if not has_namespace:
        _end_descendants()
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(_code(status))


def _end_descendants() -> None:
    """All are our children in the end, for orphans are given to us; until none is left."""
    with suppress(ChildProcessError):
        while True:
            for child in _children():
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _children() -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            # What follows the name, which may hold anything: state, parent. Source: proc(5)
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == os.getpid():
                yield int(process.name)


def _be_number_one(plugin: int) -> NoReturn:
    """Take leave of all that end here, until the plugin does."""
    die_with_parent()
    while True:
        ended, status = os.wait()
        if ended == plugin:
            os._exit(_code(status))


def _code(status: int) -> int:
    """As a shell says it: 128 and the signal."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


# ---------------------------------------------------------------- the plugin


def _be_plugin(line: Line, start: Start, by: tuple[str, ...], directory: str) -> NoReturn:
    die_with_parent()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    visible = [] if start.directory is None else [start.directory]
    needs = {one.capability for one in start.manifest.needs}
    address_space_bytes = taken_bytes() + start.manifest.limits.memory_bytes
    is_whole = Capability.FILES in needs
    if "processes" in by and keep_few_files(visible, is_whole=is_whole):
        by = (*by, "files")
        directory = HOME
    os.chdir(directory)
    os.environ.update(HOME=directory, TMPDIR=directory)
    tempfile.tempdir = directory
    keep_limits(address_space_bytes, counts_processes="users" in by)
    by = (*by, *drop_rights(start.manifest))
    be_unreadable(is_so=False)
    line.send(Confined(by))
    if missing := set(start.required) - set(by):
        told = ", ".join(sorted(missing))
        _end_with(line, f"this machine does not confine it by its own {told}, as is required")
    try:
        plugin = plugin_from(partial(_import, start), start.manifest)
    except StellaError as refusal:
        line.send(refused(refusal))
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - the outermost edge of this process
        _end_with(line, _told(error))
    line.send(Ready())
    Server(line, plugin).serve()


def _import(start: Start) -> object:
    if start.directory is not None:
        sys.path.insert(0, start.directory)
    module, _, attribute = start.entry.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _end_with(line: Line, why: str) -> NoReturn:
    with suppress(OSError):
        line.send(Errored(why))
    os._exit(0)


def _told(error: BaseException) -> str:
    """Its kind and its text, if it has any that can be had."""
    try:
        return bounded_text(f"{type(error).__name__}: {error}", 300)
    except BaseException:  # noqa: BLE001 - a text of a stranger's making
        return bounded_text(type(error).__name__, 300)


class Server:
    """Answers calls with a loaded plugin, one at a time."""

    def __init__(self, line: Line, plugin: Plugin) -> None:
        self._line = line
        self._plugin = plugin
        self._opened: OrderedDict[tuple[Json, ...], Any] = OrderedDict()

    def serve(self) -> NoReturn:
        """Until the host has gone, or something was raised that is no refusal."""
        while True:
            try:
                call = self._line.receive()
                assert isinstance(call, Call)
                self._answer(call)
            except MalformedWire as error:
                _end_with(self._line, f"what it returned cannot cross: {error}")
            except StellaError as refusal:
                self._line.send(refused(refusal, echo=_echo(refusal)))
            except BaseException as error:  # noqa: BLE001 - the outermost edge of this process
                _end_with(self._line, _told(error))

    def _answer(self, call: Call) -> None:
        method = methods_of(call.kind)[call.method]
        given = method.joined(call.arguments, self._line.raw(), RemoteHost(self._line))
        called = getattr(self._open(call), call.method, None)
        if called is None:
            raise NotSupported(
                f"it was written before there was {call.method}, and cannot do that",
                remedy=Remedy("Use a newer version of the plugin."),
            )
        value = called(*given.args, **given.kwargs)
        if method.is_stream:
            self._stream(method, value)
        else:
            # Also what a generator gives one by one, each of which may ask the host.
            is_many = get_origin(method.returns) is Iterable
            self._line.send(Result({"value": tuple(value) if is_many else value}))

    def _stream(self, method: Method, opened: Any) -> None:
        with opened as pieces:
            self._line.send(Streaming())
            sending = self._pieces(method, pieces)
            while isinstance(self._line.receive(), Next):
                if next(sending, _END) is _END:
                    break
        self._line.send(End())

    def _pieces(self, method: Method, pieces: Any) -> Iterator[None]:
        for piece in pieces:
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise TypeError(f"{method.name} gave a {type(piece).__name__}, not bytes")
            yield from self._line.send_pieces(bytes(piece))

    def _open(self, call: Call) -> Any:
        """What the factory made for this configuration: once, as long as it is used."""
        key = (call.kind.value, call.name, repr(call.registry), repr(call.connection))
        if key in self._opened:
            self._opened.move_to_end(key)
            return self._opened[key]
        made = self._opened[key] = self._made(call)
        if len(self._opened) > _OPENED_MAX:
            _, oldest = self._opened.popitem(last=False)
            close = getattr(oldest, "close", None)
            if close is not None:
                close()
        return made

    def _made(self, call: Call) -> Any:
        factory = self._plugin.factories(call.kind)[call.name]
        if call.kind is Kind.TARGET:
            return factory()
        if call.kind is Kind.REGISTRY:
            assert call.registry is not None
            return factory(self._registry(call.registry))
        assert call.connection is not None
        return factory(self._connection(call.connection))

    def _registry(self, opening: RegistryOpening) -> RegistryConfig:
        return RegistryConfig(
            opening.host,
            opening.plain_http,
            self._line.login if opening.has_login else None,
            _authority(opening.ca),
            opening.timeout_s,
            self._line.connect,
            proxy=opening.proxy,
        )

    def _connection(self, opening: ConnectionOpening) -> Connection:
        asked = {name: partial(self._line.credential, name) for name in opening.credentials}
        return Connection(
            opening.endpoint,
            self._line.connect,
            opening.config,
            asked,
            opening.ca,
            opening.proxy,
            opening.timeout_s,
            {name: RemoteUsed(self._line, name, kind) for name, kind in opening.used.items()},
        )


def _echo(refusal: StellaError) -> int | None:
    cause = refusal.__cause__
    return cause.number if isinstance(cause, Echo) else None


def _authority(pem: str | None) -> str | None:
    """The file that holds it."""
    if pem is None:
        return None
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    with os.fdopen(descriptor, "w") as file:
        file.write(pem)
    return name


if __name__ == "__main__":
    main()
