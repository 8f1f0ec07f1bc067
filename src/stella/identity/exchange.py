"""An issuer's token for one of ours (RFC 8693): a machine logs in, and no secret is stored anywhere."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, Semaphore

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from stella.identity.errors import (
    AssertionNotForUs,
    AssertionUsed,
    ExchangesBusy,
    UntrustedAssertion,
)
from stella.identity.facts import ExchangeRefused, TokenExchanged
from stella.identity.jwks import KeyBook, KeySet
from stella.identity.jwt import LEEWAY, Unverified, Verified, read_unverified, verify
from stella.identity.login_documents import (
    KnownMachineLogin,
    hold_document,
    issuer_of,
    list_machine_logins,
)
from stella.identity.machine_login import KIND, MachineLogin
from stella.identity.machines import machine_id, machine_name, seen_machine
from stella.identity.model import Person, Role
from stella.identity.store import used_assertion
from stella.identity.tokens import open_machine_session
from stella.kernel import Json, Now, Remedy, StellaError, time_text
from stella.record import Database, Tx

_AT_ONCE = 8
_RECORDED_MAX = 30
_RECORDED_SPAN = timedelta(minutes=1)
_VALUE_MAX = 255


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a machine was given. text: its token, shown once. login: the document that took it."""

    person: Person
    login: str
    token: str
    text: str
    roles: tuple[Role, ...]
    expires_at: datetime
    span: timedelta


class Exchanges:
    """What is kept between two exchanges: keys of issuers, and how many refusals were recorded.

    Anybody may send tokens. What that costs is bounded: so many at once, so many facts a minute, and
    each issuer is asked for keys so often. Nobody is locked out by what others send.
    """

    def __init__(self, book: KeyBook, now: Now) -> None:
        self.book = book
        self._now = now
        self._machines, self._people = Semaphore(_AT_ONCE), Semaphore(_AT_ONCE)
        self._lock = Lock()
        self._began_at: datetime | None = None
        self._recorded = 0
        self._unrecorded = 0

    @contextmanager
    def turn(self, *, is_person: bool = False) -> Iterator[None]:
        """One of few; a provider that people wait for holds up no machine. Raises ExchangesBusy."""
        places = self._people if is_person else self._machines
        if not places.acquire(blocking=False):
            raise ExchangesBusy(
                "too many tokens are being exchanged", remedy=Remedy("Try again in a moment.")
            )
        try:
            yield
        finally:
            places.release()

    def may_record(self) -> int | None:
        """How many refusals went unrecorded before this one; None where this is one more."""
        now = self._now()
        with self._lock:
            if self._began_at is None or now - self._began_at >= _RECORDED_SPAN:
                self._began_at, self._recorded = now, 0
            if self._recorded >= _RECORDED_MAX:
                self._unrecorded += 1
                return None
            self._recorded += 1
            unrecorded, self._unrecorded = self._unrecorded, 0
            return unrecorded


@dataclass(frozen=True, slots=True)
class _Given:
    """A token as it came. notes: what only the record is told of why it was refused."""

    text: str
    told: Unverified
    now: datetime
    notes: list[str]


def exchange(
    database: Database,
    exchanges: Exchanges,
    text: str,
    *,
    secret: bytes,
    address: str,
    login: str | None = None,
) -> Exchanged:
    """A token of ours for ``text``, a token of an issuer that a MachineLogin names.

    login: the document that is meant, where several take the same claims. Takes the database, not a
    transaction: keys may have to be fetched, and a refusal must be stored before it is raised.
    Raises MalformedAssertion, UntrustedAssertion, AssertionOutOfTime, AssertionNotForUs,
    AssertionUsed, UnusableKeys, ExchangesBusy, and what fetching keys raises.
    """
    with exchanges.turn():
        issuer, notes = "", list[str]()
        try:
            told = read_unverified(text)
            with database.read() as tx:
                candidates = _candidates(tx, told.issuer, login)
                given = _Given(text, told, tx.now, notes)
            if not candidates:
                raise UntrustedAssertion(
                    "the token is not believed: no machine login here names its issuer",
                    remedy=Remedy("Apply a MachineLogin for that issuer."),
                )
            issuer = told.issuer
            chosen, verified = _verified(exchanges.book, given, candidates)
            return _admit(database, text, chosen, verified, secret)
        except StellaError as refusal:
            detail = "; ".join([str(refusal), *notes])
            _record(database, exchanges, detail, code=refusal.code, issuer=issuer, address=address)
            raise


def _candidates(tx: Tx, issuer: str, login: str | None) -> list[KnownMachineLogin]:
    return [
        one
        for one in list_machine_logins(tx)
        if one.login.enabled
        and (login is None or one.login.name == login)
        and issuer_of(tx, one.login) == issuer
    ]


