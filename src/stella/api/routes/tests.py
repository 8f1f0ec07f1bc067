"""Test results: handed in by CI, found beside images, withdrawn."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.api.asked import Asked, Viewer
from stella.api.looking import Cursor, Limit, Scanner, WaiverApprover, after_of, page
from stella.api.views.base import Body, Page
from stella.api.views.tests import TestResultView, test_result_view
from stella.kernel import Digest
from stella.promotion.known.tested_now import heard_of
from stella.record import Tx
from stella.tested.apply import take_test_result, withdraw_test_result
from stella.tested.store import Taken, find_taken, list_results
from stella.vex.standing import issuers_now

router = APIRouter(tags=["tests"])


class NewTestResult(Body):
    """A statement exactly as it is: in a Sigstore bundle, or bare. Of a bare one you are the word."""

    document: str


class TestWithdrawal(Body):
    """Why it counts no more."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


@router.post("/test-results", status_code=201, response_model=TestResultView)
def post_test_result(asked: Scanner, body: NewTestResult) -> Response:
    """Hand in the result of tests of an image; what waits with that image is judged anew."""

    def do(tx: Tx) -> TestResultView:
        taken = take_test_result(
            tx,
            asked.services.blobs,
            body.document.encode(),
            own_keys=asked.services.deciding.own_keys,
        )
        return _view(asked, tx, taken)

    return asked.once(do, status=201)


@router.get("/test-results")
def get_test_results(
    asked: Viewer,
    *,
    image: Annotated[str | None, Query(description="Digest of an index or platform.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[TestResultView]:
    """Results of tests, the newest first, the withdrawn ones among them."""
    with asked.read() as tx:
        rows = list_results(tx, image=image, after=after_of(cursor), limit=limit)
        return page(rows, limit, lambda one: _view(asked, tx, one), lambda one: one.id)


@router.get("/test-results/{result}")
def get_test_result(asked: Viewer, result: str) -> TestResultView:
    """One result."""
    with asked.read() as tx:
        return _view(asked, tx, find_taken(tx, result))


@router.get(
    "/test-results/{result}/document",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def get_test_result_document(asked: Viewer, result: str) -> Response:
    """The statement, exactly as it came."""
    with asked.read() as tx:
        found = find_taken(tx, result)
    return Response(asked.services.blobs.get(Digest(found.document)), media_type="application/json")


@router.post("/test-results/{result}/withdraw", response_model=TestResultView)
def post_test_result_withdrawal(
    asked: WaiverApprover, result: str, body: TestWithdrawal
) -> Response:
    """Let a result count no more; what was decided with it stays proven.

    Who withdraws a failed one lets an objection go, as who approves a waiver does.
    """
    services = asked.services

    def do(tx: Tx) -> TestResultView:
        ended = withdraw_test_result(
            tx, services.blobs, result, body.reason, own_keys=services.deciding.own_keys
        )
        return _view(asked, tx, ended)

    return asked.once(do)


def _view(asked: Asked, tx: Tx, taken: Taken) -> TestResultView:
    deciding = asked.services.deciding
    issuers = issuers_now(tx, deciding.own_keys)
    heard = heard_of(asked.services.blobs, taken.document, issuers)
    return test_result_view(taken, heard, deciding.person_of(tx, taken.by))
