"""People, users, tokens, logins."""

from collections.abc import Sequence
from typing import Any

from stella.api.views.base import Body, PersonView, Time, View, person_view
from stella.identity import MadeToken, Person, Role, TokenRow, User
from stella.identity.outside import OutsideAccount
from stella.identity.prove import Ways
from stella.identity.sign_in import KnownSignIn


class OutsideView(View):
    """Whom an outside word says that a user is. subject: their id there. is_linked: an administrator
    said so; else the account was made for them, and its roles are what groups say.
    """

    sign_in: str
    issuer: str
    subject: str
    shown: str
    is_linked: bool
    last_at: Time


class UserView(PersonView):
    """An account. outside: whose word lets it in; none where it is of this server alone.

    addresses: by which they commit.
    """

    disabled: bool
    created_at: Time
    revision: int
    outside: tuple[OutsideView, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def etag(self) -> str:
        """Its revision."""
        return f'"{self.revision}"'

    @classmethod
    def of_user(
        cls, user: User, accounts: Sequence[OutsideAccount] = (), addresses: Sequence[str] = ()
    ) -> "UserView":
        """The view of ``user``. accounts: whom they are outside."""
        return cls(
            id=user.id,
            name=user.name,
            roles=[role.value for role in user.roles],
            disabled=user.disabled,
            created_at=user.created_at,
            revision=user.revision,
            outside=tuple(
                OutsideView(
                    sign_in=one.sign_in,
                    issuer=one.issuer,
                    subject=one.subject,
                    shown=one.shown,
                    is_linked=one.is_linked,
                    last_at=one.last_at,
                )
                for one in accounts
            ),
            addresses=tuple(addresses),
        )


class NewUser(Body):
    """A user to make; without a password it has tokens only."""

    name: str
    roles: tuple[Role, ...]
    password: str | None = None


class NewAddress(Body):
    """By which somebody commits."""

    address: str


class UserChange(Body):
    """What to change of a user; what is absent stays."""

    roles: tuple[Role, ...] | None = None
    disabled: bool | None = None
    password: str | None = None


class Credentials(Body):
    """A name and a password."""

    name: str
    password: str


class LoginView(View):
    """A session. token: only where it was asked for."""

    user: PersonView
    expires_at: Time
    token: str | None = None


class MeView(View):
    """Who asks, and what they may do."""

    user: PersonView
    permissions: tuple[str, ...]


class NewToken(Body):
    """A token to make. roles: by default those of who asks. user: by default who asks."""

    name: str
    roles: tuple[Role, ...] | None = None
    expires_in_days: int = 90
    user: str | None = None


class TokenView(View):
    """A token as it is listed."""

    id: str
    name: str
    user: PersonView
    roles: tuple[Role, ...]
    created_at: Time
    expires_at: Time

    @classmethod
    def of(cls, row: TokenRow, owner: Person) -> "TokenView":
        """The view of ``row``."""
        return cls(
            id=row.id,
            name=row.name,
            user=person_view(owner),
            roles=row.roles,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


class MadeTokenView(View):
    """A new token. token: shown this once."""

    id: str
    name: str
    token: str
    expires_at: Time

    @classmethod
    def of(cls, made: MadeToken) -> "MadeTokenView":
        """The view of ``made``."""
        return cls(id=made.id, name=made.name, token=made.text, expires_at=made.expires_at)


class WayView(View):
    """A provider by which people may log in. title: on its button."""

    name: str
    title: str


def way_view(known: KnownSignIn) -> WayView:
    """The way that a document opens."""
    return WayView(name=known.sign_in.name, title=known.sign_in.title)


class Password(Body):
    """One's own, given again."""

    password: str


class ProofView(View):
    """When who asks last proved who they are; null where nobody knows. password, providers: how they
    can do it anew; neither for what is no session of a person.
    """

    proven_at: str | None
    password: bool
    providers: list[WayView]


def proof_view(proven_at: str | None, ways: Ways) -> ProofView:
    """The same as the API shows it."""
    return ProofView(
        proven_at=proven_at,
        password=ways.password is not None or bool(ways.directories),
        providers=[way_view(one) for one in ways.providers],
    )


class WaysView(View):
    """How people may log in. directories: whether names and passwords of a directory count too."""

    providers: list[WayView]
    directories: bool


class SignInView(View):
    """A document: who is let in by a provider or a directory. kind: of its integration; null where that
    is gone or switched off. redirect_uri: what the provider must know us by.
    """

    name: str
    kind: str | None
    spec: dict[str, Any]
    revision: int
    changed_at: str
    redirect_uri: str

    @classmethod
    def of(cls, known: KnownSignIn, redirect_uri: str) -> "SignInView":
        """The view of ``known``."""
        return cls(
            name=known.sign_in.name,
            kind=known.kind.value if known.kind else None,
            spec=known.sign_in.spec(),
            revision=known.revision,
            changed_at=known.changed_at,
            redirect_uri=redirect_uri,
        )


class NewLink(Body):
    """Who somebody is outside. subject: their id there, as the audit shows it when they are refused."""

    sign_in: str
    subject: str
