"""Accounts of people whom an outside word lets in: found by issuer and id, never by a name."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from stella.identity.addresses import note_address
from stella.identity.errors import AccountTaken, NoSuchUser, SignInRefused, UserExists
from stella.identity.facts import AccountLinked, AccountUnlinked, UserSignedIn
from stella.identity.login import Login
from stella.identity.login_documents import unknown_login
from stella.identity.model import Role, User
from stella.identity.sign_in import KIND, KnownSignIn, hold_sign_in
from stella.identity.store import outside_account
from stella.identity.tokens import open_session
from stella.identity.users import change_user, create_user, end_everything, user_of
from stella.kernel import Remedy, parse_time, time_text
from stella.plugin.contract.core import Kind
from stella.record import Database, Tx

_STRANGE = re.compile(r"[^a-z0-9._-]+")
_NAME_MAX = 36
_PLACE_MAX = 22
_NAMES_MAX = 100
_TEXT_MAX = 255


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom a provider or directory vouches for. subject: their id there, which never changes.

    name: what they are called there; for people to read, and for nothing else. proven_at: when they
    proved it there; None where that is not said. email: verified there as theirs; empty for none.
    """

    issuer: str
    subject: str
    name: str
    roles: tuple[Role, ...]
    proven_at: datetime | None = None
    email: str = ""


@dataclass(frozen=True, slots=True)
class OutsideAccount:
    """Which user somebody is. is_linked: an administrator said so; else the account was made."""

    issuer: str
    subject: str
    sign_in: str
    user: str
    shown: str
    is_linked: bool
    last_at: datetime


def admit(
    database: Database, known: KnownSignIn, vouched: Vouched, *, secret: bytes, hours: int
) -> Login:
    """A session for who is vouched for; an account is made where the document says so.

    Roles are what groups say today, but for an account that an administrator linked: it keeps its own.
    Raises SignInRefused, also where the document is no longer what ``known`` was: who came by it
    then is asked again by what it says now.
    """
    try:
        user = _ready(database, known, vouched)
    except IntegrityError:  # they came by two ways at this moment, and are there now
        user = _ready(database, known, vouched)
    with database.transaction(actor=user) as tx:
        _refuse_changed(tx, known)
        found = user_of(tx, user)
        if vouched.email:
            note_address(tx, user, vouched.email)
        if not found.disabled:
            made = open_session(
                tx,
                user,
                secret=secret,
                name=known.sign_in.name,
                hours=hours,
                proven_at=_proven_at(tx, known, vouched),
            )
            tx.add(UserSignedIn(user, known.sign_in.name, vouched.issuer, made.id, made.expires_at))
            return Login(found.person, made.id, made.text, made.expires_at)
    raise refused_sign_in("the account here is disabled")


def link_account(
    tx: Tx, user: str, known: KnownSignIn, subject: str, *, is_made: bool = False, shown: str = ""
) -> None:
    """Let who has that id there be this user here.

    Raises NoSuchUser, AccountTaken, UnknownLogin where the document's integration is gone or off.
    """
    if not known.issuer:
        raise unknown_login(KIND, known.sign_in.name)
    found = user_of(tx, user)
    row = tx.row(select(outside_account).where(*_of(tx, known.issuer, subject)))
    if row is not None:
        if row["user"] == found.id:
            return
        raise AccountTaken(
            "whoever has that id there has another account here",
            remedy=Remedy("Unlink that one first.", command="stella user unlink NAME"),
            user=row["user"],
        )
    tx.connection.execute(
        outside_account.insert(),
        {
            "tenant": tx.tenant,
            "digest": _digest(known.issuer, subject),
            "issuer": known.issuer[:_TEXT_MAX],
            "subject": subject[:_TEXT_MAX],
            "sign_in": known.sign_in.name,
            "user": found.id,
            "shown": shown[:_TEXT_MAX],
            "is_linked": not is_made,
            "made_at": time_text(tx.now),
            "last_at": time_text(tx.now),
        },
    )
    tx.add(AccountLinked(found.id, known.sign_in.name, known.issuer, subject[:_TEXT_MAX], is_made))


def unlink_account(tx: Tx, user: str) -> None:
    """Nobody gets in as that user by an outside word any more; what was opened by it ends.

    Raises NoSuchUser where it is no user, or nobody's.
    """
    found = user_of(tx, user)
    accounts = accounts_of(tx, [found.id]).get(found.id, ())
    if not accounts:
        raise NoSuchUser(
            f"{found.name} is let in by no outside word", remedy=Remedy("See `stella user list`.")
        )
    tx.connection.execute(
        delete(outside_account).where(
            outside_account.c.tenant == tx.tenant, outside_account.c.user == found.id
        )
    )
    end_everything(tx, found.id)
    for one in accounts:
        tx.add(AccountUnlinked(found.id, one.sign_in, one.subject))


