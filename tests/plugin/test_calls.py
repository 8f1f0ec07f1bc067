"""What crosses between a plugin's process and the server, without any process."""

import json
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.packages import BOAT, manifest_of
from stella.kernel import Digest, Outcome, Remedy, StellaError
from stella.plugin import refusals
from stella.plugin.calls import (
    HEADER,
    PIECE_BYTES_MAX,
    Answer,
    Ask,
    Call,
    Confined,
    ConnectionOpening,
    Door,
    End,
    Errored,
    Frame,
    Next,
    NoWay,
    Ready,
    Refused,
    RegistryOpening,
    Result,
    Start,
    Stop,
    Streaming,
    message_frame,
    methods_of,
    parse_header,
    parse_message,
    piece_frames,
)
from stella.plugin.contract.check import Found
from stella.plugin.contract.core import Kind
from stella.plugin.contract.registry import Descriptor, RawManifest
from stella.plugin.contract.secret_store import Secret
from stella.plugin.crossing import bounded_text, host_refusal, masked, refusal_of, refused
from stella.plugin.manifest import parse_manifest
from stella.plugin.wire import MalformedWire, from_wire, to_wire

AT = datetime(2030, 1, 1, tzinfo=UTC)
DIGEST = Digest.of(b"")
ONE_OF_EACH: dict[Any, Any] = {
    str: "a",
    bytes: b"\x00\xff",
    type(None): None,
    Digest: DIGEST,
    int: 3,
    bool: True,
    datetime: AT,
    Descriptor: Descriptor("m", DIGEST, 1, annotations={"a": "b"}),
    RawManifest: RawManifest("m", DIGEST, b"\xff"),
    Secret: Secret("s", expires_at=AT),
    tuple[str, ...]: ("a", "b"),
    tuple[Descriptor, ...]: (Descriptor("m", DIGEST, 1),),
    tuple[Found, ...]: (Found(Outcome.BLOCKED, "a", "b"),),
}
MESSAGES = [
    Start(parse_manifest(json.dumps(manifest_of("odd", contributes=[BOAT])).encode()), "a:b", "/d"),
    Confined(("users",)),
    Ready(),
    Call(
        Kind.REGISTRY, "oci", "tags", {"repository": "a"}, {"content": 3},
        RegistryOpening("h", True, False, "PEM", 30),
    ),
    Call(
        Kind.SECRET_STORE, "v", "check", {}, {},
        connection=ConnectionOpening("https://v", {"a": [1]}, ("token",), None, None, 30),
    ),
    Result({"value": None}),
    Streaming(), Next(), Stop(), End(),
    Ask(Door.CONNECT, "h", 443, 1000),
    Answer(("a",)),
    NoWay(111, "refused"),
    Refused("ST-REG-001", "m", "a", None, {"a": {"b": [1, None, True]}}, 0),
    Errored("why"),
]  # fmt: skip


def one_of(kind: Any) -> Any:
    """A value of that type in which every field is given."""
    if kind in ONE_OF_EACH:
        return ONE_OF_EACH[kind]
    if get_origin(kind) in {Union, types.UnionType}:
        return one_of(get_args(kind)[0])
    if get_origin(kind) in {tuple, Iterable}:
        return (one_of(get_args(kind)[0]),)
    if get_origin(kind) is Mapping:
        return {"a": "b"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(iter(kind))
    hints = get_type_hints(kind)
    return kind(**{field.name: one_of(hints[field.name]) for field in fields(kind)})


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one).__name__)
def test_what_is_said_is_heard(message: Any) -> None:
    frame = message_frame(message)
    kind, length = parse_header(frame[: HEADER.size])
    assert (kind, length) == (Frame.MESSAGE, len(frame) - HEADER.size)
    assert parse_message(frame[HEADER.size :]) == message


@pytest.mark.parametrize(
    "method",
    [method for kind in Kind for method in methods_of(kind).values()],
    ids=lambda method: method.name,
)
def test_every_method_of_a_contract_can_cross(method: Any) -> None:
    """A type that cannot is found here, when it is written into the contract."""
    named = {name: one_of(kind) for name, kind in method.arguments.items()}
    host = {} if method.host is None else {method.host: "the host"}
    split = method.split((), {**named, **host})
    joined = method.joined(json.loads(json.dumps(split.plain)), split.raw, "the host")
    assert joined.arguments == {**named, **host}
    if not method.is_stream:
        value = one_of(method.returns)
        assert from_wire(method.returns, json.loads(json.dumps(to_wire(value)))) == value


