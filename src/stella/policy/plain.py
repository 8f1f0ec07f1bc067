"""Policies in plain YAML, for who does not write Rego: read strictly, then said in Rego.

What is stored, hashed, asked and replayed is the Rego: four files, three of them the same for all.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files as package_files
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from stella.kernel import Outcome, Remedy
from stella.policy.errors import MalformedPlainPolicy

Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,59}\Z")]
Words: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]
Texts: TypeAlias = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1, max_length=200)]],
    msgspec.Meta(min_length=1, max_length=500),
]
Starred: TypeAlias = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=r"^[^*\s][^*]*\*?\Z", max_length=100)]],
    msgspec.Meta(min_length=1, max_length=500),
]
_NAMED = "is one of those that are named"
_WORDS: Mapping[str, str | tuple[str, str]] = {
    "severityFrom": "is {} or worse",
    "knownExploited": ("is not known to be exploited", "is known to be exploited"),
    "fixAvailable": ("has no fix", "has a fix"),
    "fixKnownDays": "has a fix that is known for {} days",
    "epssAbove": "has an EPSS above {} thousandths",
    "reachable": ("is proven unreachable", "is reachable"),
    "mayBeReached": "is not proven unreachable",
    "packages": _NAMED,
    "packageTypes": _NAMED,
    "ids": _NAMED,
    "beginsAsRoot": "begins as root",
    "holdsSecrets": "holds secrets",
    "endOfLife": "gets no more updates",
    "scanOlderThanDays": "was scanned more than {} days ago",
    "advisoriesOlderThanDays": "was matched against advisories of more than {} days ago",
    "baseOlderThanDays": "is built on an image that was made more than {} days ago",
    "incomplete": "could not be read as a whole",
    "licenceDenied": "holds packages under a licence that is denied",
    "licenceNotAmong": "holds packages under a licence that is not allowed",
    "noTicket": "names no change ticket",
    "ticketNotApproved": "has a change ticket that is not approved",
    "ticketOlderThanMinutes": "has a change ticket that was looked up more than {} minutes ago",
    "outsideTicketWindow": "is not within the planned time of its change ticket",
    "ticketOfOtherImages": "has a change ticket that stands for other images",
    "testsNotPassed": "has not passed the tests that it must",
}
"""For false and true where there are two."""
_RESERVED = frozenset({"scan", "unmatched", "policy"})


class _Part(
    msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    pass


class FindingConditions(_Part, frozen=True):
    """All of them have to hold for an objection to a finding. epss_above: in thousandths.

    fix_known_days: a fix is known for so many days or more. reachable: of what nobody could tell it is
    unknown. may_be_reached: holds for that too, and for what is reachable.
    """

    severity_from: Literal["low", "medium", "high", "critical"] | None = None
    known_exploited: bool | None = None
    fix_available: bool | None = None
    fix_known_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] | None = None
    epss_above: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    reachable: bool | None = None
    may_be_reached: Literal[True] | None = None
    packages: Texts | None = None
    package_types: Texts | None = None
    ids: Texts | None = None


class ImageConditions(_Part, frozen=True):
    """All of them have to hold for an objection to an image.

    licence_denied, licence_not_among: SPDX ids, each perhaps with a star at its end. tests_not_passed:
    suites, likewise; warnings alone are no pass.
    """

    begins_as_root: Literal[True] | None = None
    holds_secrets: Literal[True] | None = None
    end_of_life: Literal[True] | None = None
    scan_older_than_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] | None = None
    advisories_older_than_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] | None = None
    base_older_than_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] | None = None
    incomplete: Literal[True] | None = None
    licence_denied: Starred | None = None
    licence_not_among: Starred | None = None
    tests_not_passed: Starred | None = None


class PromotionConditions(_Part, frozen=True):
    """All of them have to hold for an objection to the promotion. of what nobody knows it is unknown.

    ticket_of_other_images: its change ticket stands for a promotion of other images too.
    """

    no_ticket: Literal[True] | None = None
    ticket_not_approved: Literal[True] | None = None
    ticket_older_than_minutes: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | None = None
    outside_ticket_window: Literal[True] | None = None
    ticket_of_other_images: Literal[True] | None = None


class PlainRule(_Part, frozen=True):
    """One rule. at_most: so many objections are let pass; one more, and all of them count."""

    name: Name
    findings: FindingConditions | None = None
    images: ImageConditions | None = None
    promotion: PromotionConditions | None = None
    outcome: Literal["blocked", "unknown"] = "blocked"
    at_most: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    message: Words = ""
    fix: Words = ""


class PlainTest(_Part, frozen=True):
    """One release of one image, and what rules say of it. findings, image: as the reference has them.

    licences: what a package states, one for each. tests: suite -> its signed result. ticket: what is
    not as with an approved one. unread: paths. feeds: when each was asked last. fix_known_since: of
    every finding that has a fix. base_made: when what it is built on was made. Each is not told where
    it is left out.
    """

    name: Words
    expect: dict[str, Outcome]
    findings: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=100)] = []
    image: dict[str, Any] | None = None
    lifetime: dict[str, Any] | None = None
    licences: list[str] | None = None
    tests: dict[str, Literal["PASSED", "WARNED", "FAILED"]] | None = None
    ticket: dict[str, Any] | None = None
    unread: list[str] | None = None
    feeds: dict[str, str] = {}
    fix_known_since: str | None = None
    base_made: str | None = None


class PlainPolicy(_Part, frozen=True):
    """What ``spec`` of a document of kind Policy holds, where it is no Rego."""

    rules: Annotated[list[PlainRule], msgspec.Meta(min_length=1, max_length=100)]
    unmatched: Literal["unknown", "blocked", "pass"] = "unknown"
    vex: Literal["honour", "ignore"] = "honour"
    headers_only: Literal["pass", "judge"] = "pass"
    licence_unknown: Literal["unknown", "pass"] = "unknown"
    test_result_by: Literal["signed"] | Starred = "signed"
    tests: Annotated[list[PlainTest], msgspec.Meta(max_length=200)] = []


def read_plain(spec: Mapping[str, Any]) -> PlainPolicy:
    """The policy that ``spec`` describes. Raises MalformedPlainPolicy with the place."""
    try:
        read = msgspec.convert(spec, type=PlainPolicy)
    except (msgspec.ValidationError, RecursionError) as error:
        raise malformed(str(error)) from None
    names = [rule.name for rule in read.rules]
    for rule in read.rules:
        if rule.name in _RESERVED or names.count(rule.name) > 1:
            raise malformed(f"a rule cannot be named {rule.name!r}, or not twice")
        if sum(one is not None for one in _kinds(rule).values()) != 1:
            raise malformed(f"the rule {rule.name} needs one of findings, images and promotion")
        if not _conditions(rule)[1]:
            raise malformed(
                f"the rule {rule.name} has no condition, so that it would object to all"
            )
    return read


def plain_files(policy: PlainPolicy) -> dict[str, str]:
    """The same policy in Rego: file name -> text. The same policy makes the same bytes."""
    said = {
        "rules": [_said(rule) for rule in policy.rules],
        "unmatched": policy.unmatched,
        "vex": policy.vex,
        "headersOnly": policy.headers_only,
        "licenceUnknown": policy.licence_unknown,
        "testResultBy": policy.test_result_by,
    }
    value = json.dumps(said, indent="\t", sort_keys=True)
    folder = package_files("stella.policy")
    return {
        "licence_terms.rego": (folder / "starter" / "licence_terms.rego").read_text("utf-8"),
        "plain.rego": (folder / "plain_rego" / "plain.rego").read_text("utf-8"),
        "test_terms.rego": (folder / "starter" / "test_terms.rego").read_text("utf-8"),
        "rules.rego": f"package stella.policy\n\nimport rego.v1\n\nplain := {value}\n",
    }


def _said(rule: PlainRule) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": rule.name,
        "outcome": rule.outcome,
        "atMost": rule.at_most,
        "message": rule.message,
        "fix": rule.fix,
        "says": ", ".join(dict.fromkeys(_words(rule))),
    }
    key, conditions = _conditions(rule)
    return said | {key: conditions}


def _kinds(rule: PlainRule) -> dict[str, msgspec.Struct | None]:
    return {"findings": rule.findings, "images": rule.images, "promotion": rule.promotion}


def _conditions(rule: PlainRule) -> tuple[str, dict[str, Any]]:
    """Of what they are, and the conditions themselves."""
    ((key, one),) = [(key, one) for key, one in _kinds(rule).items() if one is not None]
    return key, msgspec.to_builtins(one)


def _words(rule: PlainRule) -> Iterator[str]:
    """What is objected to, as a sentence goes on after the name of a finding or an image."""
    for key, wanted in _conditions(rule)[1].items():
        words = _WORDS[key]
        yield words.format(wanted) if isinstance(words, str) else words[bool(wanted)]


def malformed(why: str) -> MalformedPlainPolicy:
    """The refusal of a policy in plain YAML: why."""
    return MalformedPlainPolicy(
        f"the policy cannot be read: {why}",
        remedy=Remedy("See docs/reference/policy-pack.schema.json for what it may hold."),
    )
