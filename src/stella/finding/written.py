"""What a language model wrote about stored texts, held against them: shown only where it stands on them.

A model may be wrong, or be told by a text to lie. A sentence stays where each of its quotes is in its text
letter for letter, where it names nothing - no version, number, id, path - that its quotes do not name, and
where it denies what they deny and nothing else. No decision rests on it, either way.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from stella.finding.ask import Answer, Passage, Sentence
from stella.plugin.contract.language_model import (
    AnswerPart,
    GivenText,
    Quote,
    WrittenSentence,
)

TEXTS_MAX = 40
_CHARACTERS_MAX = 40_000
_SENTENCES_MAX = 12
_SENTENCE_MAX = 400
_QUOTE_MIN = 8
"""Shorter words stand everywhere."""
_TOKEN = re.compile(r"[^\s\"'`()\[\]{},;!?]+")
_NAMING = re.compile(r"\d|[/_@:]|\w\.\w|[a-z][A-Z]|[A-Z]{2}")
_DENIAL = re.compile(
    r"\b(?:no|not|none|never|nothing|neither|nor|without|cannot|unaffected)\b|n['\u2019]t\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """Sentences of a model, each with the words it rests on. by: the integration that led to it.

    cites of a sentence: numbers of ``passages``. quotes: sentence -> what it quotes. left_out: how many
    sentences did not stand on what they quote, or quoted nothing.
    """

    by: str
    what_it_is: tuple[Sentence, ...]
    touches_us: tuple[Sentence, ...]
    what_to_do: tuple[Sentence, ...]
    quotes: Mapping[str, tuple[Quote, ...]]
    passages: tuple[Passage, ...]
    left_out: int


def texts_given(answer: Answer, passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """What a model is told: what the answer cites first, then what else is known, as much as is read."""
    given: list[Passage] = []
    left = _CHARACTERS_MAX
    for one in dict.fromkeys(chain(answer.passages, passages)):
        if len(given) == TEXTS_MAX:
            break
        if len(one.text) <= left:
            left -= len(one.text)
            given.append(one)
    return tuple(given)


def as_texts(passages: Sequence[Passage]) -> tuple[GivenText, ...]:
    """The texts alone: not where they are kept."""
    return tuple(GivenText(number, one.text) for number, one in enumerate(passages, 1))


def written_answer(
    by: str, passages: Sequence[Passage], written: Sequence[WrittenSentence]
) -> WrittenAnswer:
    """What of ``written`` stands on ``passages``, which are numbered as the model was told them."""
    stands: dict[str, WrittenSentence] = {}
    for one in written[:_SENTENCES_MAX]:
        if next(_why_not(one, passages), None) is None:
            stands.setdefault(one.text.strip(), one)

    def of(part: AnswerPart) -> tuple[Sentence, ...]:
        return tuple(
            Sentence(text, tuple(sorted({quote.number for quote in one.quotes})))
            for text, one in stands.items()
            if one.part is part
        )

    return WrittenAnswer(
        by=by,
        what_it_is=of(AnswerPart.WHAT_IT_IS),
        touches_us=of(AnswerPart.TOUCHES_US),
        what_to_do=of(AnswerPart.WHAT_TO_DO),
        quotes={text: one.quotes for text, one in stands.items()},
        passages=tuple(passages),
        left_out=len({one.text.strip() for one in written} - stands.keys()),
    )


def _why_not(one: WrittenSentence, passages: Sequence[Passage]) -> Iterator[str]:
    text = one.text.strip()
    if not 0 < len(text) <= _SENTENCE_MAX or not text.isprintable():
        yield "it is no sentence"
    if not one.quotes:
        yield "it quotes nothing"
    for quote in one.quotes:
        is_text = 0 < quote.number <= len(passages)
        if not is_text or len(quote.words.strip()) < _QUOTE_MIN:
            yield "it quotes what is no text"
        elif quote.words.strip() not in passages[quote.number - 1].text:
            yield f"what it quotes does not stand in text {quote.number}"
    quoted = "\n".join(quote.words for quote in one.quotes)
    named = set(_names_in(quoted))
    for name in _names_in(text):
        if name not in named:
            yield f"its quotes do not name {name}"
    if bool(_DENIAL.search(text)) != bool(_DENIAL.search(quoted)):
        yield "it denies what its quotes do not, or the other way round"


def _names_in(text: str) -> Iterator[str]:
    """Versions, numbers, ids, paths, addresses: what a sentence may not add."""
    for token in _TOKEN.findall(text):
        bare = token.strip(".:").removesuffix("'s")
        if bare and _NAMING.search(bare):
            yield bare.lower()
