"""An advisory with its sources, and questions about it: each sentence stands in what it cites."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.test_vex import issuer, scanned, statement
from fixtures.control import Control
from fixtures.language_models import MODEL, TOKEN, PlayedModel, played_model
from fixtures.language_models import sentence as model_sentence
from fixtures.road import OLD
from stella.advisory import Package, Rating, Record, Span
from stella.finding.ask import (
    Answer,
    Sentence,
    answer_of,
    assessment_passages,
    closest,
    names_in,
    record_passages,
    sentences,
    unfounded,
    words_of,
)

PARTS = ("whatItIs", "touchesUs", "whatToDo")


def answer(control: Control, question: str) -> Any:
    found = control.get("/answers", question=question)
    texts = {one["number"]: one["text"] for one in found["passages"]}
    for part in PARTS:
        for sentence in found[part]:
            assert sentence["cites"]
            assert all(sentence["text"] in texts[number] for number in sentence["cites"])
    cited = {number for part in PARTS for one in found[part] for number in one["cites"]}
    assert cited == set(texts) == set(range(1, len(texts) + 1))
    return found


def said(found: Any, part: str) -> str:
    return " ".join(one["text"] for one in found[part])


@pytest.fixture
def world(control: Control) -> Control:
    control.environment("dev", approvals=[], parameters={"severityMax": "critical"})
    control.deployed(control.sealed("1.0.0", OLD)["id"], "dev")
    return control


def test_it_says_what_it_is_where_it_runs_and_what_mends_it(world: Control) -> None:
    found = answer(world, "CVE-2023-43804")
    assert found["about"] == "CVE-2023-43804"
    assert "Cookie header" in said(found, "whatItIs")
    assert "urllib3 1.26.4 in registry.test/shop/web" in said(found, "touchesUs")
    assert "runs in dev on" in said(found, "touchesUs")
    assert "Update urllib3 1.26.4 to 1.26.17." in said(found, "whatToDo")
    assert found["missing"] == []
    assert answer(world, "CVE-2023-43804") == found, "the same texts, the same answer"
    for question in ("cve-2023-43804", "What is CVE-2023-43804, and does it touch us?"):
        assert answer(world, question)["touchesUs"] == found["touchesUs"]


def test_what_is_in_no_image_is_said_to_be_unknown_beyond_them(world: Control) -> None:
    found = answer(world, "CVE-2023-4911")
    assert found["touchesUs"] == []
    assert found["whatItIs"]
    assert any("what was not scanned is not known" in one for one in found["missing"])


def test_a_question_finds_the_advisory_that_speaks_of_it(world: Control) -> None:
    found = answer(world, "which one leaks a cookie header on redirects in urllib3?")
    assert found["about"]
    assert "urllib3" in said(found, "touchesUs")
    assert found["about"] not in found["others"]


def test_where_no_text_speaks_of_it_nothing_is_said(world: Control) -> None:
    for question in ("zzzyzx quuxly", "CVE-1999-0001", "?!", '" OR 1=1 --', "x" * 1000):
        found = answer(world, question)
        assert [found[part] for part in PARTS] == [[], [], []]
        assert found["missing"]


def test_the_words_of_vex_are_told_with_whose_they_are(control: Control) -> None:
    scan, (first, *_) = scanned(control)
    reason = "The shop never follows redirects."
    control.post("/vex/statements", statement(first, scan, impact=reason), by="ann")
    found = answer(control, first["id"])
    assert reason in said(found, "whatToDo")
    assert "VEX has settled it there: not affected." in said(found, "touchesUs")
    (cited,) = [one for one in found["passages"] if one["kind"] == "statement"]
    assert (cited["source"], cited["place"][:7]) == ("stella", "sha256:")
    issuer(control, "other", weight="known")


def test_an_advisory_has_all_its_sources(world: Control) -> None:
    found = world.get("/advisories/CVE-2023-43804")
    assert {one["package"] for one in found["records"]} == {"urllib3"}
    assert found["snapshot"].startswith("sha256:")
    for one in found["records"]:
        assert one["affected"]
        assert one["fixed"]
    assert world.refused("GET", "/advisories/CVE-1999-0001") == "ST-ADV-009"


def test_without_advisories_nothing_is_made_up(control: Control) -> None:
    object.__setattr__(control.services, "snapshot", lambda: None)
    assert control.refused("GET", "/advisories/CVE-2023-43804") == "ST-ADV-004"
    found = answer(control, "CVE-2023-43804")
    assert [found[part] for part in PARTS] == [[], [], []]
    assert len(found["missing"]) == 3


def test_a_question_has_bounds(standing: Control) -> None:
    assert standing.refused("GET", "/answers?question=").startswith("ST-API-")
    assert standing.refused("GET", f"/answers?question={'x' * 1001}").startswith("ST-API-")


PASSAGES = [
    *record_passages(
        "sha256:0",
        [
            (
                Package("PyPI", "foo"),
                Record(
                    "PYSEC-1",
                    summary="A parser of foo 1.2.3 reads beyond its buffer. It takes a crafted file.",
                    spans=(Span(fixed="2.0"),),
                    dissent=("other: < 1.9",),
                    kev=True,
                ),
            )
        ],
    ),
    *assessment_passages(
        "sha256:0",
        "CVE-1",
        [(Rating("NVD", "high"), "A long story. As a workaround, disable the parser.")],
    ),
]


def test_sentences_are_chosen_by_what_is_asked_and_never_made() -> None:
    found = answer_of("does a crafted file matter?", "CVE-1", (), PASSAGES)
    assert found.what_it_is[0].text == "It takes a crafted file."
    told = [one.text for one in found.what_to_do]
    assert told[0] == "As a workaround, disable the parser."
    assert "Fixed: foo (PyPI) 2.0." in told
    assert found.touches_us == ()
    assert unfounded(found) == ()


def test_what_does_not_stand_in_its_source_is_found_out() -> None:
    found = answer_of("CVE-1", "CVE-1", (), PASSAGES)
    for wrong in (
        Sentence("It is harmless.", (1,)),
        Sentence(found.what_it_is[0].text, ()),
        Sentence(found.what_it_is[0].text, (99,)),
        Sentence(found.what_it_is[0].text, (0,)),
    ):
        made: Answer = replace(found, what_to_do=(wrong,))
        assert unfounded(made) == (wrong,)


def test_words_and_names_of_a_question() -> None:
    assert names_in("is cve-2023-43804 or GHSA-v845-jxx5-vc9f. bad?") == (
        "CVE-2023-43804",
        "GHSA-v845-jxx5-vc9f",
    )
    assert names_in("is there a well-known follow-up?") == ()
    assert words_of("Does it touch our urllib3 proxy?") == ("urllib3", "proxy")
    assert sentences("One of 1.2.3. Two! three? (Four)") == [
        "One of 1.2.3.",
        "Two! three?",
        "(Four)",
    ]


def test_the_closest_text_wins_whatever_the_order() -> None:
    texts = [("A-1", "a cookie leaks"), ("B-1", "a proxy leaks a cookie header"), ("C-1", "none")]
    assert closest("proxy cookie", texts)[0] == "B-1"
    assert closest("proxy cookie", reversed(texts))[0] == "B-1"
    assert closest("nothing of it", texts) == ()
    assert closest('"proxy" NEAR(cookie) *', texts)[0] == "B-1"


# ---------------------------------------------------------------- written by a language model


@pytest.fixture
def model(world: Control) -> Iterator[PlayedModel]:
    """Integrated as ``writer``, for developers alone."""
    with played_model() as played:
        world.ask("PUT", "/secrets/model-token", {"value": TOKEN}, by="olga")
        spec = {
            "kind": "language_model",
            "connector": "openai-compatible",
            "endpoint": played.endpoint,
            "config": {"model": MODEL},
            "roles": ["developer"],
            "credentials": {"token": "secret://model-token"},
        }
        document = {
            "apiVersion": "stella/v1",
            "kind": "Integration",
            "name": "writer",
            "spec": spec,
        }
        assert world.apply(document).is_success
        yield played


def asks(control: Control, question: str, by: str = "dan") -> Any:
    return control.ask("POST", "/answers", {"question": question, "writtenBy": "writer"}, by=by)


def quoting(told: str) -> dict[str, Any]:
    """A model that quotes what it was told, and then makes things up."""
    number, line = next(
        (int(block.partition(":")[0]), one)
        for block in told.split("Text ")[1:]
        for one in block.splitlines()
        if "Cookie" in one
    )
    quote = (number, re.split(r"(?<=[.])\s", line)[0])
    return {
        "sentences": [
            model_sentence("A cookie goes where it should have stayed.", quote),
            model_sentence("It is fixed in 99.1.", quote, part="what_to_do"),
            model_sentence("You are safe.", (1, "no text says that")),
        ]
    }


def test_what_a_model_writes_is_shown_as_far_as_it_stands_on_the_texts(
    world: Control, model: PlayedModel
) -> None:
    model.say = quoting
    # The quote denies (urllib3 does not strip it), so must the sentence.
    denies = "not" in json.dumps(answer(world, "CVE-2023-43804")["whatItIs"])
    found = asks(world, "CVE-2023-43804").json()
    assert (found["by"], found["about"]) == ("writer", "CVE-2023-43804")
    assert found["leftOut"] >= 2
    texts = {one["number"]: one["text"] for one in found["passages"]}
    for one in found["whatItIs"]:
        assert all(quote["words"] in texts[quote["number"]] for quote in one["quotes"])
    assert found["whatToDo"] == found["touchesUs"] == []
    assert denies or found["whatItIs"]
    world.seal()
    (fact,) = [one for one in world.get("/facts")["items"] if one["kind"] == "AnswerWritten"]
    assert fact["data"]["integration"] == "writer"
    assert fact["data"]["texts"] == len(texts)


def test_a_model_is_told_the_stored_texts_and_nothing_else(
    world: Control, model: PlayedModel
) -> None:
    asks(world, "CVE-2023-43804")
    (asked,) = model.asked
    chosen = answer(world, "CVE-2023-43804")
    told = asked["messages"][1]["content"]
    assert all(one["text"] in told for one in chosen["passages"])
    assert not [one["place"] for one in chosen["passages"] if one["place"] in told]
    assert TOKEN not in json.dumps(asked)


def test_nobody_is_asked_about_what_no_text_speaks_of(world: Control, model: PlayedModel) -> None:
    found = asks(world, "zzzyzx quuxly").json()
    assert (model.asked, found["whatItIs"], found["leftOut"]) == ([], [], 0)
    assert found["missing"]


def test_who_may_not_ask_a_model_does_not(world: Control, model: PlayedModel) -> None:
    body = {"question": "CVE-2023-43804", "writtenBy": "writer"}
    assert world.refused("POST", "/answers", body, by="vic") == "ST-HUB-004"
    assert world.refused("POST", "/answers", {**body, "writtenBy": "no"}, by="dan") == "ST-HUB-001"
    assert world.refused("POST", "/answers", {**body, "question": ""}, by="dan") == "ST-API-001"
    assert model.asked == []


def test_a_model_that_answers_something_else_is_a_refusal(
    world: Control, model: PlayedModel
) -> None:
    model.say = lambda _: "I am afraid I cannot do that."
    refused = asks(world, "CVE-2023-43804")
    assert (refused.status_code, refused.json()["code"]) == (502, "ST-SVC-001")
