"""What a plugin in a process of its own may be asked, and how question and answer cross: as data.

Pure: bytes in, values out. Both sides of the line are ``stella.sdk.apart.child`` and
``stella.sdk.apart.process``. The methods and their types are those of the contract's protocols; a
method that is added there can be called here.

A frame is one byte for its kind, four for the length (big-endian), and the content: a message as
JSON, or a piece of bytes. One call at a time:

    host: Start                              child: Confined, Ready (or Refused, Errored)
    host: Call, pieces of its bytes          child: Ask* ... Result | Refused | Errored
    a stream: host: Call                     child: Streaming
              host: Next                     child: a piece | End | Refused | Errored
              host: Stop                     child: End
    an Ask:   child: Ask                     host: Answer (a descriptor beside it) | Refused | NoWay
"""

import inspect
import struct
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias, get_origin, get_type_hints

import msgspec

from stella.kernel import Json, Remedy
from stella.plugin.contract.core import Kind, Manifest
from stella.plugin.contract.target import Host, TakesDown
from stella.plugin.wire import MalformedWire, from_wire, to_wire

# What the host tells the watch of a process: a call begins, it is over.
USED, IDLE = b"u", b"i"
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
PIECE_BYTES_MAX = 1024 * 1024
HEADER = struct.Struct(">BI")
# What is small as text may be large as objects: so many values are in one message at most.
_VALUES_MAX = 500_000


class Frame(StrEnum):
    """What a frame holds; the first letter stands in its header."""

    MESSAGE = "message"
    PIECE = "piece"


_BYTES_MAX = {ord("m"): MESSAGE_BYTES_MAX, ord("p"): PIECE_BYTES_MAX}


