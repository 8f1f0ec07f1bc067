"""A short answer about a vulnerability, from stored texts alone: each sentence stands in what it cites.

Nothing is written by anybody but who wrote the texts: sentences are chosen, by SQLite's full text search, and
never made. No decision rests on it.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from stella.advisory import Package, Rating, Record
from stella.finding.listing import Listed
from stella.finding.match import outlook
from stella.finding.model import Finding

QUESTION_MAX = 1_000
_PICKED_MAX = 3
_PASSAGES_MAX = 200
# Of what is said of an image: that it has it, whether it counts; then what mends it.
_WHERE_LINES = 2
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'`(]?[A-Z0-9])")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{1,60}")
_NAME = re.compile(r"\b(?=[A-Za-z]*-?[A-Za-z0-9-]*\d)[A-Za-z]{2,20}-[A-Za-z0-9:.-]{3,80}\b")
_DULL = frozenset(
    (  # noqa: SIM905 - a list of fifty strings would take a page
        "a an and are by can does do for from how in is it its of on or our should that the there this"
        " to touch touched us was we what when where which who why will with you"
    ).split()
)
_REMEDY = (
    "upgrade",
    "update",
    "patch",
    "patched",
    "fixed",
    "workaround",
    "mitigate",
    "mitigation",
    "disable",
    "avoid",
)


class Kind(StrEnum):
    """What a passage is of."""

    RECORD = "record"  # what an advisory says of a package
    ASSESSMENT = "assessment"  # what a source says of the vulnerability itself
    STATEMENT = "statement"  # what VEX says of it
    FINDING = "finding"  # it, in a scanned image
    RUNNING = "running"  # a release with such an image, in an environment


@dataclass(frozen=True, slots=True)
class Passage:
    """A stored text. source: who says it. place: where it is kept, for people and programs to look it up."""

    kind: Kind
    source: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, word for word as in the passages ``cites`` (their numbers, from 1)."""

    text: str
    cites: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the texts say. about: the vulnerability, "" where none was found; others: more that may be meant.

    what_it_is, touches_us, what_to_do: sentences; missing: what could not be answered, and why.
    passages: what is cited, in order of number.
    """

    question: str
    about: str
    others: tuple[str, ...]
    what_it_is: tuple[Sentence, ...]
    touches_us: tuple[Sentence, ...]
    what_to_do: tuple[Sentence, ...]
    missing: tuple[str, ...]
    passages: tuple[Passage, ...]


def names_in(question: str) -> tuple[str, ...]:
    """What in the question looks like the id of an advisory, in upper case where it is a CVE's."""
    found = (one.strip(".:-") for one in _NAME.findall(question[:QUESTION_MAX]))
    return tuple(dict.fromkeys(one.upper() if one[:4].upper() == "CVE-" else one for one in found))


def closest(question: str, texts: Iterable[tuple[str, str]], limit: int = 5) -> tuple[str, ...]:
    """The names whose texts speak most of what is asked, the best first. texts: name and text."""
    rows = list(dict.fromkeys(texts))
    ranked = _ranked([f"{name} {text}" for name, text in rows], words_of(question))
    return tuple(dict.fromkeys(rows[one][0] for one in ranked))[:limit]


def words_of(question: str) -> tuple[str, ...]:
    """The words of the question that say what is looked for."""
    words = (one.lower().strip("._-+") for one in _WORD.findall(question[:QUESTION_MAX]))
    return tuple(dict.fromkeys(one for one in words if one and one not in _DULL))


def record_passages(snapshot: str, records: Iterable[tuple[Package, Record]]) -> Iterator[Passage]:
    """What advisories say of packages: the summary, the versions, and what the publisher adds."""
    for package, record in records:
        place = f"{snapshot} {record.id} {package.ecosystem} {package.name}"
        named = f"{package.name} ({package.ecosystem})"
        spans = " or ".join(map(str, record.spans)) or ", ".join(record.versions[:20])
        fixed = sorted({span.fixed for span in record.spans if span.fixed})
        parts = [
            record.summary,
            f"Affected: {named} {spans}." if spans else "",
            f"Fixed: {named} {', '.join(fixed)}." if fixed else "",
            f"{outlook(record)}." if outlook(record) else "",
            *(f"Another source disagrees: {one}." for one in record.dissent),
            "It is known to be exploited." if record.kev else "",
        ]
        yield Passage(Kind.RECORD, record.id, place, _text(parts))


def assessment_passages(
    snapshot: str, name: str, assessed: Iterable[tuple[Rating, str]]
) -> Iterator[Passage]:
    """What sources say of the vulnerability itself."""
    for rating, text in assessed:
        said = f"{rating.source} rates it {rating.severity}."
        yield Passage(Kind.ASSESSMENT, rating.source, f"{snapshot} {name}", _text([text, said]))


def finding_passages(found: Iterable[Listed]) -> Iterator[Passage]:
    """Where it is, in what was scanned; whether it counts there, and which version mends it."""
    for one in found:
        part = f"{one.component} {one.version}"
        mends = f"Update {part} to {one.fixed}." if one.fixed else f"No version mends {part}."
        state = one.vex.value.replace("_", " ")
        counts = "It counts there." if one.counts else f"VEX has settled it there: {state}."
        # Which image exactly, the place says: what is the same in several is said once.
        where = f"{part} in {one.reference.partition('@')[0]} ({one.platform}) has it."
        yield Passage(Kind.FINDING, one.reference, one.scan, _text([where, counts, mends]))


def statement_passages(findings: Iterable[Finding]) -> Iterator[Passage]:
    """What VEX says of them: the words of the statement that decided, by its issuer."""
    for one in findings:
        why = one.vex_why
        voice = next((one for one in why.voices if one.counts), None) if why else None
        if why is not None and voice is not None:
            text = _text([why.impact, why.action])
            if text:
                yield Passage(Kind.STATEMENT, voice.issuer, voice.document, text)


