"""What is known of a vulnerability, with all its sources; and questions that are answered from that alone."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.advisory import StoredSnapshot
from stella.advisory.errors import SnapshotNotFound, UnknownAdvisory
from stella.api.asked import Asked, Viewer
from stella.api.looking import look
from stella.api.views.advisories import (
    AdvisoryView,
    AnswerView,
    WrittenAnswerView,
    advisory_view,
    answer_view,
    written_view,
)
from stella.api.views.base import Body
from stella.api.views.looking import Looking
from stella.api.views.radius import radius_view
from stella.finding import parse_findings
from stella.finding.ask import (
    QUESTION_MAX,
    Answer,
    Passage,
    answer_of,
    assessment_passages,
    closest,
    finding_passages,
    names_in,
    record_passages,
    running_passage,
    statement_passages,
    unfounded,
)
from stella.finding.facts import AnswerWritten
from stella.finding.index import images_named
from stella.finding.listing import Listed, Wanted, list_findings, summaries
from stella.finding.store import count_unmatched, scan_by_id
from stella.finding.written import as_texts, texts_given, written_answer
from stella.kernel import Digest, Remedy
from stella.plugin.contract.core import Kind
from stella.plugin.contract.language_model import LanguageModel
from stella.record import Tx

router = APIRouter(tags=["advisories"])

_LISTED_MAX = 50
_SCANS_MAX = 20
_SUMMARIES_MAX = 20_000


class NewAnswer(Body):
    """A question, and the integration of a language model that is to answer it."""

    question: Annotated[str, Field(min_length=1, max_length=QUESTION_MAX)]
    written_by: Annotated[str, Field(min_length=1, max_length=80)]


@router.get("/advisories/{name}")
def get_advisory(asked: Viewer, name: str) -> AdvisoryView:
    """What every source says of a CVE or an advisory, and where they disagree."""
    snapshot = _snapshot(asked)
    if snapshot is None:
        raise SnapshotNotFound(
            "this server has no advisories",
            remedy=Remedy("Let it follow feeds: docs/how-to/advisory-feeds.md."),
        )
    records = list(snapshot.named(name))
    return advisory_view(name, snapshot.digest.text, records, snapshot.assessments(name))


@router.get("/answers")
def get_answer(
    asked: Viewer,
    *,
    question: Annotated[
        str, Query(min_length=1, max_length=QUESTION_MAX, description="An id, or a question.")
    ],
) -> AnswerView:
    """What it is, whether it touches what was scanned and runs, what to do: each sentence cited.

    Sentences are chosen from stored texts, never made. No decision rests on it.
    """
    return answer_view(_answer(asked, question)[0])


@router.post("/answers", response_model=WrittenAnswerView)
def post_answer(asked: Viewer, body: NewAnswer) -> Response:
    """The same, written by a language model from the same texts; what does not stand on them is left out.

    The texts go to where the integration leads: names of images and environments are among them. Who
    may ask it is said by its roles.
    """
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    roles = frozenset(role.value for role in asked.principal.roles)
    model: LanguageModel = asked.services.outside.connected(
        Kind.LANGUAGE_MODEL, body.written_by, roles
    )
    answer, passages = _answer(asked, body.question)
    given = texts_given(answer, passages)
    # Nobody is asked about nothing: it could only make something up.
    written = model.write(body.question, as_texts(given)) if given else ()
    told = written_answer(body.written_by, given, written)

    def do(tx: Tx) -> WrittenAnswerView:
        shown = len(told.quotes)
        subject = answer.about or "answer"
        tx.add(AnswerWritten(subject, told.by, len(given), shown, told.left_out))
        return written_view(answer, told)

    return asked.once(do)


def _answer(asked: Asked, question: str) -> tuple[Answer, list[Passage]]:
    """What is chosen from all that is stored about it, and all that."""
    with asked.services.database.read() as tx:
        looking = look(asked, tx)
        named = names_in(question)
        found = named or closest(question, summaries(tx, _SUMMARIES_MAX))
        about = found[0] if found else ""
        passages = list(_passages(asked, looking, about)) if about else []
        unmatched = count_unmatched(tx)
    answer = answer_of(question, about, found[1:], passages, unmatched=unmatched)
    assert not unfounded(answer), "every sentence stands in what it cites"
    return answer, passages


def _passages(asked: Asked, looking: Looking, name: str) -> Iterator[Passage]:
    """All that is stored about ``name``."""
    snapshot = _snapshot(asked)
    if snapshot is not None:
        kept = snapshot.digest.text
        with suppress(UnknownAdvisory):  # what is lacking is said with the answer
            yield from record_passages(kept, snapshot.named(name))
        yield from assessment_passages(kept, name, snapshot.assessments(name))
    listed = list_findings(looking.tx, Wanted(name=name), limit=_LISTED_MAX)
    yield from finding_passages(listed)
    yield from _said(asked, looking, listed)
    radius = radius_view(
        looking, name, images_named(looking.tx, name, limit=_LISTED_MAX), _LISTED_MAX
    )
    for one in radius.runs_in:
        release = f"{one.release.name} {one.release.version}"
        yield running_passage(one.environment, release, one.targets, one.deployment)


def _said(asked: Asked, looking: Looking, listed: tuple[Listed, ...]) -> Iterator[Passage]:
    """The words of VEX about the findings that are listed."""
    wanted = {(one.scan, one.vulnerability, one.purl) for one in listed}
    for scan_id in sorted({one.scan for one in listed})[:_SCANS_MAX]:
        scan = scan_by_id(looking.tx, scan_id)
        if scan is not None and scan.judged is not None:
            known = parse_findings(asked.services.blobs.get(Digest(scan.judged))).findings
            yield from statement_passages(
                one for one in known if (scan_id, one.id, one.purl) in wanted
            )


def _snapshot(asked: Asked) -> StoredSnapshot | None:
    found = asked.services.snapshot()
    assert found is None or isinstance(found, StoredSnapshot)
    return found
