"""People log in by the password that a directory knows: name and password in the usual form."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore

from stella.identity.errors import LoginsBusy
from stella.identity.outside import OutsideAccount, Vouched
from stella.identity.sign_in import KnownSignIn, list_sign_ins
from stella.kernel import Remedy, StellaError
from stella.plugin.contract.core import Kind
from stella.plugin.contract.directory import Directory
from stella.record import Database

_AT_ONCE = 4
_places = Semaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose password it is, by which document. refusal: of a directory that did not answer."""

    known: KnownSignIn | None = None
    vouched: Vouched | None = None
    refusal: StellaError | None = None


def ask_directories(
    database: Database, connected: Callable[[str], Directory], name: str, password: str
) -> Found:
    """One directory after the other, by the names of their documents; the first that knows counts.

    connected: the name of an integration -> its directory. Raises LoginsBusy.
    """
    if not name or not password:
        return Found()
    with database.read() as tx:
        asked = [
            one for one in list_sign_ins(tx) if one.kind is Kind.DIRECTORY and one.sign_in.enabled
        ]
    if not asked:
        return Found()
    with _turn():
        return _ask(asked, connected, name, password)


def is_password_there(
    connected: Callable[[str], Directory],
    known: KnownSignIn,
    account: OutsideAccount,
    password: str,
) -> bool:
    """Whether it is the password of that very person in the directory of the document.

    Raises LoginsBusy, and what the directory raises.
    """
    if not password:
        return False
    with _turn():
        entry = connected(known.sign_in.integration).log_in(account.shown, password)
    return entry is not None and entry.id == account.subject


@contextmanager
def _turn() -> Iterator[None]:
    """One of few that ask at a time. Raises LoginsBusy."""
    if not _places.acquire(blocking=False):
        raise LoginsBusy("too many logins are under way", remedy=Remedy("Try again in a moment."))
    try:
        yield
    finally:
        _places.release()


def _ask(
    asked: list[KnownSignIn], connected: Callable[[str], Directory], name: str, password: str
) -> Found:
    trouble: StellaError | None = None
    for one in asked:
        try:
            entry = connected(one.sign_in.integration).log_in(name, password)
        except StellaError as refusal:
            trouble = refusal
            continue
        if entry is not None:
            roles = one.sign_in.roles_of(entry.groups)
            return Found(one, Vouched(one.issuer, entry.id, entry.name, roles))
    return Found(refusal=trouble)
