"""The kit of language models on a played server, and what its API may answer otherwise."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fixtures.language_models import MODEL, TOKEN, PlayedModel, played_model, sentence
from stella.kernel import StellaError
from stella.sdk import (
    AnswerPart,
    Connection,
    GivenText,
    Kind,
    NotSupported,
    ServiceUnreachable,
    manifest_beside,
)
from stella.sdk.testing import LANGUAGE_MODEL_CHECKS, LanguageModelBench
from stella_connectors.openai_compatible import PLUGIN, ChatModel

TEXTS = (GivenText(1, "A stranger ends the parser."),)


def connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(played: PlayedModel, way: Any = connect, **config: Any) -> ChatModel:
    given = {"model": MODEL, **config}
    connection = Connection(
        played.endpoint, way, config=given, credentials={"token": lambda: TOKEN}, timeout_s=1
    )
    return ChatModel(connection)


@pytest.fixture
def model() -> Iterator[PlayedModel]:
    with played_model() as played:
        played.say = lambda _: {"sentences": [sentence("It ends.", (1, "ends the parser"))]}
        yield played


@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_model_holds(
    check: Callable[[LanguageModelBench], None], model: PlayedModel
) -> None:
    check(
        LanguageModelBench(
            open=lambda way: opened(model, way),
            connect=connect,
            seen=lambda: "".join(one["messages"][-1]["content"] for one in model.asked),
            characters_beyond=48_001,
        )
    )


def test_it_is_asked_once_for_json_of_one_form(model: PlayedModel) -> None:
    (found,) = opened(model).write("What is it?", TEXTS)
    assert (found.part, found.text) == (AnswerPart.WHAT_IT_IS, "It ends.")
    (asked,) = model.asked
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == (MODEL, 0, 2000)
    assert asked["response_format"]["json_schema"]["strict"] is True
    told = asked["messages"][1]["content"]
    assert told == "Text 1:\nA stranger ends the parser.\n\nQuestion: What is it?"
    assert opened(model).check() == f"the model {MODEL}"
    opened(model, answer_format="text").write("Why?", TEXTS)
    assert "response_format" not in model.asked[-1]


def test_json_in_a_fence_is_json(model: PlayedModel) -> None:
    inside = json.dumps({"sentences": [sentence("It ends.", (1, "ends the parser"))]})
    model.say = lambda _: f"```json\n{inside}\n```"
    assert len(opened(model).write("What?", TEXTS)) == 1


@pytest.mark.parametrize(
    "said",
    [
        "It ends the parser.",
        "[]",
        {"sentences": {}},
        {"sentences": [{}]},
        {"sentences": [sentence("x", part="why")]},
        {"sentences": [{**sentence("x"), "quotes": [{"number": "one", "words": "x"}]}]},
        {"sentences": [sentence("x", *[(1, "ends the")] * 9)]},
        {"sentences": [sentence("x")] * 31},
        "[" * 100_000,
    ],
    ids=range(9),
)
def test_what_has_another_form_is_no_answer(model: PlayedModel, said: Any) -> None:
    model.say = lambda _: said
    with pytest.raises(ServiceUnreachable, match="another form"):
        opened(model).write("What?", TEXTS)


def test_what_ended_early_is_no_answer(model: PlayedModel) -> None:
    model.more = {"finish_reason": "length"}
    with pytest.raises(ServiceUnreachable, match="ended early"):
        opened(model).write("What?", TEXTS)


def test_a_refusal_tells_nothing_that_was_sent(model: PlayedModel) -> None:
    model.status = 400
    with pytest.raises(StellaError) as refused:
        opened(model).write("a secret question", TEXTS)
    told = json.dumps([str(refused.value), refused.value.problem()], default=str)
    assert not [one for one in ("secret", "stranger", TOKEN) if one in told]
    assert len(model.asked) == 1, "what is asked again is paid again"


def test_what_is_more_than_it_takes_is_not_sent(model: PlayedModel) -> None:
    with pytest.raises(NotSupported, match="more than 1000 characters"):
        opened(model, characters_max=1000).write("?" * 1000, TEXTS)
    assert model.asked == []


def test_a_model_that_is_not_there_is_said(model: PlayedModel) -> None:
    with pytest.raises(ServiceUnreachable, match="no model 'large-9'"):
        opened(model, model="large-9").check()


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_connectors.openai_compatible")
    assert [one.name for one in manifest.contributes] == ["openai-compatible"]
    assert PLUGIN.names(Kind.LANGUAGE_MODEL) == {"openai-compatible"}
