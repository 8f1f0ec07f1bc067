"""Declarative documents -> environments and targets. Unknown keys are refused with the nearest."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from stella.environment.errors import HostNotPinned, MalformedDocument
from stella.environment.model import (
    ApprovalRule,
    Automatic,
    BreakGlassRule,
    Environment,
    Excluded,
    Pick,
    PromotionRules,
    Soak,
    StepUse,
    Target,
)
from stella.environment.oncall.model import PREFIX
from stella.kernel import Json, Remedy, StellaError, parse_time, time_text
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.plugin.reached import Reach, WinrmLogin, reach_faults, read_reach, unpinned
from stella.release.variables.model import LABEL

API_VERSION = "stella/v1"
_TOP = frozenset({"apiVersion", "kind", "name", "spec"})
_RULES_MAX = 20
_RULE_CHARACTERS_MAX = 80
_APPROVERS_MAX = 50
_COUNT_MAX = 20
_EXPIRY_HOURS_MAX = 8760
_STEPS_MAX = 20
_LABELS_MAX = 50
_REAUTHENTICATE_MINUTES_MAX = 1440
BREAK_GLASS_HOURS_MAX = 4


class _When(msgspec.Struct, forbid_unknown_fields=True):
    severity: Literal["low", "medium", "high", "critical"] = msgspec.field(name="findingsWorsened")


class _Rule(msgspec.Struct, forbid_unknown_fields=True):
    rule: str
    approvers: list[str]
    count: int = 1
    exclude: list[Excluded] = msgspec.field(default_factory=lambda: [Excluded.REQUESTER])
    expires_after_h: int | None = msgspec.field(default=None, name="expiresAfter")
    after: str | None = None
    when: _When | None = None


class _Step(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    step: str
    inputs: dict[str, Any] = msgspec.field(default_factory=dict, name="with")


class _Steps(msgspec.Struct, forbid_unknown_fields=True):
    before: list[_Step] = []
    after: list[_Step] = []


class _Soak(msgspec.Struct, forbid_unknown_fields=True):
    hours: int
    where: str | None = msgspec.field(default=None, name="in")


class _BreakGlass(msgspec.Struct, forbid_unknown_fields=True):
    by: list[str]
    hours_max: int = msgspec.field(default=1, name="hoursMax")


class _Reauthenticate(msgspec.Struct, forbid_unknown_fields=True):
    minutes: int = 15


class _Automatic(msgspec.Struct, forbid_unknown_fields=True):
    after: str | None = msgspec.field(default=None, name="from")
    pick: Pick = Pick.NEWEST
    phases: bool = False


class _Promotions(msgspec.Struct, forbid_unknown_fields=True):
    expires_after_h: int | None = msgspec.field(default=None, name="expiresAfter")
    supersede: Literal["none", "older"] = "none"
    automatic: _Automatic | None = None


class _Environment(msgspec.Struct, forbid_unknown_fields=True):
    after: str | None = None
    policy: str = "starter"
    parameters: dict[str, Any] = {}
    approvals: list[_Rule] = []
    steps: _Steps = msgspec.field(default_factory=_Steps)
    soak: _Soak | None = None
    break_glass: _BreakGlass | None = msgspec.field(default=None, name="breakGlass")
    promotions: _Promotions = msgspec.field(default_factory=_Promotions)
    ends_at: str | None = msgspec.field(default=None, name="endsAt")
    reauthenticate: _Reauthenticate | None = None


class _Hop(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    host: str
    user: str
    host_key: str = ""
    port: int = 22
    key: str | None = None
    password: str | None = None
    passphrase: str | None = None


class _Ssh(_Hop, forbid_unknown_fields=True, rename="camel"):
    sudo: bool = False
    jump: list[_Hop] = []


class _Winrm(msgspec.Struct, forbid_unknown_fields=True):
    host: str
    user: str
    password: str
    certificate: str = ""
    port: int = 5986
    login: WinrmLogin = WinrmLogin.NTLM


class _Reach(msgspec.Struct, forbid_unknown_fields=True):
    ssh: _Ssh | None = None
    winrm: _Winrm | None = None


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    environment: str
    connector: str
    agent: str
    project: str
    components: list[str] = []
    config: dict[str, Any] = {}
    labels: dict[str, str] = {}
    reach: _Reach | None = None


Form = TypeVar("Form", bound=msgspec.Struct)


def parse_environment(name: str, spec: Mapping[str, Json]) -> Environment:
    """Raises MalformedDocument."""
    read = read_spec("Environment", name, spec, _Environment)
    if len(read.approvals) > _RULES_MAX:
        raise malformed("Environment", name, f"more than {_RULES_MAX} approval rules")
    rules = tuple(_rule(name, one) for one in read.approvals)
    if len({one.rule for one in rules}) != len(rules):
        raise malformed("Environment", name, "two approval rules have the same name")
    _refuse_endless_wait(name, rules)
    for phase, listed in (("before", read.steps.before), ("after", read.steps.after)):
        if len(listed) > _STEPS_MAX:
            raise malformed("Environment", name, f"more than {_STEPS_MAX} steps {phase}")
    return Environment(
        name,
        read.after,
        read.policy,
        read.parameters,
        rules,
        tuple(StepUse(one.name, one.step, one.inputs) for one in read.steps.before),
        tuple(StepUse(one.name, one.step, one.inputs) for one in read.steps.after),
        _soak(name, read),
        _break_glass(name, read.break_glass),
        _promotions(name, read),
        _ends_at(name, read.ends_at),
        _reauthenticate(name, read.reauthenticate),
    )


def parse_target(name: str, spec: Mapping[str, Json]) -> Target:
    """Raises MalformedDocument, HostNotPinned."""
    read = read_spec("Target", name, spec, _Target)
    for key, value in (("project", read.project), ("agent", read.agent)):
        if not NAME.match(value):
            raise malformed("Target", name, f"{key} {value[:80]!r} is no name")
    for key, value in read.labels.items():
        if not LABEL.match(f"{key}={value}"):
            raise malformed("Target", name, f"{key[:80]}={value[:80]} is no label")
    if len(read.labels) > _LABELS_MAX:
        raise malformed("Target", name, f"more than {_LABELS_MAX} labels")
    return Target(
        name=name,
        environment=read.environment,
        connector=read.connector,
        agent=read.agent,
        project=read.project,
        components=tuple(sorted(set(read.components))),
        config=read.config,
        labels=dict(sorted(read.labels.items())),
        reach=_reach(name, read.reach),
    )


def checked_document(document: Mapping[str, Json]) -> tuple[str, str, Mapping[str, Json]]:
    """Kind, name and specification of one document. Raises MalformedDocument."""
    if not isinstance(document, Mapping):
        raise malformed("document", "", "it is no mapping of keys")
    unknown = sorted(set(document) - _TOP)
    if unknown:
        raise malformed("document", "", f"unknown key {unknown[0]!r}{nearest(unknown[0], _TOP)}")
    kind, name, spec = document.get("kind"), document.get("name"), document.get("spec")
    if document.get("apiVersion") != API_VERSION:
        raise malformed("document", str(name or ""), f"apiVersion must be {API_VERSION!r}")
    if not isinstance(kind, str) or not isinstance(name, str) or not isinstance(spec, Mapping):
        raise malformed("document", str(name or ""), "it needs kind, name and spec")
    return kind, name, spec


def read_spec(kind: str, name: str, spec: Mapping[str, Json], form: type[Form]) -> Form:
    """A specification as its form says, under a name that may be one. Raises MalformedDocument."""
    checked_name(kind, name)
    known = frozenset(form.__struct_encode_fields__)
    for key in sorted(set(spec) - known)[:1]:
        raise malformed(kind, name, f"unknown key spec.{key[:40]}{nearest(key, known)}")
    try:
        return msgspec.convert(spec, type=form)
    except msgspec.ValidationError as error:
        raise malformed(kind, name, str(error)[:300]) from None


def checked_name(kind: str, name: str) -> None:
    """Return where ``name`` may be a name. Raises MalformedDocument."""
    if not NAME.match(name):
        raise malformed(kind, name[:80], BAD_NAME)


def malformed(kind: str, name: str, why: str) -> MalformedDocument:
    """The refusal of a document."""
    return MalformedDocument(
        f"{kind} {name!r} cannot be applied: {why}".replace("document ''", "a document"),
        remedy=Remedy("Correct the document; nothing of it was applied."),
        kind=kind,
        name=name,
    )


def _reach(target: str, read: _Reach | None) -> Reach | None:
    """Raises MalformedDocument with everything against it, HostNotPinned."""
    if read is None:
        return None
    reach = read_reach(msgspec.to_builtins(read))
    faults = list(reach_faults(reach))
    if faults:
        raise malformed("Target", target, "; ".join(faults))
    strangers = unpinned(reach)
    if strangers:
        what, key, option = (
            ("host key", "hostKey", "")
            if reach.ssh is not None
            else ("certificate", "certificate", " --winrm")
        )
        raise HostNotPinned(
            f"the target {target} pins no {what} of {', '.join(strangers)}: whoever answers there"
            " would be believed",
            remedy=Remedy(
                f"Read it, compare it with the one on the host itself, and give it as {key}.",
                f"stella target host-key {strangers[0]}{option}",
            ),
            target=target,
            hosts=list(strangers),
        )
    return reach


def _ends_at(name: str, text: str | None) -> str | None:
    """When it is over, as facts write times."""
    if text is None:
        return None
    try:
        return time_text(parse_time(text))
    except StellaError:
        why = "endsAt is a time like 2030-12-20T18:00:00Z"
        raise malformed("Environment", name, why) from None


def _soak(name: str, read: _Environment) -> Soak | None:
    """Where it is left out, a release soaks in the environment before."""
    if read.soak is None:
        return None
    where = read.soak.where or read.after
    if where is None or where == name:
        raise malformed("Environment", name, "soak.in names another environment, to soak in")
    if not 0 < read.soak.hours <= _EXPIRY_HOURS_MAX:
        raise malformed("Environment", name, f"soak.hours is from 1 to {_EXPIRY_HOURS_MAX}")
    return Soak(where, read.soak.hours)


def _break_glass(name: str, read: _BreakGlass | None) -> BreakGlassRule | None:
    """Who could, and for how long; off where it is left out."""
    if read is None:
        return None
    if not 0 < len(read.by) <= _APPROVERS_MAX:
        raise malformed("Environment", name, "breakGlass.by names nobody, or too many")
    if not all(0 < len(word) <= _RULE_CHARACTERS_MAX for word in read.by):
        why = f"names in breakGlass.by have 1 to {_RULE_CHARACTERS_MAX} characters"
        raise malformed("Environment", name, why)
    if any(word.startswith(PREFIX) for word in read.by):
        raise malformed("Environment", name, f"breakGlass.by names people and roles, no {PREFIX}")
    if not 0 < read.hours_max <= BREAK_GLASS_HOURS_MAX:
        raise malformed("Environment", name, f"breakGlass.hoursMax is 1 to {BREAK_GLASS_HOURS_MAX}")
    return BreakGlassRule(tuple(read.by), read.hours_max)


def _reauthenticate(name: str, read: _Reauthenticate | None) -> int | None:
    """For how many minutes a proof counts; not asked for where it is left out."""
    if read is not None and not 0 < read.minutes <= _REAUTHENTICATE_MINUTES_MAX:
        why = f"reauthenticate.minutes is from 1 to {_REAUTHENTICATE_MINUTES_MAX}"
        raise malformed("Environment", name, why)
    return None if read is None else read.minutes


def _promotions(name: str, read: _Environment) -> PromotionRules:
    hours = read.promotions.expires_after_h
    if hours is not None and not 0 < hours <= _EXPIRY_HOURS_MAX:
        why = f"promotions.expiresAfter is from 1 to {_EXPIRY_HOURS_MAX} hours"
        raise malformed("Environment", name, why)
    supersedes_older = read.promotions.supersede == "older"
    return PromotionRules(hours, supersedes_older, _automatic(name, read))


def _automatic(name: str, read: _Environment) -> Automatic | None:
    """From the environment before alone, as the order of environments lets nothing in of any other; or
    from all of the phases before.
    """
    asked = read.promotions.automatic
    if asked is None:
        return None
    if asked.phases:
        if asked.after is not None or asked.pick is not Pick.NEWEST:
            why = "promotions.automatic: by phases the newest is taken, from no one environment"
            raise malformed("Environment", name, why)
        return Automatic(None, asked.pick)
    if read.after is None or asked.after not in {None, read.after}:
        why = (
            f"promotions.automatic.from is the environment before this one, {read.after or 'none'}"
        )
        raise malformed("Environment", name, why)
    return Automatic(read.after, asked.pick)


def _rule(environment: str, rule: _Rule) -> ApprovalRule:
    words = (rule.rule, *rule.approvers)
    if not all(0 < len(word) <= _RULE_CHARACTERS_MAX for word in words):
        why = f"names in approval rules have 1 to {_RULE_CHARACTERS_MAX} characters"
        raise malformed("Environment", environment, why)
    if PREFIX in rule.approvers:
        raise malformed("Environment", environment, f"the rule {rule.rule!r}: {PREFIX} and a name")
    if not 0 < rule.count <= _COUNT_MAX:
        raise malformed("Environment", environment, f"the rule {rule.rule!r} counts {rule.count}")
    if not 0 < len(rule.approvers) <= _APPROVERS_MAX:
        raise malformed("Environment", environment, f"the rule {rule.rule!r} names no approvers")
    if rule.expires_after_h is not None and not 0 < rule.expires_after_h <= _EXPIRY_HOURS_MAX:
        why = f"the rule {rule.rule!r} expires after 1 to {_EXPIRY_HOURS_MAX} hours"
        raise malformed("Environment", environment, why)
    return ApprovalRule(
        rule=rule.rule,
        approvers=tuple(rule.approvers),
        count=rule.count,
        exclude=tuple(sorted(set(rule.exclude))),
        expires_after_h=rule.expires_after_h,
        after=rule.after,
        worsened=rule.when.severity if rule.when else None,
    )


def _refuse_endless_wait(environment: str, rules: tuple[ApprovalRule, ...]) -> None:
    """Return where each rule waits for one that is there, and none for itself in the end."""
    after = {one.rule: one.after for one in rules}
    for one in rules:
        at, seen = one.after, {one.rule}
        while at is not None:
            if at not in after:
                why = f"the rule {one.rule!r} waits for {at[:80]!r}, which is no rule here"
                raise malformed("Environment", environment, why)
            if at in seen:
                why = f"the rule {one.rule!r} waits for itself in the end"
                raise malformed("Environment", environment, why)
            seen.add(at)
            at = after[at]
