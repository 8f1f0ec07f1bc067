"""The human report of a take-down: the same page as of a deployment, in fewer words."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from stella.evidence import names
from stella.evidence.html import code, items, look, state, table, text, texts, time
from stella.kernel import Digest, Json

_LOG_LINES_MAX = 200


def take_down_head(said: Any, about: Mapping[str, Json]) -> str:
    """Title and outcome."""
    where = text(look(said, "environment")) or "nowhere"
    simulated = (
        '<p class="simulated"><strong>Simulated.</strong> No real host was changed.</p>\n'
        if about.get("simulated") is not False
        else ""
    )
    return (
        f"<h1>Take-down of what ran in {escape(where)}</h1>\n{simulated}"
        f"<p>{state(text(look(said, 'state')) or 'not ended')} &middot; "
        f"<code>{escape(text(about.get('subject')))}</code></p>\n"
    )


def take_down_sections(
    document: Callable[[str], Any],
    entries: Mapping[str, bytes],
    person: Callable[[Any], str],
    about: Mapping[str, Json],
) -> list[tuple[str, str]]:
    """Title and body of each section. document: entry -> its JSON, or None."""
    said, given = document(names.TAKE_DOWN), document(names.TAKE_DOWN_INPUT)
    plan = document(names.TAKE_DOWN_PLAN)
    return [
        ("Who", _who(said, given, person)),
        ("What", _what(said, given, plan)),
        ("Why", _why(document(names.TAKE_DOWN_RECORD), given)),
        ("How", _how(said, plan, entries)),
        ("When", _when(said, about)),
        ("What this rests on", _rests_on(entries)),
    ]


def _who(said: Any, given: Any, person: Callable[[Any], str]) -> str:
    rows = [("asked for it", person(look(given, "requestedBy")), "")]
    rows += [
        ("executed", f"agent {code(look(one, 'agent'))}", escape(f"on {text(look(one, 'target'))}"))
        for one in items(look(said, "targets"))
    ]
    return table(("", "", ""), rows)


def _what(said: Any, given: Any, plan: Any) -> str:
    running = look(given, "running")
    ran = f"{text(look(running, 'name'))} {text(look(running, 'version'))}".strip()
    facts = [
        ("Environment", escape(text(look(said, "environment")))),
        ("What ran there", escape(ran or "no release had come to run")),
        ("Release digest", code(look(running, "digest"))),
        ("Configuration", code(look(given, "environment", "configuration"))),
        ("Plan digest", code(look(said, "plan"))),
    ]
    rows = [
        (
            escape(text(look(one, "target"))),
            escape(text(look(one, "project"))),
            code(look(one, "deployment")),
            "<br>".join(
                f"{escape(text(look(service, 'component')))} {code(look(service, 'digest'))}"
                for service in items(look(one, "services"))
            ),
        )
        for one in items(look(plan, "targets"))
    ]
    return table(("", ""), facts) + table(("Target", "Project", "Deployed by", "Components"), rows)


def _why(record: Any, given: Any) -> str:
    end = text(look(given, "endsAt"))
    rows = [
        ("reason", escape(text(look(given, "reason")))),
        ("decision", state(text(look(record, "outcome")) or "none")),
        *(("against it", escape(one)) for one in texts(look(record, "reasons"))),
    ]
    if end:
        rows.append(("the environment's end", time(end)))
    return table(("", ""), rows)


def _how(said: Any, plan: Any, entries: Mapping[str, bytes]) -> str:
    parts = []
    planned = {text(look(one, "target")): one for one in items(look(plan, "targets"))}
    for one in items(look(said, "targets")):
        name = text(look(one, "target"))
        parts.append(f"<h3>{escape(name)}: {state(text(look(one, 'state')))}</h3>\n")
        why = " ".join(filter(None, (text(look(one, "code")), text(look(one, "message")))))
        parts.append(f"<p>{escape(why)}</p>\n" if why else "")
        left = [text(look(item, "name")) for item in items(look(one, "running"))]
        parts.append(f"<p>left: {escape(', '.join(left))}</p>\n" if left else "")
        actions = [
            (
                escape(text(look(action, "verb"))),
                escape(text(look(action, "subject"))),
                code(" ".join(texts(look(action, "argv")))),
            )
            for action in items(look(planned.get(name), "actions"))
        ]
        parts.append(table(("Action", "Of", "Command"), actions))
        log = entries.get(names.log_entry(name), b"").decode("utf-8", "replace").splitlines()
        if log:
            parts.append(f"<pre>{escape(chr(10).join(log[:_LOG_LINES_MAX]))}</pre>\n")
    return "".join(parts)


def _when(said: Any, about: Mapping[str, Json]) -> str:
    rows = [
        ("began", time(text(look(said, "startedAt")))),
        ("ended", time(text(look(said, "endedAt")))),
        ("sealed", time(text(about.get("createdAt")))),
    ]
    return table(("", ""), rows)


def _rests_on(entries: Mapping[str, bytes]) -> str:
    rows = [(escape(name), code(Digest.of(entries[name]).text)) for name in sorted(entries)]
    return table(("Entry", "Digest"), rows)
