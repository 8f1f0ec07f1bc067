"""The guides' commands exist, and their files are taken."""

import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from connectors.stores import our_plugins
from fixtures.installed import installed_plugins
from stella.app.runs.kinds import kinds_of
from stella.app.runs.rehearsing import rehearsed
from stella.app.settings import load_settings
from stella.cli.commands import load
from stella.cli.nouns import NOUNS
from stella.deployment.plan import comes_along
from stella.environment.document import checked_document, parse_environment, parse_target
from stella.hub.document import config_faults, parse_integration
from stella.kernel import Digest
from stella.sdk import Kind, ServicePlan, TargetIntent, manifest_beside
from stella.workflow.definition.read import read_workflow
from stella.workflow.definition.schema import workflow_schema
from stella.workflow.rehearse import Played, Said, Script

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
GUIDE = ROOT / "docs" / "how-to" / "your-own-host.md"


def blocks(page: Path, kind: str) -> list[str]:
    return [text for found, text in _BLOCK.findall(page.read_text()) if found == kind]


def commands() -> list[str]:
    """Every command line that begins with ``stella`` in a block of a page, continued lines joined."""
    lines = [
        line.split("    #")[0].strip()
        for page in PAGES
        if page.name != "cli.md"
        for text in blocks(page, "")
        for line in text.replace("\\\n", " ").splitlines()
    ]
    return sorted({line for line in lines if line.startswith("stella ")})


def wrong_with(line: str) -> str:
    """What the command line has that the program has not; empty where it has all."""
    _, noun, *words = shlex.split(line)
    if noun not in NOUNS:
        return f"no {noun}: {line}"
    command: Any = load(noun, NOUNS[noun])
    while hasattr(command, "commands"):
        is_whole = not words or words[0].startswith("-")
        if command.invoke_without_command and is_whole:
            break
        if not words or words[0] not in command.commands:
            return f"no such verb: {line}"
        command, words = command.commands[words[0]], words[1:]
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    used = {word.split("=")[0] for word in words if word.startswith("-")}
    return f"no {', '.join(sorted(used - known))}: {line}" if used - known else ""


def test_the_commands_that_need_no_server_are_as_the_docs_give_them() -> None:
    offline = ("evidence", "replay", "advisory", "serve", "login", "user")
    lines = [line for line in commands() if shlex.split(line)[1] in offline]
    assert len(lines) > 5
    assert [wrong for line in lines if (wrong := wrong_with(line))] == []


def test_every_command_of_the_docs_is_as_the_docs_give_it() -> None:
    assert [wrong for line in commands() if (wrong := wrong_with(line))] == []


def test_every_command_that_a_refusal_advises_exists() -> None:
    """Written out or with values put in: what stands before the first value is looked at."""
    advised = {
        text
        for file in (ROOT / "src").rglob("*.py")
        for text in re.findall(r'(?:command=|Remedy\([^)]*, )f?"(stella [^"]*)"', file.read_text())
    }
    assert len(advised) > 30
    lines = [re.sub(r"\{[^}]*\}", "VALUE", text) for text in sorted(advised)]
    assert [wrong for line in lines if (wrong := wrong_with(line))] == []


def test_the_guides_settings_are_taken(tmp_path: Path) -> None:
    settings, *_ = blocks(GUIDE, "yaml")
    file = tmp_path / "settings.yaml"
    file.write_text(settings)
    loaded = load_settings(file, {})
    assert loaded.agents_names == ("stella.example.com",)


@pytest.mark.parametrize("page", ["your-own-host.md", "integrations.md"])
def test_the_guides_integrations_are_taken(page: str) -> None:
    texts = blocks(ROOT / "docs" / "how-to" / page, "yaml")
    documents = [one for text in texts for one in yaml.safe_load_all(text)]
    found = [one for one in documents if one.get("kind") == "Integration"]
    for document in found:
        _, name, spec = checked_document(document)
        assert parse_integration(name, spec, our_plugins().brought()).name == name
    assert found


OURS = {
    (one.kind, one.name): one
    for package in ("steps", "prometheus", "haproxy")
    for one in manifest_beside(f"stella_connectors.{package}").contributes
}


def test_the_integrations_of_metrics_and_routers_are_taken() -> None:
    texts = blocks(ROOT / "docs" / "how-to" / "metrics-and-routers.md", "yaml")
    for text in texts:
        _, name, spec = checked_document(yaml.safe_load(text))
        assert parse_integration(name, spec, OURS).name == name
    assert len(texts) == 2


def test_the_workflow_of_the_guide_can_run() -> None:
    kinds = kinds_of(installed_plugins, comes_along)
    text, test = blocks(ROOT / "docs" / "how-to" / "run-workflows.md", "yaml")
    kind, name, spec = checked_document(yaml.safe_load(text))
    assert kind == "Workflow"
    assert len(read_workflow(name, spec, kinds).steps) == 5
    assert jsonschema_rs.is_valid(workflow_schema(), spec)
    assert not jsonschema_rs.is_valid(workflow_schema(), {**spec, "stps": {}})
    wanted = yaml.safe_load(test)["spec"]
    steps = {key: Played(**one) for key, one in wanted["steps"].items()}
    says = {key: Said(**one) for key, one in wanted["says"].items()}
    found = rehearsed(spec, kinds, Script(wanted["inputs"], steps, says))
    assert found.run.state.value == wanted["expect"]["state"]
    assert found.run.outputs == wanted["expect"]["outputs"]


def test_the_steps_of_the_guide_are_taken() -> None:
    used = []
    for text in blocks(ROOT / "docs" / "how-to" / "steps.md", "yaml"):
        _, name, spec = checked_document(yaml.safe_load(text))
        environment = parse_environment(name, spec)
        used += [*environment.steps_before, *environment.steps_after]
    assert [one.name for one in used] == ["reachable", "smoke", "errors", "end-to-end"]
    for one in used:
        assert not list(config_faults(one.inputs, OURS[Kind.STEP, one.step]))


def test_the_guides_environments_and_targets_are_taken_and_planned() -> None:
    *_, shop = blocks(GUIDE, "yaml")
    plugins = our_plugins()
    kinds = []
    for document in yaml.safe_load_all(shop):
        kind, name, spec = checked_document(document)
        kinds.append(kind)
        if kind == "Environment":
            parse_environment(name, spec)
            continue
        target = parse_target(name, spec)
        digest = Digest.of(name.encode())
        service = ServicePlan(
            component="web",
            image=f"registry.example.com/shop/web@{digest}",
            digest=digest,
            platform_digests=(digest,),
            settings=target.config["services"]["web"],
        )
        intent = TargetIntent(
            deployment="",
            release="rel_1",
            release_digest=digest,
            version="1.0.0",
            environment=target.environment,
            target=name,
            project=target.project,
            services=(service,),
            config=target.config,
        )
        assert plugins.target(target.connector).plan(intent).actions
    assert kinds == ["Environment", "Environment", "Target", "Target"]
