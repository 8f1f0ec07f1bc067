"""Somebody who is logged in proves anew who they are; their session goes on."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update

from stella.identity.authenticate import still_holds
from stella.identity.errors import ImpossibleProof, ProofDenied, TooManyAttempts
from stella.identity.facts import IdentityProven
from stella.identity.login import count_failure, forget_failures, refuse_while_resting
from stella.identity.model import Principal
from stella.identity.outside import OutsideAccount, accounts_of
from stella.identity.passwords import is_password
from stella.identity.sign_in import KnownSignIn, list_sign_ins
from stella.identity.store import token, user_account
from stella.kernel import Remedy, time_text
from stella.plugin.contract.core import Kind
from stella.record import Database, Tx

_RIGHT_ONE = Remedy("Try again.", command="stella reauthenticate")


@dataclass(frozen=True, slots=True)
class Ways:
    """By what somebody can prove who they are. password: of an account here.

    directories: where a password of theirs is known; providers: where they log in. Documents.
    """

    password: str | None
    directories: tuple[tuple[KnownSignIn, OutsideAccount], ...] = ()
    providers: tuple[KnownSignIn, ...] = ()


CheckedBy = Callable[[KnownSignIn, OutsideAccount, str], bool]
"""Document, account, password -> whether a directory knows it as theirs. Handed in from outside."""


def ways_of(tx: Tx, principal: Principal) -> Ways:
    """How who asks can prove who they are; by nothing where it is no session of a person."""
    if not principal.proof.is_session:
        return Ways(None)
    row = tx.row(select(user_account.c.password).where(user_account.c.id == principal.id))
    accounts = {one.issuer: one for one in accounts_of(tx, [principal.id]).get(principal.id, ())}
    asked = [one for one in list_sign_ins(tx) if one.sign_in.enabled and one.issuer in accounts]
    return Ways(
        row["password"] if row is not None else None,
        tuple((one, accounts[one.issuer]) for one in asked if one.kind is Kind.DIRECTORY),
        tuple(one for one in asked if one.kind is Kind.IDENTITY_PROVIDER),
    )


def prove_by_password(
    database: Database, principal: Principal, *, password: str, address: str, checked_by: CheckedBy
) -> str:
    """Who asks gives their password again: from when on that counts, RFC 3339.

    A wrong one counts as a login that failed. Takes the database, as ``log_in`` does.
    Raises ProofDenied, ImpossibleProof, LoginsBusy, and what ``checked_by`` raises.
    """
    with database.read() as tx:
        ways = ways_of(tx, principal)
        _refuse_without_password(principal, ways)
        name = _tried_name(principal, ways)
        try:
            refuse_while_resting(tx, name)
        except TooManyAttempts as refusal:
            raise ProofDenied(str(refusal), remedy=refusal.remedy, **refusal.facts) from None
    by = _known_by(ways, password, checked_by)
    with database.transaction(actor=principal.id) as tx:
        if by is not None and ways_of(tx, principal) == ways and still_holds(tx, principal):
            forget_failures(tx, name)
            return note_proof(tx, principal.id, principal.token, time_text(tx.now), by)
        count_failure(tx, name, principal.id, address)
    raise ProofDenied("the password is wrong", remedy=_RIGHT_ONE)


def note_proof(tx: Tx, user: str, session: str, proven_at: str, by: str) -> str:
    """Remember in the session when its person proved who they are. by: as in the fact."""
    tx.connection.execute(
        update(token).where(token.c.id == session, token.c.tenant == tx.tenant),
        {"proven_at": proven_at},
    )
    tx.add(IdentityProven(user, session, by, proven_at))
    return proven_at


def refuse_no_session(principal: Principal) -> None:
    """Return where who asks logged in. Raises ImpossibleProof."""
    if not principal.proof.is_session:
        raise ImpossibleProof(
            "a token or a machine cannot prove who somebody is: that takes a login",
            remedy=Remedy("Log in as yourself.", command="stella login"),
        )


def _refuse_without_password(principal: Principal, ways: Ways) -> None:
    refuse_no_session(principal)
    if ways.password is None and not ways.directories:
        places = " or ".join(one.sign_in.title for one in ways.providers)
        raise ImpossibleProof(
            f"{principal.name} has no password here",
            remedy=Remedy(
                f"Sign in again at {places}: the console leads you there."
                if places
                else "Log in anew by the way you came.",
            ),
            providers=[one.sign_in.name for one in ways.providers],
        )


def _tried_name(principal: Principal, ways: Ways) -> str:
    """Under which name failures are counted: the one that they are guessed by at the login."""
    return principal.name if ways.password is not None else ways.directories[0][1].shown


def _known_by(ways: Ways, password: str, checked_by: CheckedBy) -> str | None:
    """Who knows the password as theirs. What is ours is told to no directory."""
    if ways.password is not None:
        return "password" if is_password(ways.password, password) else None
    for known, account in ways.directories:
        if checked_by(known, account, password):
            return known.sign_in.name
    return None
