"""The smallest change that lets the policy pass: found in its objections, tried on the policy itself.

Each objection blocks by itself, so that all of them have to go: those to findings with a fixed version by
an upgrade of their package, to the lowest version that mends all of them; what is left then is what only a
waiver, another image or an operator can mend.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from stella.advisory import version_key
from stella.kernel import Outcome
from stella.policy import RuleResult
from stella.promotion.gates.waived import Waived
from stella.promotion.model import DecisionInput, Unblock, Upgrade, Waivable

Asked: TypeAlias = Callable[[Mapping[str, bytes]], Waived]
"""The policy, waivers heard, asked about other findings: platform digest -> findings document."""

# Types of purl that are named otherwise than the scheme by which their versions compare.
_SCHEMES = {
    "pypi": "pep440",
    "npm": "semver",
    "golang": "semver",
    "cargo": "semver",
    "hex": "semver",
    "pub": "semver",
    "swift": "semver",
    "bitnami": "semver",
}
_ROUNDS_MAX = 3
_LISTED_MAX = 200
_Place: TypeAlias = tuple[str, str]
"""A component's name, and the purl of a package in it."""


def smallest_change(
    given: DecisionInput, findings: Mapping[str, bytes], waived: Waived, asked: Asked
) -> Unblock:
    """What would let the policy pass, which has said ``waived`` of ``findings``."""
    mended: dict[_Place, list[Mapping[str, Any]]] = {}
    now = waived
    for _ in range(_ROUNDS_MAX):
        # What one rule hid from another comes to light when it is gone: so asked more than once.
        known = sum(map(len, mended.values()))
        for one in _open(now):
            if one.finding is not None and _is_new(one, mended):
                mended.setdefault(_place(one), []).append(one.finding)
        if sum(map(len, mended.values())) == known:
            break
        now = asked(_without(given, findings, mended))
    upgrades = [_upgrade(place, found) for place, found in sorted(mended.items())]
    waivable = sorted({_waivable(one) for one in _open(now) if _can_be_waived(one)}, key=_order)
    left = sorted({one.rule for one in _open(now) if not _can_be_waived(one)})
    more = max(len(upgrades) - _LISTED_MAX, 0) + max(len(waivable) - _LISTED_MAX, 0)
    return Unblock(
        upgrades=tuple(upgrades[:_LISTED_MAX]),
        waivable=tuple(waivable[:_LISTED_MAX]),
        left=tuple(left),
        verified=now.result.outcome.value,
        more=more,
    )


def _open(waived: Waived) -> list[RuleResult]:
    return [one for one in waived.result.rules if one.outcome is not Outcome.PASS]


def _is_new(one: RuleResult, mended: Mapping[_Place, list[Mapping[str, Any]]]) -> bool:
    """Whether an upgrade mends it that is not counted yet. What has no comparable fix is left."""
    finding = one.finding or {}
    if one.component is None or not all(finding.get(key) for key in ("id", "purl", "fixed")):
        return False
    before = mended.get(_place(one), [])
    if any(known["id"] == finding["id"] for known in before):
        return False
    return len({str(known["fixed"]) for known in (*before, finding)}) == 1 or (
        all(_key(known) is not None for known in (*before, finding))
    )


def _place(one: RuleResult) -> _Place:
    finding = one.finding or {}
    return one.component or "", str(finding.get("purl"))


def _key(finding: Mapping[str, Any]) -> Any:
    kind = str(finding["purl"]).removeprefix("pkg:").partition("/")[0]
    return version_key(_SCHEMES.get(kind, kind), str(finding["fixed"]))


def _upgrade(place: _Place, found: Iterable[Mapping[str, Any]]) -> Upgrade:
    listed = sorted(found, key=lambda one: str(one["id"]))
    fixes = {str(one["fixed"]) for one in listed}
    highest = listed[0] if len(fixes) == 1 else max(listed, key=_key)
    return Upgrade(
        component=place[0],
        package=str(highest.get("component", "")),
        purl=place[1],
        version=str(highest.get("version", "")),
        fixed=str(highest["fixed"]),
        findings=tuple(dict.fromkeys(str(one["id"]) for one in listed)),
    )


def _can_be_waived(one: RuleResult) -> bool:
    return one.component is not None or bool((one.finding or {}).get("id"))


def _waivable(one: RuleResult) -> Waivable:
    named = (one.finding or {}).get("id")
    return Waivable(
        rule=one.rule,
        component=one.component,
        finding=None if named is None else str(named),
        unknown=one.outcome is Outcome.UNKNOWN,
    )


def _order(one: Waivable) -> tuple[str, str, str, bool]:
    return one.rule, one.component or "", one.finding or "", one.unknown


def _without(
    given: DecisionInput,
    findings: Mapping[str, bytes],
    mended: Mapping[_Place, list[Mapping[str, Any]]],
) -> dict[str, bytes]:
    """The findings documents as they would be after the upgrades."""
    gone = {(*place, str(one["id"])) for place, found in mended.items() for one in found}
    left = dict(findings)
    for component in given.release.components:
        for scan in component.scans:
            if scan.digest not in left:
                continue
            read = msgspec.json.decode(left[scan.digest])
            read["findings"] = [
                one
                for one in read["findings"]
                if (component.name, str(one.get("purl")), str(one.get("id"))) not in gone
            ]
            left[scan.digest] = msgspec.json.encode(read)
    return left