def running_passage(environment: str, release: str, targets: Iterable[str], place: str) -> Passage:
    """A release with such an image runs there. place: of the deployment."""
    text = f"{release} with such an image runs in {environment} on {', '.join(targets)}."
    return Passage(Kind.RUNNING, environment, place, text)


def answer_of(
    question: str,
    about: str,
    others: Sequence[str],
    passages: Iterable[Passage],
    *,
    unmatched: int = 0,
) -> Answer:
    """The answer that ``passages`` hold. Equal texts in equal order give the same one.

    unmatched: how many scanned images no advisory was held against yet.
    """
    given = tuple(dict.fromkeys(passages))[:_PASSAGES_MAX]
    words = words_of(question)
    told = [one for one in given if one.kind in {Kind.RECORD, Kind.ASSESSMENT}]
    said = [one for one in given if one.kind is Kind.STATEMENT]
    here = [one for one in given if one.kind in {Kind.FINDING, Kind.RUNNING}]
    what = _picked(told, words, lambda text: not _is_of_versions(text))
    touches = [(text, one) for one in here for text in one.text.splitlines()[:_WHERE_LINES]]
    mends = [(text, one) for one in here for text in one.text.splitlines()[_WHERE_LINES:]]
    mends += [(text, one) for one in said for text in sentences(one.text)]
    mends += _picked(
        told, _REMEDY, lambda text: text.startswith("Fixed:") or _speaks_of_remedy(text)
    )
    numbered = _Numbered()
    parts = tuple(numbered.sentences(pairs) for pairs in (what, touches, mends))
    return Answer(
        question=question,
        about=about,
        others=tuple(others),
        what_it_is=parts[0],
        touches_us=parts[1],
        what_to_do=parts[2],
        missing=tuple(_missing(about, parts, unmatched)),
        passages=tuple(numbered.passages),
    )


def unfounded(answer: Answer) -> tuple[Sentence, ...]:
    """The sentences that do not stand word for word in what they cite; an answer with one is not shown."""
    every = (*answer.what_it_is, *answer.touches_us, *answer.what_to_do)
    return tuple(one for one in every if not _is_founded(one, answer.passages))


def sentences(text: str) -> list[str]:
    """The sentences of a text, as they stand in it."""
    return [part for one in text.splitlines() for part in _SENTENCE.split(one.strip()) if part]


def _is_founded(sentence: Sentence, passages: Sequence[Passage]) -> bool:
    return bool(sentence.cites) and all(
        0 < number <= len(passages) and sentence.text in passages[number - 1].text
        for number in sentence.cites
    )


def _picked(
    passages: Sequence[Passage], words: Sequence[str], fits: Callable[[str], bool]
) -> list[tuple[str, Passage]]:
    """A few sentences that speak of ``words``, the best first; where none does, the first ones."""
    found = [(text, one) for one in passages for text in sentences(one.text) if fits(text)]
    ranked = _ranked([text for text, _ in found], words)
    order = dict.fromkeys([*ranked, *range(len(found))])
    chosen: dict[str, tuple[str, Passage]] = {}
    for one in order:
        chosen.setdefault(found[one][0], found[one])
        if len(chosen) == _PICKED_MAX:
            break
    return list(chosen.values())


def _ranked(texts: Sequence[str], words: Sequence[str]) -> list[int]:
    """The numbers of the texts that hold one of the words, the best first."""
    if not texts or not words:
        return []
    asked = " OR ".join(f'"{one}"' for one in (word.replace('"', "") for word in words) if one)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(
            "CREATE VIRTUAL TABLE passage USING fts5(text, tokenize='porter unicode61')"
        )
        database.executemany("INSERT INTO passage (rowid, text) VALUES (?, ?)", enumerate(texts))
        rows = database.execute(
            "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY bm25(passage), rowid",
            (asked,),
        )
        return [int(row[0]) for row in rows]


class _Numbered:
    """Gives passages their numbers, in the order in which they are cited."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []

    def sentences(self, pairs: Iterable[tuple[str, Passage]]) -> tuple[Sentence, ...]:
        """Each sentence once, with all that it stands in."""
        cited: dict[str, list[int]] = {}
        for text, passage in pairs:
            if passage not in self.passages:
                self.passages.append(passage)
            number = self.passages.index(passage) + 1
            if number not in (numbers := cited.setdefault(text, [])):
                numbers.append(number)
        return tuple(Sentence(text, tuple(numbers)) for text, numbers in cited.items())


def _missing(about: str, parts: tuple[tuple[Sentence, ...], ...], unmatched: int) -> Iterator[str]:
    what, touches, mends = parts
    if not about:
        yield "No stored text speaks of that. Name an advisory, such as CVE-2023-43804."
        return
    if not what:
        yield f"No stored text says what {about} is."
    if not touches and not unmatched:
        yield f"{about} is in no image that was scanned; what was not scanned is not known."
    if unmatched:
        yield f"{unmatched} scanned images are not matched yet; whether {about} is in them is not known."
    if not mends:
        yield f"No stored text says what to do about {about}."


def _is_of_versions(text: str) -> bool:
    return text.startswith(("Affected: ", "Fixed: "))


def _speaks_of_remedy(text: str) -> bool:
    lower = text.lower()
    return not _is_of_versions(text) and any(word in lower for word in _REMEDY)


def _text(parts: Iterable[str]) -> str:
    """One line a part: a line ends a sentence, whatever stands at its end."""
    return "\n".join(" ".join(part.split()) for part in parts if part.strip())
