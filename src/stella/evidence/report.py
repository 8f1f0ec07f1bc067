"""The human report of a packet: who, what, why, how, when. One page, no outside parts, printable.

It is made from the other entries alone, so that verifying makes it again and compares. A form once
released never changes: what looks different is a new form beside it.
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from stella.evidence import names
from stella.evidence.html import code as _code
from stella.evidence.html import items, look, text, texts
from stella.evidence.html import state as _state
from stella.evidence.html import table as _table
from stella.evidence.html import time as _time
from stella.evidence.report_relied import banner, let_pass
from stella.evidence.report_take_down import take_down_head, take_down_sections
from stella.evidence.report_vex import vex_of
from stella.kernel import Digest, Json

REPORT_FORM = 1
STEPS_FORM = 2
"""As ``REPORT_FORM``, with the steps: of a deployment that has any, or whose plan has."""
UNDO_FORM = 3
"""As ``STEPS_FORM``, with the steps that were taken back: of a deployment that has any."""
VEX_FORM = 4
"""As ``UNDO_FORM``, with what VEX settled and by whose word: where any was weighed."""
RELIED_FORM = 5
"""As ``VEX_FORM``, with what people let pass: of a decision that proves that, where they did."""
TAKE_DOWN_FORM = 6
"""Of a take-down, which has a page of its own."""
REPORT_FORMS = frozenset(
    {REPORT_FORM, STEPS_FORM, UNDO_FORM, VEX_FORM, RELIED_FORM, TAKE_DOWN_FORM}
)

_LOG_LINES_MAX = 200
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}h1{font-size:1.6rem;margin-bottom:.2rem}h2{margin-top:2.2rem;"
    "border-bottom:1px solid #d0d7de;font-size:1.15rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;"
    "border-bottom:1px solid #eaeef2}th{font-weight:600}code,pre{font:12.5px/1.45 ui-monospace,"
    "monospace;overflow-wrap:anywhere}time{white-space:nowrap}table+table{margin-top:1rem}pre{background:#f6f8fa;padding:.7rem;white-space:pre-wrap}"
    ".state{font-weight:700}.pass{color:#1a7f37}.blocked{color:#b35900}.bad{color:#b42318}"
    ".simulated{background:#fff4d6;padding:.6rem;border:1px solid #d4a72c}"
    "@media print{body{margin:0;max-width:none}h2,tr{break-inside:avoid}}"
)


def report_form(entries: Mapping[str, bytes]) -> int:
    """The form in which a new packet of these entries is told: the oldest that tells all of it."""
    if names.TAKE_DOWN in entries:
        return TAKE_DOWN_FORM
    told = _Told(entries)
    if look(told.record, "proof") is not None and let_pass(told.given, told.record, told.person):
        return RELIED_FORM
    if any(name.startswith(names.VEX) for name in entries):
        return VEX_FORM
    if items(look(told.deployment, "stepsUndone")):
        return UNDO_FORM
    planned = look(told.document(names.DEPLOYMENT_PLAN), "steps")
    return STEPS_FORM if items(planned) else REPORT_FORM


def render_report(entries: Mapping[str, bytes], about: Mapping[str, Json], form: int) -> bytes:
    """``report.html`` of these entries, in a form of this or an earlier release.

    Tolerant: what is missing or malformed is left out here and found by the verification.
    """
    assert form in REPORT_FORMS, form
    told = _Told(entries)
    if form == TAKE_DOWN_FORM:
        head = take_down_head(told.document(names.TAKE_DOWN), about)
        listed = take_down_sections(told.document, entries, told.person, about)
    else:
        head = _headline(told, about) + (banner(told.record) if form >= RELIED_FORM else "")
        listed = _sections(told, entries, about, form)
    sections = [f"<section><h2>{title}</h2>\n{body}</section>\n" for title, body in listed]
    title = escape(text(about.get("name")))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>\n"
        f"{head}{''.join(sections)}</body></html>\n"
    ).encode("utf-8", "replace")


def _sections(
    told: "_Told", entries: Mapping[str, bytes], about: Mapping[str, Json], form: int
) -> list[tuple[str, str]]:
    return [
        ("Who", _who(told, form)),
        ("What", _what(told)),
        ("Why", _why(told, form)),
        ("How", _how(told, form)),
        ("When", _when(told, about)),
        ("What this rests on", _rests_on(entries)),
    ]


class _Told:
    """The entries as far as they can be read."""

    def __init__(self, entries: Mapping[str, bytes]) -> None:
        self.entries = entries
        self.given = self.document(names.DECISION_INPUT)
        self.record = self.document(names.DECISION_RECORD)
        self.deployment = self.document(names.DEPLOYMENT)
        self.people = {
            text(look(person, "id")): person for person in items(self.document(names.PEOPLE))
        }

    def document(self, name: str) -> Any:
        try:
            return json.loads(self.entries.get(name, b"null"))
        except (ValueError, RecursionError):
            return None

    def under(self, folder: str, ending: str) -> list[tuple[str, str]]:
        """(whole name, its middle) of the entries in ``folder`` that end so, in order."""
        return [
            (name, name.removeprefix(folder).removesuffix(ending))
            for name in sorted(self.entries)
            if name.startswith(folder) and name.endswith(ending)
        ]

    def person(self, value: Any) -> str:
        """Somebody's name, roles and id, from the value itself or from ``people.json``."""
        who = value if isinstance(value, dict) else self.people.get(text(value), {"id": value})
        name, roles = text(look(who, "name")), ", ".join(texts(look(who, "roles")))
        known = escape(name + (f" ({roles})" if roles else ""))
        return f"{known} <code>{escape(text(look(who, 'id')))}</code>".strip()


