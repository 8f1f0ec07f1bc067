"""What happens to users and tokens. No fact holds a password or a token."""

from dataclasses import dataclass
from datetime import datetime

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class UserCreated(Fact):
    """An account was made. subject: the user."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserChanged(Fact):
    """Roles, password or the account's state changed. roles, disabled: as they are now."""

    roles: tuple[str, ...]
    disabled: bool
    password_changed: bool


@dataclass(frozen=True, slots=True)
class UserLoggedIn(Fact):
    """A user gave the right password. token: the session that began."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LoginRefused(Fact):
    """A login failed. subject: the user, or ``unknown`` where no such user is there."""

    reason: str
    address: str


@dataclass(frozen=True, slots=True)
class IdentityProven(Fact):
    """Somebody proved anew who they are, in a session that goes on. subject: the user.

    proven_at: when; by a provider, as that says. by: ``password``, or the name of the document by which
    they did. token: the session.
    """

    token: str
    by: str
    proven_at: str


@dataclass(frozen=True, slots=True)
class AddressAdded(Fact):
    """Commits with an address are this user's. subject: digest of the address, which is nobody's to read."""

    user: str


@dataclass(frozen=True, slots=True)
class AddressRemoved(Fact):
    """Commits with an address are this user's no more. subject: as of ``AddressAdded``."""

    user: str


@dataclass(frozen=True, slots=True)
class TokenCreated(Fact):
    """A token was made. roles: empty where it has its owner's."""

    user: str
    name: str
    roles: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenRevoked(Fact):
    """A token ended before its time."""

    user: str


@dataclass(frozen=True, slots=True)
class AccessRefused(Fact):
    """Somebody known asked for what they may not do. subject: the user; place: method and path."""

    permission: str
    place: str
    token: str


@dataclass(frozen=True, slots=True)
class LoginDocumentApplied(Fact):
    """Who may log in by an outside word was made or changed. subject: the document's name."""

    document_kind: str
    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class LoginDocumentDeleted(Fact):
    """It is no more, and what was opened by it has ended. subject: the document's name."""

    document_kind: str


@dataclass(frozen=True, slots=True)
class TokenExchanged(Fact):
    """A machine gave its issuer's token for one of ours. subject: the machine; login: the document;
    claims: those that the document names, as they were.
    """

    login: str
    issuer: str
    issuer_subject: str
    claims: dict[str, str]
    token: str
    roles: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExchangeRefused(Fact):
    """A token was not exchanged. subject: the issuer where it is known here, else ``unknown``.

    reason: the refusal's code. unrecorded: how many more were refused since the fact before.
    """

    reason: str
    detail: str
    address: str
    unrecorded: int


@dataclass(frozen=True, slots=True)
class MachineChanged(Fact):
    """A machine was shut out, or let in again. subject: the machine."""

    name: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class UserSignedIn(Fact):
    """Somebody was let in by the word of an identity provider or a directory. subject: the user."""

    sign_in: str
    issuer: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignInRefused(Fact):
    """Somebody was not let in by an outside word. subject: the document; account: their id there,
    where it is known; unrecorded: how many more were refused since the fact before.
    """

    reason: str
    detail: str
    account: str
    address: str
    unrecorded: int


@dataclass(frozen=True, slots=True)
class AccountLinked(Fact):
    """An account is whose id that is at a provider or directory. subject: the user.

    is_made: the account was made for them; an administrator linked it otherwise.
    """

    sign_in: str
    issuer: str
    account: str
    is_made: bool


@dataclass(frozen=True, slots=True)
class AccountUnlinked(Fact):
    """Nobody gets in as that user by that provider or directory any more. subject: the user."""

    sign_in: str
    account: str
