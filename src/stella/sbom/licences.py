"""Under which licences is what is in it? Read of a bill of materials for policies that ask."""

from collections.abc import Iterable, Iterator
from functools import reduce

import msgspec

from stella.sbom import wire
from stella.sbom.licence_expression import Choices, both, choices_of, is_listed

LICENCES_MAX = 500
_EXAMPLES = 2
# What scans cut a licence to: of one that long, nobody knows how it goes on.
_CHARACTERS_MAX = 300
_CUT_SHORTER = {"conda": 100, "composer": 200}
_NESTING_MAX = 16

_Parts = tuple[str, ...]
"""Expressions that all have to be kept; none where nobody knows what is meant."""


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """Camel case outside."""


class Licence(_Part, frozen=True):
    """What some packages state. text: as they state it, "" where they state nothing.

    any_of: one of these must be kept, and of it every licence; empty where ``text`` is no SPDX
    expression. unlisted: those of them that no list has. count: of packages; packages: the first of them.
    """

    text: str
    any_of: Choices
    unlisted: tuple[str, ...]
    count: int
    packages: tuple[str, ...]


class Licences(_Part, frozen=True):
    """All that an image's packages state, sorted by text. more: how many texts are left out."""

    stated: tuple[Licence, ...]
    more: int = 0


def licences_of_sbom(content: bytes) -> Licences | None:
    """What the components of a CycloneDX document state; None where it cannot be read."""
    try:
        bom = msgspec.json.decode(content, type=_Bom)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _licences(
        (f"{one.name} {one.version or ''}".strip(), *_stated(one))
        for one in _packages(bom.components or [])
    )


def licences_of_texts(texts: Iterable[str]) -> Licences:
    """As if there were a package for each text, for tests of policies."""
    return _licences((f"sample{number} 1.0", text, (text,)) for number, text in enumerate(texts, 1))


def _licences(packages: Iterable[tuple[str, str, _Parts]]) -> Licences:
    """Of packages: each with its name, what it states and what of that is to be read.

    Read are the texts that are told alone, each once: an image may have any number of packages.
    """
    stated: dict[str, set[str]] = {}
    read: dict[str, _Parts] = {}
    for package, text, parts in packages:
        stated.setdefault(text, set()).add(package)
        # One text that is meant in two ways is no text that anybody knows.
        read[text] = parts if read.get(text, parts) == parts else ()
    return Licences(
        tuple(_licence(text, read[text], stated[text]) for text in sorted(stated)[:LICENCES_MAX]),
        max(len(stated) - LICENCES_MAX, 0),
    )


class _Component(msgspec.Struct, frozen=True):
    name: str
    version: str | None = None
    purl: str | None = None
    licenses: list[wire.LicenceChoice] | None = None
    components: "list[_Component] | None" = None


class _Bom(msgspec.Struct, frozen=True):
    components: list[_Component] | None = None


def _packages(components: list[_Component], depth: int = 0) -> Iterator[_Component]:
    """Every package, those within others included."""
    for one in components:
        if one.purl:
            yield one
        if depth < _NESTING_MAX:
            yield from _packages(one.components or [], depth + 1)


def _licence(text: str, parts: _Parts, packages: set[str]) -> Licence:
    choices: Choices = reduce(both, map(choices_of, parts)) if parts else ()
    named = {one for part in choices for one in part}
    return Licence(
        text=text,
        any_of=choices,
        unlisted=tuple(sorted(one for one in named if not is_listed(one))),
        count=len(packages),
        packages=tuple(sorted(packages)[:_EXAMPLES]),
    )


def _stated(component: _Component) -> tuple[str, _Parts]:
    """The text of all its licences, and each of them; all of several have to be kept."""
    texts = tuple(dict.fromkeys(_texts(component)))
    text = texts[0] if len(texts) == 1 else " AND ".join(f"({one})" for one in texts)
    kind = (component.purl or "").removeprefix("pkg:").partition("/")[0]
    cut = _CUT_SHORTER.get(kind, _CHARACTERS_MAX)
    if not texts or len(text) >= _CHARACTERS_MAX or any(len(one) >= cut for one in texts):
        return text[:_CHARACTERS_MAX], ()
    return text, texts


def _texts(component: _Component) -> Iterator[str]:
    for one in component.licenses or []:
        text = one.expression or (one.license and (one.license.id or one.license.name)) or ""
        if text.strip():
            yield text.strip()
