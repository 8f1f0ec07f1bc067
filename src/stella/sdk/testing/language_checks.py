"""What every language model's connector has to hold, whoever wrote it: run each one of the list as a test."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from stella.plugin.contract.connection import Connect
from stella.plugin.contract.language_model import (
    AnswerPart,
    GivenText,
    LanguageModel,
    WrittenSentence,
)
from stella.plugin.refusals import NotSupported
from stella.sdk.testing import bad_ways

_QUESTION = "What is CVE-2030-1?"
_TEXTS = (
    GivenText(1, "A request of a stranger ends the parser.\nIt is rated high."),
    GivenText(2, "web 1.2 in shop/web has it."),
)


@dataclass(frozen=True, slots=True)
class LanguageModelBench:
    """A model that answers anything at all.

    open: connect -> the model, which waits for a second at most. connect: leads to it, and nowhere
    else. seen: what it was sent, as text, since it began. characters_beyond: more than it takes.
    """

    open: Callable[[Connect], LanguageModel]
    connect: Connect
    seen: Callable[[], str]
    characters_beyond: int


def what_it_writes_is_sentences_with_quotes(bench: LanguageModelBench) -> None:
    """Of the known parts; what is quoted is the host's to judge."""
    found = _written(bench)
    assert found, "it wrote nothing"
    for one in found:
        assert isinstance(one.part, AnswerPart), one
        assert one.text.strip(), one
        assert all(isinstance(quote.number, int) and quote.words for quote in one.quotes), one


def every_text_and_the_question_are_sent(bench: LanguageModelBench) -> None:
    """As they are."""
    _written(bench)
    told = bench.seen()
    for one in (_QUESTION, *(line for text in _TEXTS for line in text.text.splitlines())):
        assert one in told, one


def what_is_too_much_is_refused(bench: LanguageModelBench) -> None:
    """Nothing is cut off in silence: what was left out could have been the answer."""
    large = (GivenText(1, "words " * (bench.characters_beyond // 6 + 1)),)
    model = bench.open(bench.connect)
    bad_ways.refusal_of(partial(model.write, _QUESTION, large), NotSupported)


def check_says_what_it_is(bench: LanguageModelBench) -> None:
    """In a few words."""
    told = bench.open(bench.connect).check()
    assert told.isprintable(), told
    assert 0 < len(told) <= 300, told


def a_way_that_is_shut_is_refused(bench: LanguageModelBench) -> None:
    """A model that reaches nothing has nothing to hold here."""
    bad_ways.shut_is_refused(bench.open, _ask)


def a_broken_answer_is_refused(bench: LanguageModelBench) -> None:
    """Never taken for "nothing to say"."""
    bad_ways.broken_is_refused(bench.open, _ask)


def silence_is_given_up(bench: LanguageModelBench) -> None:
    """In a few times its limit."""
    bad_ways.silence_is_given_up(bench.open, _ask)


def nothing_is_reached_but_through_connect(bench: LanguageModelBench) -> None:
    """No socket, name or process, but by the host's ``connect``."""
    bad_ways.nothing_else_is_reached(bench.open, bench.connect, _ask)


LANGUAGE_MODEL_CHECKS: tuple[Callable[[LanguageModelBench], None], ...] = (
    what_it_writes_is_sentences_with_quotes,
    every_text_and_the_question_are_sent,
    what_is_too_much_is_refused,
    check_says_what_it_is,
    a_way_that_is_shut_is_refused,
    a_broken_answer_is_refused,
    silence_is_given_up,
    nothing_is_reached_but_through_connect,
)


def _ask(model: LanguageModel) -> object:
    return model.write(_QUESTION, _TEXTS)


def _written(bench: LanguageModelBench) -> tuple[WrittenSentence, ...]:
    found = bench.open(bench.connect).write(_QUESTION, _TEXTS)
    assert isinstance(found, tuple), found
    return found
