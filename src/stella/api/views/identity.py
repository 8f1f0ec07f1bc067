"""People, users, tokens, logins."""

from stella.api.views.base import Body, PersonView, Time, View, person_view
from stella.identity import MadeToken, Person, Role, TokenRow, User


class UserView(PersonView):
    """An account."""

    disabled: bool
    created_at: Time
    revision: int

    @property
    def etag(self) -> str:
        """Its revision."""
        return f'"{self.revision}"'

    @classmethod
    def of_user(cls, user: User) -> "UserView":
        """The view of ``user``."""
        return cls(
            id=user.id,
            name=user.name,
            roles=[role.value for role in user.roles],
            disabled=user.disabled,
            created_at=user.created_at,
            revision=user.revision,
        )


class NewUser(Body):
    """A user to make; without a password it has tokens only."""

    name: str
    roles: tuple[Role, ...]
    password: str | None = None


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
