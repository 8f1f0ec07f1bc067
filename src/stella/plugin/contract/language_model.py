"""Who writes sentences about texts that it is given."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class AnswerPart(StrEnum):
    """Which part of an answer a sentence belongs to."""

    WHAT_IT_IS = "what_it_is"
    TOUCHES_US = "touches_us"
    WHAT_TO_DO = "what_to_do"


@dataclass(frozen=True, slots=True)
class GivenText:
    """All that a model is told of one text. number: by which it is quoted, from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a text, as they stand in it. number: of the text."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class WrittenSentence:
    """One sentence, and the words that it rests on."""

    part: AnswerPart
    text: str
    quotes: tuple[Quote, ...]


class LanguageModel(Protocol):
    """One model. What it writes is not believed: the host holds each quote against the texts, and
    leaves out what does not stand on them.

    All calls raise ``ServiceUnreachable``, ``ServiceBusy``, ``ServiceRefused``.
    """

    def write(self, question: str, texts: tuple[GivenText, ...]) -> tuple[WrittenSentence, ...]:
        """What it answers from ``texts`` alone, in the order in which it is read; nothing is an answer.

        question: of a person. It and the texts are all that may be sent. Raises ``NotSupported`` where
        they are more than the model takes; ``ServiceUnreachable`` also where its answer broke off, or
        has another form.
        """
        ...

    def check(self) -> str:
        """Which model it is, in a few words. Writes nothing."""
        ...
