"""``stella environment``: where releases can go."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.cli.take_down import take_down, take_downs
from stella.cli.written import write
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Where releases can go.")
app.command("take-down")(take_down)
app.command("take-downs")(take_downs)

Message = Annotated[str, typer.Option("-m", "--message", help="Why.")]

_API_VERSION = "stella/v1"


def _runs(row: Mapping[str, Any]) -> str | None:
    current = row["current"]
    return f"{current['release']['name']} {current['release']['version']}" if current else None


_COLUMNS: dict[str, Column] = {
    "name": "name",
    "after": "after",
    "runs": _runs,
    "policy": lambda row: row["policy"]["name"],
    "approvals": lambda row: [f"{one['count']} {one['rule']}" for one in row["approvals"]],
    "targets": lambda row: [one["name"] for one in row["targets"]],
    "frozen": lambda row: any(one["holds"] for one in row["freezes"]),
    "held": lambda row: row["hold"] is not None,
}


_QUEUE_MAX = 500
_QUEUE_COLUMNS: dict[str, Column] = {
    "position": lambda row: row["queue"]["position"] if row["queue"] else None,
    "release": lambda row: f"{row['release']['name']} {row['release']['version']}",
    "priority": "priority",
    "by": lambda row: row["requestedBy"]["name"],
    "at": "requestedAt",
    "id": "id",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List environments, each after the one it follows."""
    with open_client() as client:
        found = list(client.items("/environments"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(name: str, *, output: Output = "table", to: To = None) -> None:
    """Show an environment. As YAML it is what `stella apply` takes, targets included."""
    with open_client() as client:
        found = client.get(f"/environments/{quote(name, safe='')}")
    if output == "yaml":
        write(as_documents(found), to)
    else:
        show_lines(found, _lines(found), output=output, to=to, name="name")


@app.command()
def queue(name: str, *, output: Output = "table", to: To = None) -> None:
    """List what waits for its turn there, the next one first."""
    with open_client() as client:
        found = client.get(f"/environments/{quote(name, safe='')}/queue", limit=_QUEUE_MAX)["items"]
    show_list(found, _QUEUE_COLUMNS, output=output, to=to)


@app.command()
def hold(name: str, *, message: Message, output: Output = "table", to: To = None) -> None:
    """Let nothing go into it by itself; what people ask for still does, and ends the hold."""
    _say("hold", name, message, output=output, to=to)


@app.command()
def resume(name: str, *, message: Message, output: Output = "table", to: To = None) -> None:
    """End its hold: what is automatic goes on."""
    _say("resume", name, message, output=output, to=to)


def _say(verb: str, name: str, message: str, *, output: str, to: Path | None) -> None:
    with open_client() as client:
        after = client.post(f"/environments/{quote(name, safe='')}/{verb}", {"reason": message})
    show_lines(after, _lines(after), output=output, to=to, name="name")


def as_documents(environment: Mapping[str, Any]) -> str:
    """The environment and its targets as YAML; applied again, it changes nothing."""
    import yaml

    spec: dict[str, Any] = {
        "after": environment["after"],
        "policy": environment["policy"]["name"],
        "parameters": environment["parameters"],
        "approvals": [_rule(one) for one in environment["approvals"]],
    }
    if environment["soak"]:
        soak = environment["soak"]
        spec["soak"] = {"in": soak["environment"], "hours": soak["hours"]}
    if promotions := _promotions(environment["promotions"]):
        spec["promotions"] = promotions
    if environment["endsAt"]:
        spec["endsAt"] = environment["endsAt"]
    if environment["steps"]:
        spec["steps"] = _steps(environment["steps"])
    documents = [_document("Environment", environment["name"], spec)]
    for target in environment["targets"]:
        keys = ("environment", "connector", "agent", "project", "components", "config")
        kept = {key: target[key] for key in keys}
        if target["labels"]:
            kept["labels"] = target["labels"]
        documents.append(_document("Target", target["name"], kept))
    return str(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True))


def _promotions(rules: Mapping[str, Any]) -> dict[str, Any]:
    as_ever = {"expiresAfter": None, "supersede": "none", "automatic": None}
    kept = {key: rules[key] for key, value in as_ever.items() if rules[key] != value}
    if rules["automatic"] and rules["automatic"]["from"] is None:
        kept["automatic"] = {"phases": True, "pick": rules["automatic"]["pick"]}
    return kept


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: rule[key] for key in ("rule", "approvers", "count", "exclude")}
    for key in ("expiresAfter", "after"):
        if rule[key] is not None:
            kept[key] = rule[key]
    if rule["worsened"] is not None:
        kept["when"] = {"findingsWorsened": rule["worsened"]}
    return kept


def _steps(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in steps:
        inputs = {"with": one["inputs"]} if one["inputs"] else {}
        said = {"name": one["name"], "step": one["step"], **inputs}
        found.setdefault(one["phase"], []).append(said)
    return found


def _document(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in spec.items() if value not in (None, [], {})}
    return {"apiVersion": _API_VERSION, "kind": kind, "name": name, "spec": kept}


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    after = f", after {found['after']}" if found["after"] else ", the first"
    yield f"{found['name']}{after}"
    current = found["current"]
    if current:
        yield f"runs {_runs(found)} since {current['at']} ({current['deployment']})"
    else:
        yield "nothing runs there"
    yield f"policy {found['policy']['name']} {found['policy']['digest']}"
    yield from (f"  {key}: {value}" for key, value in found["parameters"].items())
    for rule in found["approvals"]:
        yield f"approval {rule['rule']}: {rule['count']} of {', '.join(rule['approvers'])}"
    yield from _rule_lines(found["promotions"])
    for step in found["steps"]:
        yield f"step {step['name']}: {step['step']}, {step['phase']} the targets"
    for target in found["targets"]:
        yield f"target {target['name']}: {target_words(target)}"
    if found["endsAt"]:
        yield f"it is over at {found['endsAt']}"
    if found["lifecycles"]:
        yield f"in a phase of {', '.join(found['lifecycles'])}"
    if found["hold"]:
        held = found["hold"]
        yield f"held since {held['at']} by {held['by']['name']}: {held['reason']}"
    for freeze in found["freezes"]:
        if freeze["holds"]:
            yield f"frozen until {freeze['endsAt']}: {freeze['reason']} ({freeze['id']})"


def _rule_lines(rules: Mapping[str, Any]) -> Iterator[str]:
    if automatic := rules["automatic"]:
        way = automatic["from"] or "what has come through the phases before"
        yield f"takes the {automatic['pick']} of {way} automatically"
    if rules["expiresAfter"] is not None:
        yield f"a request ends after {rules['expiresAfter']} h where it has not begun"
    if rules["supersede"] == "older":
        yield "a request supersedes older ones of the same name that have not begun"


def target_words(target: Mapping[str, Any]) -> str:
    """What runs there, how, and whether its agent answers."""
    components = ", ".join(target["components"]) or "every component"
    return (
        f"{components} of project {target['project']}, {target['connector']}"
        f" on {target['agent']} ({target['agentState']})"
    )
