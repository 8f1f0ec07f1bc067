"""What a language model wrote about stored texts, held against them: shown only where it stands on them.

A model may be wrong, or be told by a text to lie. A sentence stays where it quotes whole sentences of
the texts; where it has no name, number, version, id or letter that these have not; and where it denies
what each of them denies, and nothing else. What it says of our own images and environments rests on texts
about them alone, and has no word that they have not. It may still put things badly, and is shown beside
what it quotes. No decision rests on it, either way.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from stella.finding.ask import Answer, Kind, Passage, Sentence, sentences
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
_QUOTES_CHARACTERS_MAX = 4_000
_TOKEN = re.compile(r"[^\s\"'`()\[\]{},;!?]+")
_NAMING = re.compile(r"\d|[/_@:-]|\w\.\w|[a-z][A-Z]|[A-Z]{2}")
_PLAIN_WORD = re.compile(r"[a-z][a-z0-9]*")
_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve dozen hundred thousand".split()  # noqa: SIM905
)
_DENIAL = re.compile(
    r"\b(?:no|not|none|never|nothing|neither|nor|without|cannot|unaffected|unreachable|safe|harmless|immune"
    r"|ignor\w*|lacks?|fails?|free of|unlikely|irrelevant|false)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_LETTERS = frozenset(map(chr, range(32, 127)))
_OF_OTHERS = frozenset({Kind.RECORD, Kind.ASSESSMENT})
_JOINING = frozenset(
    (  # noqa: SIM905
        "a an and are as at both by each has have here image images in is it its of on our runs that the"
        " there this to we which with"
    ).split()
)
"""Words that join others and say nothing by themselves."""


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
    if not one.quotes or sum(len(quote.words) for quote in one.quotes) > _QUOTES_CHARACTERS_MAX:
        yield "it quotes nothing, or everything"
        return
    if not all(_is_quoted(quote, passages) for quote in one.quotes):
        yield "it quotes what are no whole sentences of that text"
        return
    quoted = "\n".join(quote.words for quote in one.quotes)
    if set(text) - set(quoted) - _LETTERS:
        yield "it has letters that its quotes have not"
    named = set(_names_in(quoted))
    for name in _names_in(text):
        if name not in named:
            yield f"its quotes do not name {name}"
    told = [sentence for quote in one.quotes for sentence in sentences(quote.words)]
    if any(bool(_DENIAL.search(each)) != bool(_DENIAL.search(text)) for each in told):
        yield "it denies what its quotes do not, or the other way round"
    if one.part is AnswerPart.TOUCHES_US:
        yield from _why_not_ours(text, quoted, [passages[it.number - 1] for it in one.quotes])


def _why_not_ours(text: str, quoted: str, rests_on: Iterable[Passage]) -> Iterator[str]:
    """An advisory knows nothing of what we have; nor is anything of ours said in other words."""
    if any(passage.kind in _OF_OTHERS for passage in rests_on):
        yield "it says of our images what a text of others says"
    new = (
        set(_PLAIN_WORD.findall(text.lower())) - set(_PLAIN_WORD.findall(quoted.lower())) - _JOINING
    )
    if new:
        yield f"its quotes do not say {min(new)}"


def _is_quoted(quote: Quote, passages: Sequence[Passage]) -> bool:
    """Whether it is whole sentences of that text: cut ones lose a ``not``, or the end of a version."""
    if not 0 < quote.number <= len(passages):
        return False
    quoted = sentences(quote.words)
    return bool(quoted) and set(quoted) <= set(sentences(passages[quote.number - 1].text))


def _names_in(text: str) -> Iterator[str]:
    """Versions, numbers, ids, paths, addresses: what a sentence may not add."""
    for token in _TOKEN.findall(text):
        bare = token.strip(".:").removesuffix("'s")
        if bare and (_NAMING.search(bare) or bare.lower() in _NUMBERS or bare[:1].isnumeric()):
            yield bare.lower()
