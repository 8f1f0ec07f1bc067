"""Machines and how they are let in."""

from typing import Any

from stella.api.views.base import Body, Time, View
from stella.identity.exchange import Exchanged
from stella.identity.login_documents import KnownMachineLogin
from stella.identity.machines import Machine

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"


class SubjectToken(Body):
    """A token that an issuer gave (RFC 8693). login: which MachineLogin is meant, where several take
    the same claims.
    """

    subject_token: str
    subject_token_type: str = ID_TOKEN
    login: str | None = None


class ExchangedView(View):
    """What a machine was given. expires_in: seconds."""

    access_token: str
    issued_token_type: str = ACCESS_TOKEN
    token_type: str = "Bearer"
    expires_in: int
    expires_at: Time
    machine: str
    login: str
    roles: tuple[str, ...]

    @classmethod
    def of(cls, made: Exchanged) -> "ExchangedView":
        """The view of ``made``."""
        return cls(
            access_token=made.text,
            expires_in=int(made.span.total_seconds()),
            expires_at=made.expires_at,
            machine=made.person.name,
            login=made.login,
            roles=tuple(role.value for role in made.roles),
        )


class MachineView(View):
    """A machine that was here. name: as the audit shows it."""

    id: str
    name: str
    login: str
    issuer: str
    disabled: bool
    first_at: Time
    last_at: Time

    @classmethod
    def of(cls, one: Machine) -> "MachineView":
        """The view of ``one``."""
        return cls(
            id=one.id,
            name=one.name,
            login=one.login,
            issuer=one.issuer,
            disabled=one.disabled,
            first_at=one.first_at,
            last_at=one.last_at,
        )


class MachineChange(Body):
    """Whether a machine is shut out."""

    disabled: bool


class MachineLoginView(View):
    """A document: which machines are let in. issuer: whose word counts; null where its integration
    is gone or switched off.
    """

    name: str
    issuer: str | None
    spec: dict[str, Any]
    revision: int
    changed_at: str

    @classmethod
    def of(cls, known: KnownMachineLogin, issuer: str | None) -> "MachineLoginView":
        """The view of ``known``."""
        return cls(
            name=known.login.name,
            issuer=issuer,
            spec=known.login.spec(),
            revision=known.revision,
            changed_at=known.changed_at,
        )