def accounts_of(tx: Tx, users: list[str]) -> dict[str, tuple[OutsideAccount, ...]]:
    """User -> whom they are outside. One query."""
    found: dict[str, tuple[OutsideAccount, ...]] = {}
    query = select(outside_account).where(
        outside_account.c.tenant == tx.tenant, outside_account.c.user.in_(users)
    )
    for row in tx.rows(query.order_by(outside_account.c.made_at)):
        found[row["user"]] = (*found.get(row["user"], ()), _account(row))
    return found


def account_of(tx: Tx, issuer: str, subject: str) -> OutsideAccount | None:
    """Which user somebody is; None for who was never here."""
    row = tx.row(select(outside_account).where(*_of(tx, issuer, subject)))
    return None if row is None else _account(row)


def refused_sign_in(why: str) -> SignInRefused:
    """The refusal of an outside word; ``why`` is for the record, and is told to nobody."""
    refusal = SignInRefused(
        "the sign-in was refused",
        remedy=Remedy("Try again; if it stays so, an administrator sees why in the audit."),
    )
    refusal.add_note(why)
    return refusal


def _ready(database: Database, known: KnownSignIn, vouched: Vouched) -> str:
    """The user, with the roles of today. Raises SignInRefused, IntegrityError."""
    why = ""
    with database.transaction(actor="system") as tx:
        _refuse_changed(tx, known)
        row = tx.row(
            select(outside_account)
            .where(*_of(tx, vouched.issuer, vouched.subject))
            .with_for_update()
        )
        if row is not None and row["is_linked"]:
            _seen(tx, known, vouched)
            return str(row["user"])
        if not vouched.roles:
            why = "no group of theirs has a role here"
            if row is not None:
                end_everything(tx, row["user"])
        elif row is not None:
            _seen(tx, known, vouched)
            if user_of(tx, row["user"]).roles != vouched.roles:
                change_user(tx, row["user"], roles=vouched.roles)
            return str(row["user"])
        elif not known.sign_in.makes_accounts:
            why = "they have no account here, and the document makes none"
        else:
            user = _make(tx, known, vouched)
            link_account(tx, user.id, known, vouched.subject, is_made=True, shown=vouched.name)
            return user.id
    raise refused_sign_in(why)


def _refuse_changed(tx: Tx, known: KnownSignIn) -> None:
    """Return where what let them in is what it was when they were asked. Raises SignInRefused."""
    if not known.sign_in.enabled or known.kind is None or not hold_sign_in(tx, known):
        raise refused_sign_in("the document or its integration was changed while they logged in")


def _proven_at(tx: Tx, known: KnownSignIn, vouched: Vouched) -> str | None:
    """A directory was given the password a moment ago; a provider may have known them for days."""
    if known.kind is Kind.DIRECTORY:
        return time_text(tx.now)
    return None if vouched.proven_at is None else time_text(min(vouched.proven_at, tx.now))


def _seen(tx: Tx, known: KnownSignIn, vouched: Vouched) -> None:
    values = {
        "last_at": time_text(tx.now),
        "shown": vouched.name[:_TEXT_MAX],
        "sign_in": known.sign_in.name,
    }
    tx.connection.execute(
        update(outside_account).where(*_of(tx, vouched.issuer, vouched.subject)), values
    )


def _make(tx: Tx, known: KnownSignIn, vouched: Vouched) -> User:
    """``ana@company``: never the name of somebody who is here already."""
    plain = _STRANGE.sub("-", vouched.name.lower().partition("@")[0]).strip("._-")[:_NAME_MAX]
    base, place = plain or "somebody", known.sign_in.name[:_PLACE_MAX]
    for number in range(1, _NAMES_MAX):
        name = f"{base}{'' if number == 1 else f'-{number}'}@{place}"
        try:
            return create_user(tx, name=name, roles=vouched.roles)
        except UserExists:
            continue
    raise refused_sign_in(f"{_NAMES_MAX} accounts here are called {base}@{place}")


def _of(tx: Tx, issuer: str, subject: str) -> tuple[Any, ...]:
    return (
        outside_account.c.tenant == tx.tenant,
        outside_account.c.digest == _digest(issuer, subject),
    )


def _digest(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def _account(row: Mapping[Any, Any]) -> OutsideAccount:
    return OutsideAccount(
        issuer=row["issuer"],
        subject=row["subject"],
        sign_in=row["sign_in"],
        user=row["user"],
        shown=row["shown"],
        is_linked=bool(row["is_linked"]),
        last_at=parse_time(row["last_at"]),
    )