def _verified(
    book: KeyBook, given: _Given, candidates: list[KnownMachineLogin]
) -> tuple[KnownMachineLogin, Verified]:
    """The one document that takes the token, and what it says."""
    issuer, now = given.told.issuer, given.now
    taking: list[tuple[KnownMachineLogin, Verified]] = []
    refusals: list[StellaError] = []
    for one in candidates:
        login = one.login
        try:
            keys = _keys(book, login, given.told)
            verified = verify(given.text, keys, issuer=issuer, audience=login.audience, now=now)
        except StellaError as refusal:
            refusals.append(refusal)
            continue
        strange = login.strange(verified.claims)
        if strange:
            given.notes.append(f"{login.name} wants another {', '.join(strange)}")
            refusals.append(_not_for_us("no machine login takes its claims"))
        else:
            taking.append((one, verified))
    if len(taking) == 1:
        return taking[0]
    if taking:
        names = ", ".join(known.login.name for known, _ in taking)
        raise AssertionNotForUs(
            f"several machine logins take the token: {names}",
            remedy=Remedy("Say which one is meant.", command="stella login --machine NAME"),
        )
    raise _most_telling(refusals)


def _most_telling(refusals: list[StellaError]) -> StellaError:
    """One of several: whether claims did not fit says more than that another key did not."""
    order = {"ST-IDN-016": 0, "ST-IDN-015": 1}
    return min(refusals, key=lambda one: order.get(one.code, 2))


def _keys(book: KeyBook, login: MachineLogin, told: Unverified) -> KeySet:
    pinned = login.pinned
    if pinned is not None:
        return pinned
    return book.keys(login.integration, told.issuer, told.algorithm, told.kid)


def _admit(
    database: Database, text: str, known: KnownMachineLogin, verified: Verified, secret: bytes
) -> Exchanged:
    login = known.login
    name = machine_name(login, verified)
    actor = machine_id(login.name, name)
    with database.transaction(actor=actor) as tx:
        hold_document(tx, KIND, login.name)
        now_known = [one for one in list_machine_logins(tx) if one.login.name == login.name]
        if now_known != [known] or issuer_of(tx, login) != verified.issuer:
            raise _not_for_us("the document was changed at this moment")
        use_up(tx, text, verified)
        seen_machine(tx, actor, login=login.name, name=name, issuer=verified.issuer)
        made = open_machine_session(
            tx, actor, secret=secret, name=login.name, roles=login.roles, span=login.span
        )
        tx.add(
            TokenExchanged(
                actor,
                login=login.name,
                issuer=verified.issuer,
                issuer_subject=verified.subject,
                claims=_used(login, verified.claims),
                token=made.id,
                roles=tuple(role.value for role in login.roles),
                expires_at=made.expires_at,
            )
        )
    person = Person(actor, name, login.roles)
    return Exchanged(
        person, login.name, made.id, made.text, login.roles, made.expires_at, login.span
    )


def use_up(tx: Tx, text: str, verified: Verified) -> None:
    """Each token is taken once: what was read in a log afterwards opens nothing.

    Raises AssertionUsed.
    """
    about = f"{verified.issuer}\n{verified.id}" if verified.id else _signed(text)
    row = {
        "tenant": tx.tenant,
        "digest": hashlib.sha256(about.encode()).hexdigest(),
        "expires_at": time_text(verified.expires_at + LEEWAY),
    }
    old = used_assertion.c.expires_at < time_text(tx.now)
    tx.connection.execute(delete(used_assertion).where(old))
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(used_assertion.insert(), row)
    except IntegrityError:
        pass
    else:
        return
    raise AssertionUsed(
        "the token was exchanged before",
        remedy=Remedy("Exchange it once and keep what it gives, or ask the issuer for another."),
    )


def _signed(text: str) -> str:
    """What the signature is over: of some algorithms, one text has many valid signatures."""
    return text.rpartition(".")[0]


def _used(login: MachineLogin, claims: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(claims[name])[:_VALUE_MAX] for name in login.claims}


def _record(
    database: Database, exchanges: Exchanges, told: str, *, code: str, issuer: str, address: str
) -> None:
    unrecorded = exchanges.may_record()
    if unrecorded is not None:
        with database.transaction(actor="system") as tx:
            subject = issuer or "unknown"
            tx.add(ExchangeRefused(subject, code, told[:500], address[:60], unrecorded))


def _not_for_us(why: str) -> AssertionNotForUs:
    return AssertionNotForUs(
        f"the token lets nobody in: {why}",
        remedy=Remedy("Compare the job with the MachineLogin; the audit has each refusal."),
    )
