"""An advisory with all its sources, and what stored texts answer about it."""

from collections.abc import Sequence

from stella.advisory import Package, Rating, Record
from stella.api.views.base import View
from stella.finding import outlook
from stella.finding.ask import Answer, Passage, Sentence
from stella.finding.written import WrittenAnswer


class RatingView(View):
    """How bad one source says it is. summary: in its words, or empty."""

    source: str
    severity: str
    cvss: str
    summary: str


class AdvisoryRecordView(View):
    """What one advisory says of one package. affected: its ranges, for people. fixed: versions that mend it.

    ratings: of others, where they differ. dissent: ranges that other sources give under the same id.
    outlook: whether the publisher will mend it, and what else it adds.
    """

    id: str
    aliases: list[str]
    ecosystem: str
    package: str
    severity: str
    cvss: str
    summary: str
    affected: list[str]
    fixed: list[str]
    exploited: bool
    epss_permille: int | None
    outlook: str
    ratings: list[RatingView]
    dissent: list[str]


class AdvisoryView(View):
    """All that the snapshot knows of a vulnerability. assessments: of it itself, in whatever package."""

    name: str
    snapshot: str
    records: list[AdvisoryRecordView]
    assessments: list[RatingView]


class PassageView(View):
    """A stored text that is cited. kind: record, assessment, statement, finding or running.

    source: who says it. place: where it lies.
    """

    number: int
    kind: str
    source: str
    place: str
    text: str


class SentenceView(View):
    """A sentence, word for word as in the passages that it cites."""

    text: str
    cites: list[int]


class AnswerView(View):
    """What stored texts say. about: the vulnerability, empty where none was found; others: that may be meant.

    missing: what they do not answer.
    """

    question: str
    about: str
    others: list[str]
    what_it_is: list[SentenceView]
    touches_us: list[SentenceView]
    what_to_do: list[SentenceView]
    missing: list[str]
    passages: list[PassageView]


class QuoteView(View):
    """Words of a passage, as they stand in it. number: of the passage."""

    number: int
    words: str


class WrittenSentenceView(SentenceView):
    """A sentence of a language model, and the words that it rests on."""

    quotes: list[QuoteView]


class WrittenAnswerView(View):
    """What a language model wrote from stored texts, as far as it stands on them.

    by: the integration that led to it. passages: what it was told. left_out: sentences that did not
    stand on what they quote.
    """

    question: str
    about: str
    by: str
    what_it_is: list[WrittenSentenceView]
    touches_us: list[WrittenSentenceView]
    what_to_do: list[WrittenSentenceView]
    left_out: int
    missing: list[str]
    passages: list[PassageView]


def advisory_view(
    name: str,
    snapshot: str,
    records: list[tuple[Package, Record]],
    assessed: tuple[tuple[Rating, str], ...],
) -> AdvisoryView:
    """An advisory as the API shows it."""
    return AdvisoryView(
        name=name,
        snapshot=snapshot,
        records=[_record_view(*one) for one in records],
        assessments=[_rating_view(rating, text) for rating, text in assessed],
    )


def answer_view(answer: Answer) -> AnswerView:
    """An answer as the API shows it."""
    return AnswerView(
        question=answer.question,
        about=answer.about,
        others=list(answer.others),
        what_it_is=_sentences(answer.what_it_is),
        touches_us=_sentences(answer.touches_us),
        what_to_do=_sentences(answer.what_to_do),
        missing=list(answer.missing),
        passages=[_passage(number, one) for number, one in enumerate(answer.passages, 1)],
    )


def written_view(answer: Answer, written: WrittenAnswer) -> WrittenAnswerView:
    """What a model wrote as the API shows it. answer: what was chosen from the same texts."""

    def shown(sentences: Sequence[Sentence]) -> list[WrittenSentenceView]:
        return [
            WrittenSentenceView(
                text=one.text,
                cites=list(one.cites),
                quotes=[
                    QuoteView(number=quote.number, words=quote.words)
                    for quote in written.quotes[one.text]
                ],
            )
            for one in sentences
        ]

    return WrittenAnswerView(
        question=answer.question,
        about=answer.about,
        by=written.by,
        what_it_is=shown(written.what_it_is),
        touches_us=shown(written.touches_us),
        what_to_do=shown(written.what_to_do),
        left_out=written.left_out,
        missing=list(answer.missing),
        passages=[_passage(number, one) for number, one in enumerate(written.passages, 1)],
    )


def _record_view(package: Package, record: Record) -> AdvisoryRecordView:
    return AdvisoryRecordView(
        id=record.id,
        aliases=list(record.aliases),
        ecosystem=package.ecosystem,
        package=package.name,
        severity=record.severity,
        cvss=record.cvss,
        summary=record.summary,
        affected=[*map(str, record.spans), *record.versions[:_VERSIONS_MAX]],
        fixed=sorted({span.fixed for span in record.spans if span.fixed}),
        exploited=record.kev,
        epss_permille=None if record.epss_ppm is None else record.epss_ppm // 1000,
        outlook=outlook(record),
        ratings=[_rating_view(one, "") for one in record.ratings],
        dissent=list(record.dissent),
    )


_VERSIONS_MAX = 100


def _rating_view(rating: Rating, summary: str) -> RatingView:
    return RatingView(
        source=rating.source, severity=rating.severity, cvss=rating.cvss, summary=summary
    )


def _sentences(found: tuple[Sentence, ...]) -> list[SentenceView]:
    return [SentenceView(text=one.text, cites=list(one.cites)) for one in found]


def _passage(number: int, one: Passage) -> PassageView:
    return PassageView(
        number=number, kind=one.kind.value, source=one.source, place=one.place, text=one.text
    )
