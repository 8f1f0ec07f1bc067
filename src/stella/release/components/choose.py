"""Which of a repository's tags are versions of a component, and which of them is the newest."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from stella.advisory.affected import holds
from stella.advisory.constraint import npm_spans
from stella.advisory.versions import version_key
from stella.kernel import Remedy
from stella.release.components.model import Component, Pick, Rule
from stella.release.components.regex import found_in
from stella.release.errors import NoSuchVersion

SCHEME = "semver"
"""By which versions are compared."""
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
"""A tag by the specification of distribution; a registry may answer with anything."""
_ANY = "[A-Za-z0-9_.-]*?"
_VERSION = r"v?(?P<version>[0-9]+(?:\.[0-9]+){0,2}(?:-[0-9A-Za-z.-]+?)?)"


@dataclass(frozen=True, slots=True)
class Version:
    """A tag that is a version; or one that was told, which has no tag but a reference by digest."""

    tag: str
    version: str
    told: str = ""


def rule_of(component: Component, pick: Pick, name: str) -> Rule:
    """By which rule ``pick`` chooses. Raises NoSuchVersion for a channel that is not there."""
    if pick.range:
        rule = component.versions
        return msgspec.structs.replace(rule, range=pick.range)
    if not pick.channel:
        return component.versions
    if pick.channel not in component.channels:
        raise NoSuchVersion(
            f"{name} has no channel {pick.channel[:80]!r}",
            remedy=Remedy("Choose one of its channels.", command=f"stella component get {name}"),
            component=name,
            channels=sorted(component.channels),
        )
    return component.channels[pick.channel]


def versions_among(tags: Iterable[str], rule: Rule, told: Iterable[Version] = ()) -> list[Version]:
    """The newest first, by semver's precedence; of two tags for one version the shorter first.

    told: of which the rule allows some, too; a version that was told is no other by a tag.
    """
    allows = _allowing(rule)
    named = {_key(one.version): one for one in told if allows(one.version)}
    form = _form(rule.tag)
    is_meant = found_in(rule.regex) if rule.regex else None
    found = list(named.items())
    for tag in tags:
        if not _TAG.match(tag) or (is_meant is not None and not is_meant(tag)):
            continue
        hit = form.match(tag)
        version = hit["version"] if hit else ""
        if not allows(version) or _key(version) in named:
            continue
        found.append((_key(version), Version(tag, version)))
    found.sort(key=lambda pair: (len(pair[1].tag), pair[1].tag))
    found.sort(key=lambda pair: pair[0], reverse=True)  # keeps the order of those that are equal
    return [one for _, one in found]


def choose(
    component: Component,
    pick: Pick,
    name: str,
    tags: Iterable[str],
    by_hand: str = "",
    *,
    told: Iterable[Version] = (),
) -> Version:
    """The newest version that ``pick`` allows, or the one that was named ``by_hand``.

    tags: all that its repository has. told: versions that were told for this pick. Raises NoSuchVersion.
    """
    rule = rule_of(component, pick, name)
    if by_hand:
        form = rule if rule.image else component.versions
        beyond = versions_among(tags, Rule(form.tag, prereleases=True), told)
        known = [*versions_among(tags, rule, told), *beyond]
        fitting = [one for one in known if by_hand in {one.version, one.tag}]
    else:
        fitting = known = versions_among(tags, rule, told)
    if fitting:
        return fitting[0]
    what = f"version {by_hand[:80]!r}" if by_hand else "version that its rule allows"
    raise NoSuchVersion(
        f"{rule.image or component.image} has no {what}",
        remedy=Remedy("Look at its versions.", command=f"stella component versions {name}"),
        component=name,
        image=rule.image or component.image,
        known=[one.version for one in known[:5]],
    )


def _allowing(rule: Rule) -> Callable[[str], bool]:
    """Whether a rule allows a version; nothing is one that semver does not know."""
    spans = npm_spans(rule.range) if rule.range else ()

    def allows(version: str) -> bool:
        if not version or version_key(SCHEME, version) is None:
            return False
        if "-" in version and not rule.prereleases:
            return False
        return not spans or any(holds(SCHEME, span, version) for span in spans)

    return allows


def _key(version: str) -> Any:
    return version_key(SCHEME, version)


def _form(pattern: str) -> re.Pattern[str]:
    """A tag has 128 characters at most and a pattern two wildcards, so that no tag takes long."""
    parts = re.split(r"(\*+|\{version\})", pattern)
    text = "".join(
        _VERSION if part == "{version}" else _ANY if part.startswith("*") else re.escape(part)
        for part in parts
    )
    return re.compile(text + r"\Z")