def _headline(told: _Told, about: Mapping[str, Json]) -> str:
    release = look(told.record, "release") or look(told.given, "release")
    what = f"{text(look(release, 'name'))} {text(look(release, 'version'))}".strip()
    where = text(look(told.given, "environment", "name"))
    ended = text(look(told.deployment, "state")) or text(look(told.record, "outcome"))
    kind = "Deployment" if about.get("kind") == "deployment" else "Promotion"
    lines = [f"<h1>{kind} of {escape(what or 'a release')} to {escape(where or 'nowhere')}</h1>\n"]
    if about.get("simulated") is not False:
        lines.append(
            '<p class="simulated"><strong>Simulated.</strong> No real host was changed.</p>\n'
        )
    lines.append(
        f"<p>{_state(ended or 'not decided')} &middot; <code>{escape(text(about.get('subject')))}"
        "</code></p>\n"
    )
    return "".join(lines)


def _who(told: _Told, form: int) -> str:
    rows = [("asked for it", told.person(look(told.given, "requestedBy")), "")]
    counted = {text(look(one, "id")): one for one in items(look(told.record, "approvals"))}
    for approval in items(look(told.given, "approvals")):
        verdict = counted.get(text(look(approval, "id")))
        rule, why_not = text(look(verdict, "rule")), text(look(verdict, "whyNot"))
        counts = f"for {rule}{_on_call(verdict)}" if rule else f"does not count: {why_not}"
        said = text(look(approval, "comment"))
        told_by = told.person(look(approval, "by"))
        rows.append(("approved", told_by, escape(f"{counts}. {said}".strip())))
    started_by = look(told.deployment, "requestedBy")
    if started_by is not None:
        rows.append(("deployed for", told.person(started_by), ""))
    carried_out = [
        (
            "executed",
            f"agent {_code(look(one, 'agent'))}",
            escape(f"on {text(look(one, 'target'))}"),
        )
        for one in items(look(told.deployment, "targets"))
    ]
    # An agent that undid what it had done is named once.
    table = _table(("", "", ""), [*rows, *dict.fromkeys(carried_out)])
    if form >= RELIED_FORM:
        table += "".join(let_pass(told.given, told.record, told.person))
    return table


def _on_call(verdict: Json) -> str:
    """By which shift it counts; nothing where it counts by name or role."""
    shift = look(verdict, "onCall")
    if shift is None:
        return ""
    until = text(look(shift, "endsAt"))
    since = f"since {text(look(shift, 'startsAt'))}" + (f" until {until}" if until else "")
    return f", on call for {text(look(shift, 'schedule'))} {since}"


