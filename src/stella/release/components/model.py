"""Components and templates of releases as documents."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from stella.advisory.constraint import UnreadableConstraint, npm_spans
from stella.image import MalformedReference, parse_reference
from stella.kernel import Json, Remedy
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.release.components.regex import is_regex
from stella.release.errors import MalformedComponent

COMPONENT = "Component"
TEMPLATE = "ReleaseTemplate"
COUNTER = "counter"
_CHANNELS_MAX = 20
_PLATFORMS_MAX = 20
_MIRRORS_MAX = 10
_COMPONENTS_MAX = 256
_PATTERN_CHARACTERS_MAX = 100
_RANGE_CHARACTERS_MAX = 200
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9]+(?:/[a-z0-9.]+)?\Z")
_WILD = r"[A-Za-z0-9._-]*\*?[A-Za-z0-9._-]*"
_PATTERN = re.compile(_WILD + r"\{version\}" + _WILD + r"\Z")
_VERSION_FORM = re.compile(r"(?:[A-Za-z0-9._+-]|\{[a-z0-9-]+\})+\Z")
HOLES = re.compile(r"\{([a-z0-9-]+)\}")
DATES = ("year", "month", "day")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which tags are versions. tag: how one looks, with ``{version}`` where it stands, and before
    and after it one ``*`` for anything.

    range: of node-semver, empty for all. prereleases: whether 1.4.0-rc.1 is one. regex: a tag that it is
    found nowhere in is none; empty for any. image, mirrors: of a channel whose images lie elsewhere.
    """

    tag: str = "{version}"
    range: str = ""
    prereleases: bool = False
    regex: str = ""
    image: str = ""
    mirrors: tuple[str, ...] = ()


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One component. image: its repository, ``host/path`` without tag or digest.

    mirrors: repositories with the same images, asked in this order where those before do not answer.
    versions: what holds where no channel is asked for. channels: name -> rule. platforms: those that an
    image has to have, empty for any.
    """

    image: str
    versions: Rule = Rule()
    channels: dict[str, Rule] = {}
    platforms: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which version of a component a release takes: the newest of a channel, or within a range."""

    channel: str = ""
    range: str = ""


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How releases of one name are made. version: text with {counter}, {year}, {month}, {day}, or a
    component's name in braces for the version that was picked of it.

    channel: of the releases; empty: the one that every component is picked from, where there is one.
    """

    components: dict[str, Pick]
    version: str = "{year}.{month}.{counter}"
    channel: str = ""

    @property
    def channel_of_releases(self) -> str:
        """Empty for none."""
        if self.channel:
            return self.channel
        picked = {one.channel for one in self.components.values()}
        return picked.pop() if len(picked) == 1 else ""


_Document = TypeVar("_Document", Component, Template)


def parse_component(name: str, spec: Mapping[str, Any]) -> Component:
    """Raises MalformedComponent with every reason."""
    read = _read(COMPONENT, name, spec, Component)
    reasons = [
        *_places_faults("", read.image, read.mirrors),
        *_rule_faults("versions", read.versions),
    ]
    if read.versions.image or read.versions.mirrors:
        reasons.append("versions.image: the component has an image; a channel may have another")
    if len(read.channels) > _CHANNELS_MAX:
        reasons.append(f"more than {_CHANNELS_MAX} channels")
    for channel, rule in read.channels.items():
        if not NAME.match(channel):
            reasons.append(f"channels: {channel[:80]!r} is no name")
        where = f"channels.{channel[:80]}"
        reasons += _rule_faults(where, rule)
        if rule.image:
            reasons += _places_faults(f"{where}.", rule.image, rule.mirrors)
        elif rule.mirrors:
            reasons.append(f"{where}.mirrors: of which image")
    if len(read.platforms) > _PLATFORMS_MAX:
        reasons.append(f"more than {_PLATFORMS_MAX} platforms")
    reasons += [
        f"platforms: {one[:80]!r} is not like linux/arm64"
        for one in read.platforms
        if not _PLATFORM.match(one)
    ]
    if reasons:
        raise malformed(COMPONENT, name, reasons)
    return read


def parse_template(name: str, spec: Mapping[str, Any]) -> Template:
    """Raises MalformedComponent with every reason."""
    read = _read(TEMPLATE, name, spec, Template)
    reasons = [] if read.components else ["it names no component"]
    if len(read.components) > _COMPONENTS_MAX:
        reasons.append(f"more than {_COMPONENTS_MAX} components")
    for component, pick in read.components.items():
        if pick.channel and pick.range:
            reasons.append(f"components.{component[:80]}: either a channel or a range")
        reasons += _range_faults(f"components.{component[:80]}", pick.range)
    if not _VERSION_FORM.match(read.version) or len(read.version) > _PATTERN_CHARACTERS_MAX:
        reasons.append("version: letters, digits, ._+- and names in braces")
    if read.channel and not NAME.match(read.channel):
        reasons.append(f"channel: {read.channel[:80]!r} is no name")
    known = {COUNTER, *DATES, *read.components}
    reasons += [
        f"version: {{{hole[:80]}}} stands for nothing{nearest(hole, known)}"
        for hole in HOLES.findall(read.version)
        if hole not in known
    ]
    if reasons:
        raise malformed(TEMPLATE, name, reasons)
    return read


def spec_of(document: Component | Template) -> dict[str, Json]:
    """As it stands in a declarative document."""
    plain: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(document))
    return plain


def malformed(kind: str, name: str, reasons: list[str]) -> MalformedComponent:
    """The refusal of a document."""
    return MalformedComponent(
        f"{kind} {name[:80]!r} cannot be applied: {'; '.join(reasons[:20])}",
        remedy=Remedy("Correct the document; nothing of it was applied."),
        kind=kind,
        name=name[:80],
        reasons=reasons[:100],
    )


def _read(kind: str, name: str, spec: Mapping[str, Any], form: type[_Document]) -> _Document:
    if not NAME.match(name):
        raise malformed(kind, name, [BAD_NAME])
    known = frozenset(form.__struct_fields__)
    strange = sorted(set(spec) - known)
    if strange:
        key = strange[0]
        raise malformed(kind, name, [f"unknown key spec.{key[:40]}{nearest(key, known)}"])
    try:
        return msgspec.convert(spec, type=form)
    except msgspec.ValidationError as error:
        raise malformed(kind, name, [str(error)[:300]]) from None


def _places_faults(where: str, image: str, mirrors: tuple[str, ...]) -> Iterator[str]:
    yield from _image_faults(f"{where}image", image)
    if len(mirrors) > _MIRRORS_MAX:
        yield f"{where}mirrors: more than {_MIRRORS_MAX}"
    for one in mirrors[:_MIRRORS_MAX]:
        yield from _image_faults(f"{where}mirrors", one)
    if len({image, *mirrors}) <= len(mirrors):
        yield f"{where}mirrors: a repository stands there twice"


def _image_faults(where: str, image: str) -> Iterator[str]:
    try:
        found = parse_reference(image)
    except MalformedReference as error:
        yield f"{where}: {error}"
        return
    if found.tag is not None and image.endswith(f":{found.tag}"):
        yield f"{where}: the repository alone, without a tag"
    if found.digest is not None:
        yield f"{where}: the repository alone, without a digest"


def _rule_faults(where: str, rule: Rule) -> Iterator[str]:
    if not _PATTERN.match(rule.tag) or len(rule.tag) > _PATTERN_CHARACTERS_MAX:
        yield f"{where}.tag: it is like v{{version}} or {{version}}-alpine, * for anything"
    yield from _range_faults(f"{where}.range", rule.range)
    if len(rule.regex) > _PATTERN_CHARACTERS_MAX:
        yield f"{where}.regex: more than {_PATTERN_CHARACTERS_MAX} characters"
    elif rule.regex and not is_regex(rule.regex):
        yield f"{where}.regex: it is none, of those without look-around and back-references"


def _range_faults(where: str, text: str) -> Iterator[str]:
    if len(text) > _RANGE_CHARACTERS_MAX:
        yield f"{where}: more than {_RANGE_CHARACTERS_MAX} characters"
    elif text:
        try:
            npm_spans(text)
        except UnreadableConstraint as error:
            yield f"{where}: no range of semver: {str(error)[:200]}"
