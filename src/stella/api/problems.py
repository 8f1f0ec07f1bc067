"""Every refusal as a problem document, RFC 9457; every bug as one without its insides."""

import logging
from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stella.api.errors import InternalError, InvalidRequest, UnknownRoute
from stella.kernel import Remedy, StellaError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("stella.api")
_ERRORS_MAX = 20


def problem_response(
    error: StellaError, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """``error`` as an HTTP response."""
    content = error.problem()
    content["status"] = status or error.status
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    if content["status"] == 401:
        all_headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status or error.status, all_headers, MEDIA_TYPE)


def add_handlers(app: FastAPI, is_route: Callable[[str], bool]) -> None:
    """Let ``app`` answer refusals, malformed requests and unknown paths with problems.

    is_route: whether a path of the API has some method; the console's own takes every path.
    """

    @app.exception_handler(StellaError)
    def refused(_request: Request, error: StellaError) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(invalid(error))

    @app.exception_handler(HTTPException)
    def unknown(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:
            refusal: StellaError = InvalidRequest(
                "the request's body cannot be read", remedy=Remedy("Send JSON in UTF-8.")
            )
            return problem_response(refusal, status=400)
        path = request.url.path
        refusal = UnknownRoute(
            f"there is no {request.method} {path[:200]}",
            remedy=Remedy("Every path stands in /api/v1/openapi.json."),
        )
        if path.startswith("/api") and not is_route(path):
            return problem_response(refusal)
        return problem_response(refusal, status=error.status_code, headers=error.headers)


def invalid(error: RequestValidationError) -> InvalidRequest:
    """What is wrong where. What was sent is not repeated: it may be a password."""
    found = [
        {"place": ".".join(map(str, one["loc"])), "message": str(one["msg"])}
        for one in error.errors()[:_ERRORS_MAX]
    ]
    first = found[0] if found else {"place": "body", "message": "not understood"}
    return InvalidRequest(
        f"the request is not of the documented form: {first['place']}: {first['message']}",
        remedy=Remedy("Its form stands in /api/v1/openapi.json."),
        errors=found,
    )


def internal(incident: str, error: Exception) -> InternalError:
    """Log a bug under ``incident``; what the caller is told of it."""
    _log.error("incident %s", incident, exc_info=error)
    return InternalError(
        "the server has a bug, and this ran into it",
        remedy=Remedy("Report it with the incident's id and the server's log of that moment."),
        incident=incident,
    )
