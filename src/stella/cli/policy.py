"""``stella policy``: try policies on files, as a gate would. No server needed."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stella.cli import policy_server
from stella.cli.policy_draft import read_draft, read_policy
from stella.cli.policy_tests import tests_text
from stella.cli.policy_yaml import YAML, plain_tests
from stella.cli.written import checked_output, read, write
from stella.finding import parse_findings
from stella.kernel import Digest, Json, Outcome, Remedy, parse_time, time_text
from stella.policy import (
    MalformedPolicyInput,
    PolicyResult,
    evaluate,
    gate_input,
    load_bundle,
    starter_bundle,
    starter_files,
)
from stella.policy.coverage import percent, policy_coverage
from stella.policy.testing import run_policy_tests

app = typer.Typer(no_args_is_help=True, help="Try and test policies written in Rego.")
policy_server.attach(app)

Output = Annotated[str, typer.Option("-o", "--output", help="table|json")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
_FORMATS = ("table", "json")


@app.command("eval")
def eval_(
    findings: Annotated[
        list[Path] | None, typer.Argument(help="Findings documents, one a component.")
    ] = None,
    *,
    policy: Annotated[
        list[Path] | None,
        typer.Option(help="Rego files or folders, or YAML; without: the starter policy."),
    ] = None,
    given: Annotated[
        Path | None, typer.Option("--input", help="A whole gate input instead of findings.")
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, such as severityMax=high.")
    ] = None,
    environment: Annotated[str, typer.Option(help="The environment to judge for.")] = "local",
    at: Annotated[str | None, typer.Option(help="The time of the decision (RFC 3339).")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Judge findings as a gate would; exit code 1 unless everything passes."""
    checked_output(output, _FORMATS)
    bundle = starter_bundle() if not policy else load_bundle(read_draft(policy))
    if given is not None:
        document = _json_object(given)
    else:
        now = parse_time(at) if at else datetime.now(UTC)
        document = _input(findings or [], environment, parameter or [], time_text(now))
    result = evaluate(bundle, document)
    write(_text(result, bundle.digest, output), to)
    if result.outcome is not Outcome.PASS:
        raise typer.Exit(1)


@app.command("test")
def run_tests(
    policy: Annotated[
        list[Path] | None, typer.Argument(help="Rego files or folders, tests among them; or YAML.")
    ] = None,
    *,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which lines of Rego the tests come by.")
    ] = False,
    coverage_min: Annotated[
        int, typer.Option(help="Exit code 1 below so many percent of lines.", min=0, max=100)
    ] = 0,
    output: Output = "table",
    to: To = None,
) -> None:
    """Load a policy and run its tests (rules test_... in files ..._test.rego, `tests` in YAML)."""
    checked_output(output, _FORMATS)
    files = read_policy(policy) if policy else starter_files()
    ran = run_policy_tests(files)
    ran += tuple(one for path in policy or () if path.suffix in YAML for one in plain_tests(path))
    good = sum(test.outcome is Outcome.PASS for test in ran)
    # What is made of YAML is nobody's to cover.
    own = read_policy([one for one in policy if one.suffix not in YAML]) if policy else files
    covered = policy_coverage(own) if own and (coverage or coverage_min) else ()
    write(tests_text(ran, covered, output), to)
    if good < len(ran) or percent(covered) < coverage_min:
        raise typer.Exit(1)


def _input(paths: list[Path], environment: str, pairs: list[str], now: str) -> Json:
    """A release of one component for each findings document, named after its file."""
    components = []
    for path in paths:
        content = read(path)
        found = parse_findings(content)
        scan = {
            "platform": "",
            "digest": found.image.text,
            "state": "done",
            "at": now,
            "snapshot": found.snapshot.text,
            "sbom": None,
            "findings": Digest.of(content).text,
            "document": json.loads(content),
        }
        components.append(
            {
                "name": path.stem,
                "reference": str(path),
                "digest": found.image.text,
                "scans": [scan],
            }
        )
    return gate_input(
        environment=environment,
        release={"id": "", "name": "local", "version": "", "digest": ""},
        components=components,
        parameters=dict(_pair(text) for text in pairs),
        now=now,
    )


def _pair(text: str) -> tuple[str, Json]:
    name, sign, value = text.partition("=")
    if not sign:
        raise MalformedPolicyInput(
            f"{text!r} sets no parameter", remedy=Remedy("Write it like severityMax=high.")
        )
    try:
        plain: Json = json.loads(value)
    except ValueError:
        return name, value
    return name, plain


def _json_object(path: Path) -> Json:
    try:
        document = json.loads(read(path))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise MalformedPolicyInput(
            f"{path} holds no JSON object",
            remedy=Remedy("Give a gate's input, as an evidence packet holds it."),
            path=str(path),
        )
    return document


def _text(result: PolicyResult, digest: Digest, output: str) -> str:
    if output == "json":
        rules = [
            {
                "rule": one.rule,
                "outcome": one.outcome,
                "message": one.message,
                "component": one.component,
                "finding": one.finding,
                "fix": one.fix,
                "who": one.who,
            }
            for one in result.rules
        ]
        found = {"outcome": result.outcome, "policy": digest.text, "rules": rules}
        return json.dumps(found, indent=2) + "\n"
    lines = []
    for one in result.rules:
        lines.append(f"{one.outcome:<8} {one.rule}: {one.message}")
        if one.fix and one.outcome is not Outcome.PASS:
            lines.append(f"         {one.fix}" + (f" ({one.who})" if one.who else ""))
    return "\n".join([*lines, f"{result.outcome}, by policy {digest}"]) + "\n"
