"""The guide for plugin authors names all of the manifest and of the SDK, and its code is taken."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from stella import sdk
from stella.plugin.contract.core import (
    Capability,
    Contribution,
    Credential,
    Kind,
    Limits,
    Manifest,
    Need,
)
from stella.plugin.wire import from_wire, to_wire
from stella.sdk import testing

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "write-a-plugin.md").read_text()
CONTRACTS = (ROOT / "docs" / "reference" / "plugin-contracts.md").read_text()
WHERE = {
    Manifest: "## The manifest",
    Need: "Of one of `needs`:",
    Contribution: "Of one of `contributes`:",
    Credential: "Of one of `credentials`:",
    Limits: "Of `limits`:",
}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("kind", WHERE)
def test_every_key_of_the_manifest_has_its_meaning_and_no_other(kind: type) -> None:
    table = GUIDE.partition(WHERE[kind])[2].partition("| key | meaning |\n|---|---|\n")[2]
    rows = table.partition("\n\n")[0].splitlines()
    keys = [re.match(r"\| `(\w+)` \| \S", row) for row in rows]
    named = {field.name for field in fields(kind)}
    assert {found[1] for found in keys if found} == {
        re.sub(r"_(\w)", lambda letter: letter[1].upper(), name) for name in named
    }


def test_every_capability_and_kind_is_named() -> None:
    assert [one for one in (*Capability, *Kind) if f"`{one.value}`" not in GUIDE] == []


@pytest.mark.parametrize("module", [sdk, testing], ids=lambda module: module.__name__)
def test_every_public_name_is_named(module: object) -> None:
    names: list[str] = getattr(module, "__all__")  # noqa: B009 - a module has it
    told = {*re.findall(r"`(\w+)`", GUIDE), *re.findall(r"^### (\w+)$", CONTRACTS, re.MULTILINE)}
    assert [name for name in names if name not in told] == []


def test_its_code_can_be_compiled_and_its_contribution_is_one() -> None:
    for text in blocks("python"):
        compile(text, "guide", "exec")
    contributions = [from_wire(Contribution, json.loads(text)) for text in blocks("json")]
    assert [(one.kind, one.name) for one in contributions] == [
        (Kind.CHECK, "acme-answers"),
        (Kind.STEP, "acme-approved-change"),
    ]


def test_the_defaults_that_it_tells_are_those_of_the_contract() -> None:
    assert to_wire(Limits()) == {"timeoutS": 300, "memoryBytes": 512 << 20, "attemptsMax": 3}
    assert Credential("a", "b").required
    assert sdk.SDK_VERSION == 1


def test_what_the_contracts_say_of_refusals_is_there_to_be_raised() -> None:
    """Whole pages may be generated and wrong: what they name has to be what the SDK gives."""
    named = set(re.findall(r"``([A-Z][A-Za-z]+[a-z][A-Z]?[a-z]+)(?:\.[A-Z_]+)?``", CONTRACTS))
    assert {"RegistryUnreachable", "ServiceUnreachable", "NotThere"} <= named
    assert sorted(one for one in named if not hasattr(sdk, one)) == []
    modules = set(re.findall(r"``?(stella(?:\.[a-z_]+)+)``?", CONTRACTS))
    rooms = {one for one in modules if (ROOT / "src" / "stella" / one.split(".")[1]).is_dir()}
    assert rooms == {"stella.sdk", "stella.plugin.contract"}


def test_the_glossary_counts_the_kinds() -> None:
    words = {16: "sixteen", 17: "seventeen", 18: "eighteen"}
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    assert f"{words[len(Kind)]} kinds" in glossary
