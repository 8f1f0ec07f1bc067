"""Statements as SPDX 3.0.1: the relationships, and only words that its context knows."""

import json
from pathlib import Path
from typing import Any

import pytest

from stella.vex import Document, OpenVex, openvex_bytes, parse_vex
from stella.vex.errors import NothingToSay
from stella.vex.spdx import spdx_bytes
from vex.sayings import EARLY, IMAGE, LATE, product, statement

SAID = (
    statement("not_affected", product(digest=IMAGE, within=["pkg:pypi/a@1", "pkg:pypi/b@1"])),
    statement("affected", product("pkg:pypi/c@1"), names=("GHSA-1", "CVE-2026-2"), action="update"),
    statement("fixed", product("pkg:pypi/c@2"), notes="seen"),
    statement("under_investigation", product("pkg:pypi/a@1")),
)


def document(*said: Any) -> Document:
    return parse_vex(openvex_bytes(OpenVex("a vendor", EARLY, said)))


def graph(content: bytes) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(content)["@graph"]
    return listed


def test_each_status_is_its_relationship() -> None:
    made = graph(spdx_bytes(document(*SAID), LATE))
    relations = [one for one in made if one["type"].startswith("security_Vex")]
    assert sorted(one["relationshipType"] for one in relations) == [
        "affects",
        "doesNotAffect",
        "doesNotAffect",
        "fixedIn",
        "underInvestigationFor",
    ]
    by_id = {one["spdxId"]: one for one in made if "spdxId" in one}
    (first, second) = [one for one in relations if one["relationshipType"] == "doesNotAffect"]
    assert first["to"] == second["to"]
    assert by_id[first["to"][0]]["verifiedUsing"][0]["hashValue"] == IMAGE.removeprefix("sha256:")
    assert {by_id[one["security_assessedElement"]]["name"] for one in (first, second)} == {"a", "b"}
    assert first["security_justificationType"] == "componentNotPresent"
    (whole,) = [one for one in made if one["type"] == "SpdxDocument"]
    assert set(whole["element"]) == by_id.keys() - {whole["spdxId"]}
    (info,) = [one for one in made if one["type"] == "CreationInfo"]
    assert info["created"] == "2026-02-01T00:00:00Z"


def test_the_same_statements_give_the_same_bytes() -> None:
    assert spdx_bytes(document(*SAID), LATE) == spdx_bytes(document(*SAID[::-1]), LATE)


def test_a_document_about_nothing_is_refused() -> None:
    content = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}
    with pytest.raises(NothingToSay):
        spdx_bytes(parse_vex(json.dumps(content).encode()), LATE)


@pytest.mark.conformance
def test_every_word_is_one_that_the_published_context_knows(shared: Path) -> None:
    path = shared / "conformance/spdx-3.0.1/rdf/spdx-context.jsonld"
    context = json.loads(path.read_bytes())["@context"]
    model = (shared / "conformance/spdx-3.0.1/rdf/spdx-model.ttl").read_text()
    made = graph(spdx_bytes(document(*SAID), LATE))

    def check(value: Any) -> None:
        if isinstance(value, list):
            for one in value:
                check(one)
        if not isinstance(value, dict):
            return
        for key, one in value.items():
            assert key in context or key in {"@id", "type"}, key
            vocabulary = context.get(key, {})
            vocabulary = vocabulary.get("@context", {}) if isinstance(vocabulary, dict) else {}
            for word in one if isinstance(one, list) else [one]:
                if "@vocab" in vocabulary:
                    assert f"<{vocabulary['@vocab']}{word}>" in model, (key, word)
            check(one)
        if "type" in value:
            assert value["type"] in context, value["type"]

    check(made)
