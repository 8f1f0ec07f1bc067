"""Who asks, by what right, and how their request is answered once."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from stella.api.errors import Changed, ForeignOrigin, InvalidRequest
from stella.api.idempotency import KEY_LENGTH_MAX, Answer, Key, earlier_answer, keep_answer
from stella.api.services import Services
from stella.api.views.base import View
from stella.identity import Permission, Principal, TokenRefused, authenticate, record_refusal
from stella.kernel import Remedy
from stella.record import Tx

COOKIE = "stella_session"
BODY_DIGEST = "stella_body_digest"
"""Where the edge leaves the SHA-256 of the request's body, in the ASGI scope."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOGIN = Remedy("Log in, or send a token: Authorization: Bearer st_...", command="stella login")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request by somebody who may make it."""

    services: Services
    principal: Principal
    key: Key | None
    if_match: str | None

    @property
    def roles(self) -> frozenset[str]:
        """Of who asks, as integrations name them."""
        return frozenset(one.value for one in self.principal.roles)

    @property
    def may_allow_any(self) -> bool:
        """Whether who asks may let integrations use every built-in secret."""
        return Permission.SECRET_ALLOW in self.principal.permissions

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One consistent view of the records."""
        with self.services.database.read() as tx:
            yield tx

    def once(
        self, do: Callable[[Tx], View | None], *, status: int = 200, is_secret: bool = False
    ) -> Response:
        """Do it in one transaction and answer; the same request again is answered the same.

        is_secret: the answer shows something that must not be kept; a repetition is refused.
        """
        with self.services.database.transaction(actor=self.principal.id) as tx:
            answer = earlier_answer(tx, self.key) if self.key is not None else None
            if answer is None:
                made = do(tx)
                content = made.model_dump_json(by_alias=True) if made is not None else ""
                answer = Answer(status, content, made.etag if made is not None else "")
                if self.key is not None:
                    keep_answer(tx, self.key, answer, is_secret=is_secret)
        return _response(answer)

    def earlier(self) -> Response | None:
        """The answer to the same request before, for what asks the outside world first.

        Raises KeyReused, SecretShownOnce.
        """
        if self.key is None:
            return None
        with self.services.database.transaction(actor=self.principal.id) as tx:
            answer = earlier_answer(tx, self.key)
        return None if answer is None else _response(answer)

    def must(self, permission: Permission, place: str) -> None:
        """Return where who asks has that permission as well. Raises PermissionDenied."""
        if permission not in self.principal.permissions:
            with self.services.database.transaction(actor=self.principal.id) as tx:
                denied = record_refusal(tx, self.principal, permission, place)
            raise denied

    def revision(self) -> int | None:
        """The revision that If-Match names; None where it names none. Raises Changed."""
        if self.if_match is None or self.if_match.strip() == "*":
            return None
        text = self.if_match.strip().strip('"')
        if not text.isdecimal() or len(text) > 15:
            raise Changed(
                "If-Match names no revision of this",
                remedy=Remedy("Send the ETag as it was received."),
            )
        return int(text)


class Needs:
    """The dependency that every route but the public ones has: somebody with that permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request) -> Asked:
        """Who asks. Raises TokenRefused, PermissionDenied, ForeignOrigin."""
        services: Services = request.app.state.services
        token, is_cookie = _token(request)
        if is_cookie and request.method not in _SAFE:
            refuse_other_sites(request, services)
        with services.database.read() as tx:
            principal = authenticate(tx, token)
        asked = Asked(services, principal, _key(request), request.headers.get("if-match"))
        asked.must(self.permission, f"{request.method} {request.url.path}")
        return asked


def needs(permission: Permission) -> Any:
    """What stands in the annotation of a route's ``asked``, beside its type."""
    return Depends(Needs(permission))


Viewer: TypeAlias = Annotated[Asked, needs(Permission.VIEW)]
"""Anybody who is logged in: every role may view."""


def refuse_other_sites(request: Request, services: Services) -> None:
    """Return where the request comes from our own pages. Raises ForeignOrigin.

    Browsers send Sec-Fetch-Site, older ones Origin; what sends neither is no browser of today, and
    has no business with a cookie.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        is_own = site == "same-origin"
    elif origin is not None:
        is_own = urlsplit(origin).netloc in {
            request.headers.get("host"),
            urlsplit(services.url).netloc,
        }
    else:
        is_own = False
    if not is_own:
        raise ForeignOrigin(
            "the request comes from another site",
            remedy=Remedy("Programs send a token: Authorization: Bearer st_..."),
        )


def _token(request: Request) -> tuple[str, bool]:
    """The token, and whether the browser sent it by itself."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if value:
        if scheme.lower() != "bearer":
            raise TokenRefused("that is no bearer token", remedy=_LOGIN)
        return value.strip(), False
    cookie = request.cookies.get(COOKIE)
    if cookie:
        return cookie, True
    raise TokenRefused("nobody is logged in", remedy=_LOGIN)


def _key(request: Request) -> Key | None:
    text = request.headers.get("idempotency-key")
    if text is None or request.method in _SAFE:
        return None
    if not 0 < len(text) <= KEY_LENGTH_MAX:
        raise InvalidRequest(
            f"an Idempotency-Key has 1 to {KEY_LENGTH_MAX} characters",
            remedy=Remedy("Use a random UUID."),
        )
    about = f"{request.method} {request.url.path}?{request.url.query} {request.scope[BODY_DIGEST]}"
    return Key(text, hashlib.sha256(about.encode()).hexdigest())


def _response(answer: Answer) -> Response:
    headers = {"ETag": answer.etag} if answer.etag else None
    if not answer.content:
        return Response(status_code=answer.status, headers=headers)
    return Response(answer.content, answer.status, headers, "application/json")
