"""Passwords: Argon2id, outside of any transaction, the same work for users who do not exist."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Semaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from stella.identity.errors import LoginsBusy, MalformedUser
from stella.kernel import Remedy

PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 256

_HASHER = PasswordHasher()
_AT_ONCE = 2
_WAITING_MAX = 6
_comparing = Semaphore(_AT_ONCE)
_places = Semaphore(_AT_ONCE + _WAITING_MAX)


def hash_password(password: str) -> str:
    """Argon2id of ``password`` in its own text form: about 0.1 s and 64 MB.

    Raises MalformedUser for one that is too short or too long.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise MalformedUser(
            f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters",
            remedy=Remedy("Choose a longer one; a sentence will do."),
        )
    return _HASHER.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``. Without one, the same work and no.

    Raises LoginsBusy.
    """
    if len(password) > PASSWORD_LENGTH_MAX:
        password = ""
    with _turn():
        try:
            _HASHER.verify(stored or _nobodys(), password)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


@contextmanager
def _turn() -> Iterator[None]:
    """One of few: anybody may ask for a comparison, and each takes 64 MB and a core.

    Waiting costs a thread of the server too, so that few may wait. Raises LoginsBusy.
    """
    if not _places.acquire(blocking=False):
        raise LoginsBusy(
            "too many logins are under way",
            remedy=Remedy("Try again in a moment; who is logged in already is not affected."),
        )
    try:
        with _comparing:
            yield
    finally:
        _places.release()


@cache
def _nobodys() -> str:
    """The hash that unknown users are compared with; nobody's password fits it."""
    return _HASHER.hash("nobody has this password")