def _what(told: _Told) -> str:
    release, environment = look(told.given, "release"), look(told.given, "environment")
    facts = [
        ("Release", escape(f"{text(look(release, 'name'))} {text(look(release, 'version'))}")),
        ("Release digest", _code(look(release, "digest"))),
        ("Environment", escape(text(look(environment, "name")))),
        ("Configuration", _code(look(environment, "configuration"))),
        ("Plan digest", _code(look(told.record, "planDigest"))),
        ("Rollback", escape(text(look(told.given, "rollback")))),
    ]
    rows = []
    for component in items(look(release, "components")):
        scans = [
            f"{escape(text(look(scan, 'platform')))} {_code(look(scan, 'digest'))}<br>"
            + escape(_findings(told, scan))
            for scan in items(look(component, "scans"))
        ]
        name = escape(text(look(component, "name")))
        rows.append((name, _code(look(component, "digest")), "<br>".join(scans)))
    return _table(("", ""), facts) + _table(("Component", "Image digest", "Platform images"), rows)


def _findings(told: _Told, scan: Any) -> str:
    platform = text(look(scan, "digest")).removeprefix("sha256:")
    document = told.document(f"{names.FINDINGS}{platform}.json")
    if document is None:
        return f"no findings document: scan {text(look(scan, 'state')) or 'missing'}"
    counts: dict[str, int] = {}
    for finding in items(look(document, "findings")):
        severity = text(look(finding, "severity")) or "unknown"
        counts[severity] = counts.get(severity, 0) + 1
    order = ("critical", "high", "medium", "low", "none", "unknown")
    listed = [f"{counts[name]} {name}" for name in order if name in counts]
    return "findings: " + (", ".join(listed) or "none")


def _why(told: _Told, form: int) -> str:
    parts = [f"<p>{escape(text(look(told.given, 'reason')))}</p>\n"]
    gates = items(look(told.record, "gates"))
    rows = [
        (
            escape(text(look(gate, "name"))),
            _state(text(look(gate, "state"))),
            escape(text(look(gate, "summary"))),
            escape(text(look(gate, "unblocks"))),
        )
        for gate in gates
    ]
    parts.append(_table(("Gate", "State", "Summary", "What unblocks it"), rows))
    reasons = [reason for gate in gates for reason in items(look(gate, "reasons"))]
    if reasons:
        parts.append(_table(("Rule", "Reason", "Fix"), map(_reason, reasons)))
    if form >= VEX_FORM:
        documents = [told.document(name) for name, _ in told.under(names.FINDINGS, ".json")]
        parts += vex_of(documents)
    return "".join(parts)


def _reason(reason: Any) -> tuple[str, str, str]:
    finding = look(reason, "finding")
    why = look(finding, "why")
    trail = [
        text(look(finding, "id")),
        text(look(why, "package")) or text(look(finding, "purl")),
        *texts(look(why, "paths")),
        text(look(why, "layer")),
    ]
    shown = " &rarr; ".join(_code(step) for step in trail if step)
    message = escape(text(look(reason, "message"))) + (f"<br>{shown}" if shown else "")
    return escape(text(look(reason, "rule"))), message, escape(text(look(reason, "fix")))


def _how(told: _Told, form: int) -> str:
    parts = _steps(told) if form >= STEPS_FORM else []
    parts += _undone(told) if form >= UNDO_FORM else []
    for target in items(look(told.document(names.DEPLOYMENT_PLAN), "targets")):
        name, connector = text(look(target, "target")), text(look(target, "connector"))
        rows = [
            (
                escape(text(look(action, "verb"))),
                escape(text(look(action, "subject"))),
                _code(" ".join(texts(look(action, "argv")))),
            )
            for action in items(look(target, "actions"))
        ]
        parts.append(f"<h3>Plan for {escape(name)} ({escape(connector)})</h3>\n")
        parts.append(_table(("Step", "Of", "Command"), rows))
    parts += _outcomes(told)
    for name, target_name in told.under(names.LOGS, ".log"):
        lines = told.entries[name].decode("utf-8", "replace").splitlines()
        left_out = len(lines) - _LOG_LINES_MAX
        note = f" (the last {_LOG_LINES_MAX} of {len(lines)} lines)" if left_out > 0 else ""
        log = escape("\n".join(lines[-_LOG_LINES_MAX:]))
        parts.append(f"<h3>Log of {escape(target_name)}{note}</h3>\n<pre>{log}</pre>\n")
    return "".join(parts) or "<p>Nothing was executed.</p>\n"


