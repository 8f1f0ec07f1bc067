"""Logging in: one answer for every failure, and a pause after too many of them."""

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.exc import IntegrityError

from stella.identity.errors import LoginDenied, TooManyAttempts
from stella.identity.facts import LoginRefused, UserLoggedIn
from stella.identity.model import Person
from stella.identity.passwords import is_password
from stella.identity.store import login_failure, user_account, user_from
from stella.identity.tokens import open_session
from stella.kernel import Remedy, parse_time, time_text
from stella.record import Database, Tx

FREE_FAILURES = 5
_PAUSE_MAX_S = 60
_NOT_SEEN = frozenset({"Mn", "Me", "Cf", "Cc"})
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Login:
    """A session. text: its token, shown once."""

    person: Person
    token: str
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Attempt:
    """is_local: whether the name is that of an account with a password here, disabled or not, however
    it is written: directories do not tell ``Root`` from ``root``.
    """

    user: str | None
    password: str | None
    is_local: bool = False


def log_in(
    database: Database,
    *,
    name: str,
    password: str,
    secret: bytes,
    hours: int,
    address: str,
    outside: Callable[[str, str], Login | None] = lambda _name, _password: None,
) -> Login:
    """A session for the user ``name``, if ``password`` is right.

    outside: (name, password) -> a session by another's word (a directory), for a name that no account
    with a password here has: what is typed for one of ours is told to nobody else.

    Takes the database, not a transaction: comparing passwords takes 0.1 s, which no writer should
    wait for, and a refusal must be stored before it is raised.
    Raises LoginDenied, TooManyAttempts, LoginsBusy, and what ``outside`` raises.
    """
    with database.read() as tx:
        refuse_while_resting(tx, name)
        attempt = _attempt(tx, name)
    good = is_password(attempt.password, password)
    if not good and not attempt.is_local:
        found = outside(name, password)
        if found is not None:
            with database.transaction(actor=found.person.id) as tx:
                forget_failures(tx, name)
            return found
    with database.transaction(actor=attempt.user or "system") as tx:
        # Another attempt may have ended meanwhile, or an administrator changed the user.
        good = good and _attempt(tx, name) == attempt
        if not good:
            count_failure(tx, name, attempt.user, address)
        else:
            return _open(tx, name, secret, hours)
    raise LoginDenied(
        "the name or the password is wrong",
        remedy=Remedy(
            "Try again. If the first administrator's password was lost, on the server's host:",
            command="stella serve --reset-admin",
        ),
    )


def _attempt(tx: Tx, name: str) -> _Attempt:
    is_local = _is_local(tx, name)
    if not (name.isascii() and name.isprintable()):  # nobody here has such a name
        return _Attempt(None, None, is_local)
    query = select(user_account).where(
        user_account.c.tenant == tx.tenant, user_account.c.name == name[:64]
    )
    row = tx.row(query)
    if row is None or row["disabled"]:
        return _Attempt(None, None, is_local)
    return _Attempt(row["id"], row["password"], is_local)


def _is_local(tx: Tx, name: str) -> bool:
    query = select(user_account.c.id).where(
        user_account.c.tenant == tx.tenant,
        user_account.c.name == _plain(name).replace(" ", "")[:64],
        user_account.c.password.is_not(None),
    )
    return tx.row(query) is not None


def _open(tx: Tx, name: str, secret: bytes, hours: int) -> Login:
    forget_failures(tx, name)
    row = tx.row(select(user_account).where(user_account.c.id == tx.actor))
    assert row is not None, "the user was there a moment ago, in this transaction"
    user = user_from(row)
    made = open_session(
        tx, user.id, secret=secret, name="login", hours=hours, proven_at=time_text(tx.now)
    )
    tx.add(UserLoggedIn(user.id, made.id, made.expires_at))
    return Login(user.person, made.id, made.text, made.expires_at)


def refuse_while_resting(tx: Tx, name: str) -> None:
    """Return where that name may be tried now. Raises TooManyAttempts."""
    row = tx.row(select(login_failure).where(_of(tx, name)))
    if row is None or row["failures"] < FREE_FAILURES:
        return
    pause_s = min(2 ** (row["failures"] - FREE_FAILURES), _PAUSE_MAX_S)
    until = parse_time(row["last_at"]) + timedelta(seconds=pause_s)
    if tx.now < until:
        raise TooManyAttempts(
            f"{row['failures']} logins failed in a row; the next is possible at {time_text(until)}",
            remedy=Remedy(f"Wait {pause_s} s."),
            pause_s=pause_s,
        )


def count_failure(tx: Tx, name: str, user: str | None, address: str) -> None:
    """Count a wrong password against the name. user: whose it is, None for nobody's."""
    tx.connection.execute(
        delete(login_failure).where(login_failure.c.last_at < time_text(tx.now - _FORGOTTEN_AFTER))
    )
    _begin_count(tx, name)
    changed = {"failures": login_failure.c.failures + 1, "last_at": time_text(tx.now)}
    tx.connection.execute(update(login_failure).where(_of(tx, name)).values(**changed))
    reason = "wrong password" if user else "no such user"
    tx.add(LoginRefused(user or "unknown", reason, address[:60]))


def forget_failures(tx: Tx, name: str) -> None:
    """The right password came: what was counted against the name is over."""
    tx.connection.execute(delete(login_failure).where(_of(tx, name)))


def _begin_count(tx: Tx, name: str) -> None:
    """Another attempt may begin to count at the same moment."""
    values = {"tenant": tx.tenant, "name_digest": _digest(name), "failures": 0}
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(login_failure.insert(), {**values, "last_at": time_text(tx.now)})
    except IntegrityError:
        return


def _of(tx: Tx, name: str) -> ColumnElement[bool]:
    return and_(
        login_failure.c.tenant == tx.tenant,
        login_failure.c.name_digest == _digest(name),
    )


def _digest(name: str) -> str:
    return hashlib.sha256(_plain(name).encode()).hexdigest()


def _plain(name: str) -> str:
    """One text for every spelling that some directory takes for the same name.

    They prepare names before they compare them (RFC 4518): other forms of a letter, case, spaces and
    what cannot be seen count for nothing, with some of them accents too. Else each spelling would
    have guesses of its own.
    """
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    seen = (one for one in letters if one.isspace() or unicodedata.category(one) not in _NOT_SEEN)
    return " ".join("".join(seen).split())
