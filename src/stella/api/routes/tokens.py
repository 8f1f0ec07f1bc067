"""Tokens for programs."""

from fastapi import APIRouter, Response

from stella.api.asked import Viewer
from stella.api.views.base import Page
from stella.api.views.identity import MadeTokenView, NewToken, TokenView
from stella.identity import list_tokens, make_token, people, revoke_token
from stella.identity.tokens import SECRET_BYTES
from stella.record import Tx

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("")
def get_tokens(asked: Viewer) -> Page[TokenView]:
    """Tokens that still hold, newest first: one's own; an administrator's list has all."""
    with asked.read() as tx:
        rows = list_tokens(tx, asked.principal)
        owners = people(tx, [row.user for row in rows])
    return Page(items=[TokenView.of(row, owners[row.user]) for row in rows])


@router.post("", status_code=201, response_model=MadeTokenView)
def post_token(asked: Viewer, body: NewToken) -> Response:
    """Make a token that may do no more than who asks; it is shown this once."""

    def do(tx: Tx) -> MadeTokenView:
        made = make_token(
            tx,
            asked.principal,
            secret=asked.services.random(SECRET_BYTES),
            name=body.name,
            user=body.user,
            roles=body.roles,
            days=body.expires_in_days,
        )
        return MadeTokenView.of(made)

    return asked.once(do, status=201, is_secret=True)


@router.delete("/{token}", status_code=204)
def delete_token(asked: Viewer, token: str) -> Response:
    """End a token: one's own, or anybody's for an administrator."""
    return asked.once(lambda tx: revoke_token(tx, asked.principal, token), status=204)