def _steps(told: _Told) -> list[str]:
    """What was planned before and after the targets, and how each step ended."""
    ended = {text(look(one, "name")): one for one in items(look(told.deployment, "steps"))}
    rows = []
    for step in items(look(told.document(names.DEPLOYMENT_PLAN), "steps")):
        name = text(look(step, "name"))
        run = ended.get(name)
        inputs = json.dumps(look(step, "inputs"), ensure_ascii=False, sort_keys=True)
        brought = f"{text(look(step, 'plugin'))} {text(look(step, 'version'))}"
        said = text(look(run, "summary")) or text(look(run, "message"))
        rows.append(
            (
                escape(f"{text(look(step, 'phase'))} the targets"),
                escape(name),
                f"{escape(text(look(step, 'step')))}<br>{escape(brought)}<br>{_code(inputs)}",
                _state(text(look(run, "state")) or "not begun"),
                escape(text(look(run, "attempts"))),
                escape(said),
                _time(look(run, "endedAt")),
            )
        )
    heads = ("When", "Name", "Step", "Ended", "Attempts", "Message", "Ended at")
    return [f"<h3>Steps</h3>\n{_table(heads, rows)}"] if rows else []


def _undone(told: _Told) -> list[str]:
    """What steps had done and was taken back, in the order in which that was done."""
    rows = [
        (
            escape(text(look(one, "name"))),
            escape(text(look(one, "step"))),
            _state(text(look(one, "state"))),
            escape(text(look(one, "attempts"))),
            escape(text(look(one, "message"))),
            _time(look(one, "endedAt")),
        )
        for one in items(look(told.deployment, "stepsUndone"))
    ]
    heads = ("Name", "Step", "Ended", "Attempts", "Message", "Ended at")
    return [f"<h3>Steps taken back</h3>\n{_table(heads, rows)}"] if rows else []


def _outcomes(told: _Told) -> list[str]:
    """How each target ended, what was generated for it, and what ran there afterwards."""
    ended = [
        (
            escape(text(look(target, "target"))),
            escape(text(look(target, "purpose"))),
            _state(text(look(target, "state"))),
            escape(text(look(target, "message"))),
            _time(look(target, "startedAt")),
            _time(look(target, "endedAt")),
        )
        for target in items(look(told.deployment, "targets"))
    ]
    generated = [
        (
            escape(text(look(artifact, "target"))),
            escape(text(look(artifact, "name"))),
            _code(look(artifact, "digest")),
        )
        for artifact in items(look(told.deployment, "artifacts"))
    ]
    running = [
        (
            escape(target),
            escape(text(look(one, "component"))),
            _code(look(one, "name")),
            _code(look(one, "digest")),
            escape(text(look(one, "state"))),
        )
        for name, target in told.under(names.RUNNING, ".json")
        for one in items(told.document(name))
    ]
    tables = (
        ("Outcome", ("Target", "Purpose", "Ended", "Message", "Began", "Ended at"), ended),
        ("Generated artifacts", ("Target", "File", "Digest"), generated),
        ("What ran afterwards", ("Target", "Component", "Container", "Digest", "State"), running),
    )
    return [f"<h3>{title}</h3>\n{_table(heads, rows)}" for title, heads, rows in tables if rows]


def _when(told: _Told, about: Mapping[str, Json]) -> str:
    times = [
        ("requested", look(told.given, "requestedAt")),
        ("decided", look(told.record, "decidedAt")),
        ("execution began", look(told.deployment, "startedAt")),
        ("execution ended", look(told.deployment, "endedAt")),
        ("this packet", about.get("createdAt")),
    ]
    parts = [_table(("", ""), ((word, _time(at)) for word, at in times if text(at)))]
    facts = [
        (
            _time(look(fact, "at")),
            escape(text(look(fact, "kind"))),
            told.person(look(fact, "actor")),
            _code(look(fact, "subject")),
        )
        for fact in items(told.document(names.FACTS))
    ]
    parts.append(_table(("At", "Fact", "By", "Of"), facts))
    return "".join(parts)


def _rests_on(entries: Mapping[str, bytes]) -> str:
    rows = [
        (_code(name), text(len(entries[name])), _code(Digest.of(entries[name]).text))
        for name in sorted(entries)
    ]
    advice = (
        "<p>Check it without a server: <code>stella evidence verify FILE</code>, then decide again"
        " with <code>stella replay FILE</code>.</p>\n"
    )
    return advice + _table(("Entry", "Bytes", "Digest"), rows)