# ---------------------------------------------------------------- methods


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a contract. arguments: name -> type; those of type bytes cross as pieces.

    returns: its type; None for a stream of bytes. host: the argument that is the host itself, which
    does not cross: what is asked of it does.
    """

    name: str
    signature: inspect.Signature
    arguments: Mapping[str, Any]
    returns: Any
    host: str | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it gives a context manager of an iterator of bytes."""
        return self.returns is None

    def split(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> "Split":
        """A call's arguments as they cross. Raises TypeError where they do not fit."""
        bound = self.signature.bind(*args, **named)
        bound.apply_defaults()
        raw = {name for name, kind in self.arguments.items() if kind is bytes}
        return Split(
            {name: to_wire(bound.arguments[name]) for name in self.arguments if name not in raw},
            {name: bytes(bound.arguments[name]) for name in self.arguments if name in raw},
        )

    def joined(
        self, plain: Mapping[str, Json], raw: Mapping[str, bytes], host: object = None
    ) -> inspect.BoundArguments:
        """The arguments as the method takes them. Raises MalformedWire."""
        bound = inspect.BoundArguments(self.signature, {})
        for name, kind in self.arguments.items():
            given = raw if kind is bytes else plain
            if name not in given:
                raise _malformed(f"the call lacks {name}")
            value = given[name] if kind is bytes else from_wire(kind, given[name])
            bound.arguments[name] = value
        if self.host is not None:
            bound.arguments[self.host] = host
        return bound

    def flat(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> Mapping[str, Json]:
        """All arguments in one message, bytes as text. Raises TypeError where they do not fit."""
        bound = self.signature.bind(*args, **named)
        bound.apply_defaults()
        return {name: to_wire(bound.arguments[name]) for name in self.arguments}

    def unflat(self, plain: Mapping[str, Json]) -> inspect.BoundArguments:
        """The arguments again. Raises MalformedWire."""
        bound = inspect.BoundArguments(self.signature, {})
        for name, kind in self.arguments.items():
            if name not in plain:
                raise _malformed(f"the call lacks {name}")
            bound.arguments[name] = from_wire(kind, plain[name])
        return bound


@dataclass(frozen=True, slots=True)
class Split:
    """The arguments of a call: what stands in its message, and what follows as pieces."""

    plain: Mapping[str, Json]
    raw: Mapping[str, bytes]


def _methods_of(protocol: type) -> Mapping[str, Method]:
    """The methods of a protocol, from its annotations."""
    return {name: _method(getattr(protocol, name)) for name in _public(protocol)}


def _public(protocol: type) -> Iterator[str]:
    return (name for name, value in vars(protocol).items() if _is_method(name, value))


def _is_method(name: str, value: object) -> bool:
    return inspect.isfunction(value) and not name.startswith("_")


def _method(function: Any) -> Method:
    hints = get_type_hints(function)
    returns = hints.pop("return")
    _, *parameters = inspect.signature(function).parameters.values()
    is_stream = get_origin(returns) is AbstractContextManager
    hosts = [name for name, kind in hints.items() if kind is Host]
    return Method(
        function.__name__,
        inspect.Signature(parameters),
        {one.name: hints[one.name] for one in parameters if one.name not in hosts},
        None if is_stream else returns,
        hosts[0] if hosts else None,
    )


_PROTOCOLS: Mapping[Kind, str] = {
    Kind.REGISTRY: "registry.Registry",
    Kind.TARGET: "target.TargetConnector",
    Kind.SECRET_STORE: "secret_store.SecretStore",
    Kind.CHECK: "check.DoctorCheck",
    Kind.SCM: "scm.Scm",
    Kind.CI: "ci.Ci",
    Kind.WEBHOOK: "webhook.Webhook",
    Kind.OBJECT_STORE: "object_store.ObjectStore",
    Kind.NOTIFIER: "notifier.Notifier",
    Kind.DIRECTORY: "directory.Directory",
    Kind.IDENTITY_PROVIDER: "identity_provider.IdentityProvider",
    Kind.STEP: "step.Step",
    Kind.FEED: "feed.Feed",
    Kind.ROUTER: "router.Router",
    Kind.METRICS: "metrics.MetricSource",
    Kind.LANGUAGE_MODEL: "language_model.LanguageModel",
    Kind.POLICY_PACK: "policy_pack.PolicyPack",
}


def protocol_of(kind: Kind) -> type:
    """The protocol that a kind's things follow; its module is loaded now."""
    module, _, name = _PROTOCOLS[kind].partition(".")
    found: type = getattr(import_module(f"stella.plugin.contract.{module}"), name)
    return found


@cache
def host_methods() -> Mapping[str, Method]:
    """What can be asked of a target's host, by name; how long to wait crosses beside it."""
    return {name: _method(getattr(Host, name)) for name in ("run", "send", "write", "read", "log")}


@cache
def methods_of(kind: Kind) -> Mapping[str, Method]:
    """What can be called of a thing of that kind that runs apart, by name.

    Also what not every such thing can do: one that cannot says so when it is asked.
    """
    more = _methods_of(TakesDown) if kind is Kind.TARGET else {}
    return {**_methods_of(protocol_of(kind)), **more}


# ---------------------------------------------------------------- messages


@dataclass(frozen=True, slots=True)
class Start:
    """Which plugin to load. entry: ``module:attribute``; directory: put before the import path.

    required: what it must be confined by, or it is not loaded. idle_s: between two calls at most.
    """

    manifest: Manifest
    entry: str
    directory: str | None = None
    required: tuple[str, ...] = ()
    idle_s: int = 300


@dataclass(frozen=True, slots=True)
class Confined:
    """What the kernel holds the process to; said before any of the plugin's code runs."""

    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """The plugin is loaded and brings what its manifest says."""


@dataclass(frozen=True, slots=True)
class RegistryOpening:
    """``RegistryConfig`` as it crosses: the functions of it are asked for by Ask. ca: PEM."""

    host: str
    plain_http: bool
    has_login: bool
    ca: str | None
    timeout_s: int
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionOpening:
    """``Connection`` as it crosses. credentials: their names. used: input -> kind."""

    endpoint: str
    config: Mapping[str, Json]
    credentials: tuple[str, ...]
    ca: str | None
    proxy: str | None
    timeout_s: int
    used: Mapping[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one contribution. lengths: of each argument that follows as pieces."""

    kind: Kind
    name: str
    method: str
    arguments: Mapping[str, Json]
    lengths: Mapping[str, Json]
    registry: RegistryOpening | None = None
    connection: ConnectionOpening | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """value: what the method returned, under the key ``value``."""

    value: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Streaming:
    """The stream is open."""


@dataclass(frozen=True, slots=True)
class Next:
    """One more piece, please."""


@dataclass(frozen=True, slots=True)
class Stop:
    """No more pieces are wanted."""


@dataclass(frozen=True, slots=True)
class End:
    """The stream is at its end, and closed."""


class Door(StrEnum):
    """What of the world a plugin reaches, by the host alone."""

    CONNECT = "connect"
    LOGIN = "login"
    CREDENTIAL = "credential"
    HOST = "host"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Ask:
    """The plugin wants something. name: of a host, of a credential, of a method of ``Host``, or of the
    input that names an integration, whose ``method`` is called.
    """

    door: Door
    name: str = ""
    port: int = 0
    timeout_ms: int = 0
    arguments: Mapping[str, Json] = field(default_factory=dict)
    method: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """values: secrets; a connected socket comes as a descriptor beside it. result: what a method of
    ``Host`` or of an integration returned, under the key ``value``.
    """

    values: tuple[str, ...] = ()
    result: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoWay:
    """An OSError of the host: number, text."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A StellaError as data. echo: which refusal of the host it is, in the order of this call."""

    code: str
    message: str
    advice: str
    command: str | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    echo: int | None = None


@dataclass(frozen=True, slots=True)
class Errored:
    """Anything that is no refusal. The process ends with it."""

    why: str


Message: TypeAlias = (
    Start | Confined | Ready | Call | Result | Streaming | Next | Stop | End | Ask | Answer
    | NoWay | Refused | Errored
)  # fmt: skip
_MESSAGES: Mapping[str, type[Any]] = {one.__name__: one for one in Message.__args__}


def message_frame(message: Message) -> bytes:
    """Raises MalformedWire where it is too large or holds what JSON does not."""
    try:
        content = msgspec.json.encode([type(message).__name__, to_wire(message)])
    except (AssertionError, ValueError, TypeError, RecursionError) as error:
        raise _malformed("it holds what cannot cross") from error
    if len(content) > MESSAGE_BYTES_MAX:
        raise _malformed(f"it is larger than {MESSAGE_BYTES_MAX >> 20} MiB")
    return HEADER.pack(ord("m"), len(content)) + content


def piece_frames(content: bytes) -> Iterator[bytes]:
    """``content`` in pieces that are not too large; none where it is empty."""
    view = memoryview(content)
    for start in range(0, len(view), PIECE_BYTES_MAX):
        piece = view[start : start + PIECE_BYTES_MAX]
        yield HEADER.pack(ord("p"), len(piece)) + piece


def parse_header(header: bytes) -> tuple[Frame, int]:
    """Kind and length of what follows. Raises MalformedWire."""
    kind, length = HEADER.unpack(header)
    if kind not in _BYTES_MAX:
        raise _malformed("it is no frame")
    if length > _BYTES_MAX[kind]:
        raise _malformed(f"a frame of {length} bytes is too large")
    return (Frame.MESSAGE if kind == ord("m") else Frame.PIECE), length


def parse_message(content: bytes) -> Any:
    """The message that the bytes of a frame say. Raises MalformedWire."""
    if content.count(b",") + content.count(b"[") + content.count(b"{") > _VALUES_MAX:
        raise _malformed(f"it holds more than {_VALUES_MAX} values")
    try:
        read = msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:
        raise _malformed("it is no JSON") from error
    match read:
        case [str(name), wire] if name in _MESSAGES:
            return from_wire(_MESSAGES[name], wire)
    raise _malformed("it is no message")


def _malformed(why: str) -> MalformedWire:
    return MalformedWire(why, remedy=Remedy("Ask the plugin's publisher."))