def test_the_host_calls_only_what_runs_here() -> None:
    assert all(methods_of(kind) for kind in Kind)
    assert {name: one.host for name, one in methods_of(Kind.TARGET).items()} == {
        "plan": None,
        "apply": "host",
        "inspect": "host",
        "engine": "host",
        "plan_removal": None,
        "remove": "host",
    }
    assert methods_of(Kind.REGISTRY)["blob"].is_stream
    with pytest.raises(MalformedWire, match="lacks reference"):
        methods_of(Kind.REGISTRY)["manifest"].joined({"repository": "a"}, {})


def test_bytes_are_cut_into_pieces() -> None:
    content = bytes(PIECE_BYTES_MAX + 1)
    frames = list(piece_frames(content))
    assert [parse_header(frame[:5]) for frame in frames] == [
        (Frame.PIECE, PIECE_BYTES_MAX),
        (Frame.PIECE, 1),
    ]
    assert list(piece_frames(b"")) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"null", b"{}", b"[]", b'["Nothing", {}]', b'["Ready", []]', b'["Ready", {"a": 1}]',
        b'["Errored", {"why": 1}]', b'["Errored", {"why": "\\ud800"}]', b'["Errored", {}]',
        b'["Ask", {"door": "window"}]', b'["Result", {"value": 1e999}]', b"[" * 200_000,
        b'["Result", {"value": {"value": [' + b"[]," * 600_000 + b"[]]}}]", b'["__class__", {}]',
        b'["Answer", {"values": [1]}]', b'[["Ready"], {}]', b"\xff" * 100,
    ],
)  # fmt: skip
def test_nonsense_is_one_refusal(content: bytes) -> None:
    with pytest.raises(MalformedWire):
        parse_message(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(content: bytes) -> None:
    try:
        parse_message(content)
    except MalformedWire:
        return


@given(st.binary(min_size=5, max_size=5))
def test_any_header_is_bounded(header: bytes) -> None:
    try:
        _, length = parse_header(header)
    except MalformedWire:
        return
    assert length <= 8 << 20


def test_a_value_that_cannot_cross_is_refused_where_it_is_said() -> None:
    for value in (1.5, {"a": object()}, "\ud800", ["x" * (9 << 20)]):
        with pytest.raises(MalformedWire):
            message_frame(Result({"value": value}))  # type: ignore[dict-item]


# ---------------------------------------------------------------- refusals


def connectors_refusals() -> list[type[StellaError]]:
    found = [one for one in vars(refusals).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, StellaError) and one is not StellaError]


@pytest.mark.parametrize("kind", connectors_refusals(), ids=lambda kind: kind.__name__)
def test_a_refusal_of_a_connector_is_the_same_again(kind: type[StellaError]) -> None:
    error = kind("why", remedy=Remedy("do", "command"), digest=DIGEST, many=(1, 2))
    again = refusal_of(refused(error))
    if kind.code.startswith("ST-PLG-") and kind is not refusals.PluginBroken:
        assert again is None, "the host alone says that"
        return
    assert type(again) is kind
    assert (str(again), again.remedy) == ("why", Remedy("do", "command"))
    assert again.facts == {"digest": DIGEST.text, "many": [1, 2]}


def test_a_refusal_of_the_host_is_one_in_the_child_as_well() -> None:
    error = host_refusal(Refused("ST-NEW-001", "not granted", "ask", echo=2))
    assert isinstance(error, StellaError)
    assert (error.code, str(error)) == ("ST-NEW-001", "not granted")


def test_what_a_stranger_says_is_bounded() -> None:
    assert bounded_text("a\x1b[31m\n" + "b" * 5000) == "a\ufffd[31m\n" + "b" * 1992 + "…"
    loud = Refused("ST-REG-001", "m" * 9999, "a" * 9999, "c" * 9999, {"a": "x" * 99_999})
    error = refusal_of(loud)
    assert error is not None
    assert len(str(error)) == len(error.remedy.advice) == len(error.remedy.command or "") == 2000
    assert error.facts == {}


def test_secrets_are_masked_the_longest_first() -> None:
    assert masked("the-secret and the-secret-2, a", ["the-secret", "the-secret-2", "a", ""]) == (
        "*** and ***, a"
    )
