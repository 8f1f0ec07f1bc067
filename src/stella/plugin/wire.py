"""Values of the contract as JSON and back: camel case outside, unknown and missing keys refused."""

import base64
import binascii
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from stella.kernel import (
    Digest,
    Fault,
    Json,
    MalformedDigest,
    Remedy,
    StellaError,
    parse_time,
    time_text,
)
from stella.kernel.clock import MalformedTime

T = TypeVar("T")
_UNREADABLE = "cannot be read: "


class MalformedWire(StellaError):
    """JSON from the other side that does not say what was agreed."""

    code = "ST-PLG-001"
    fault = Fault.INVALID


def to_wire(value: Any) -> Json:  # noqa: PLR0911 - one line a kind
    """``value`` as JSON: dataclasses as objects, tuples as lists; digests, times and bytes (base64)
    as text.
    """
    if is_dataclass(value) and not isinstance(value, type | Digest):
        return {_camel(f.name): to_wire(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Digest):
        return value.text
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_wire(item) for item in value]
    assert value is None or isinstance(value, str | int | bool), (type(value), value)
    return value


def from_wire(kind: type[T], content: object) -> T:
    """The value of ``kind`` (a dataclass, or what may stand in a field of one) that ``content``
    says. Raises MalformedWire.
    """
    return cast("T", _read(kind, content, "$"))


def wire_faults(kind: Any, content: object, place: str = "$") -> Iterator[str]:
    """Everything that ``content`` has against being a value of ``kind``; nothing where ``from_wire``
    reads it.
    """
    if is_dataclass(kind) and kind is not Digest:
        yield from _object_faults(kind, content, place)
    elif get_origin(kind) in {Union, types.UnionType}:
        if content is not None or type(None) not in get_args(kind):
            (rest,) = [one for one in get_args(kind) if one is not type(None)]
            yield from wire_faults(rest, content, place)
    elif get_origin(kind) in {tuple, Sequence, Iterable} and isinstance(content, list):
        for at, item in enumerate(content):
            yield from wire_faults(get_args(kind)[0], item, f"{place}[{at}]")
    else:
        try:
            _read(kind, content, place)
        except MalformedWire as refusal:
            yield str(refusal).removeprefix(_UNREADABLE)


def known_keys(kind: Any) -> frozenset[str]:
    """What an object of that kind (a dataclass) may have."""
    return frozenset(_camel(field.name) for field in fields(kind))


def _object_faults(kind: Any, content: object, place: str) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"{place} is no object"
        return
    hints = _hints(kind)
    named = {_camel(field.name): field for field in fields(kind)}
    for key in sorted(map(str, content.keys() - named.keys())):
        yield f"{place} has an unknown key: {key[:60]!r}"
    for name, field in named.items():
        if name in content:
            yield from wire_faults(hints[field.name], content[name], f"{place}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            yield f"{place} lacks {name}"


def _read(kind: Any, content: object, place: str) -> Any:  # noqa: PLR0911 - one line a kind
    if is_dataclass(kind) and kind is not Digest:
        return _read_fields(kind, content, place)
    if get_origin(kind) in {Union, types.UnionType}:
        options = get_args(kind)
        if type(None) in options and content is None:
            return None
        (rest,) = [option for option in options if option is not type(None)]
        return _read(rest, content, place)
    if get_origin(kind) in {tuple, Sequence, Iterable}:
        if not isinstance(content, list):
            raise _malformed(f"{place} is no list")
        return tuple(_read(get_args(kind)[0], item, place) for item in content)
    if get_origin(kind) in {Mapping, dict}:
        return _read_mapping(get_args(kind)[1], content, place)
    if kind in {Digest, datetime, bytes} or (isinstance(kind, type) and issubclass(kind, StrEnum)):
        return _read_text(kind, content, place)
    assert kind in {str, int, bool, types.NoneType}, kind
    if type(content) is not kind:
        raise _malformed(f"{place} is no {kind.__name__}")
    return content


def _read_fields(kind: Any, content: object, place: str) -> Any:
    if not isinstance(content, dict):
        raise _malformed(f"{place} is no object")
    hints = _hints(kind)
    named = {_camel(field.name): field for field in fields(kind)}
    unknown = content.keys() - named.keys()
    if unknown:
        raise _malformed(f"{place} has an unknown key: {min(map(str, unknown))[:60]!r}")
    values = {}
    for name, field in named.items():
        if name in content:
            values[field.name] = _read(hints[field.name], content[name], f"{place}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _malformed(f"{place} lacks {name}")
    return kind(**values)


def _read_mapping(item: Any, content: object, place: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise _malformed(f"{place} is no object")
    if item is str or (isinstance(item, type) and issubclass(item, StrEnum)):
        return {key: _read(item, value, f"{place}.{key}") for key, value in content.items()}
    return content  # free JSON


def _read_text(kind: Any, content: object, place: str) -> Any:
    if not isinstance(content, str):
        raise _malformed(f"{place} is no text")
    try:
        if kind is bytes:
            return base64.b64decode(content, validate=True)
        return parse_time(content) if kind is datetime else kind(content)
    except binascii.Error as error:
        raise _malformed(f"{place} is no base64") from error
    except (ValueError, MalformedDigest, MalformedTime) as error:
        raise _malformed(f"{place}: {error}") from error


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _malformed(why: str) -> MalformedWire:
    return MalformedWire(
        f"{_UNREADABLE}{why}",
        remedy=Remedy("See that agent and server are of versions that go together."),
    )
