"""Roles, what each may do, and who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user is trusted with."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a request needs. Every route of the API names one."""

    VIEW = "view"
    RELEASE_CREATE = "release.create"
    PROMOTION_REQUEST = "promotion.request"
    IMAGE_SCAN = "image.scan"
    PROMOTION_APPROVE = "promotion.approve"
    PROMOTION_CANCEL = "promotion.cancel"
    PROMOTION_BREAK_GLASS = "promotion.break-glass"
    DEPLOYMENT_OPERATE = "deployment.operate"
    WORKFLOW_RUN = "workflow.run"
    ENVIRONMENT_CHANGE = "environment.change"
    FREEZE_CHANGE = "freeze.change"
    FREEZE_OVERRIDE = "freeze.override"
    AGENT_ENROL = "agent.enrol"
    POLICY_CHANGE = "policy.change"
    VEX_APPLY = "vex.apply"
    WAIVER_REQUEST = "waiver.request"
    WAIVER_APPROVE = "waiver.approve"
    INTEGRATION_CHANGE = "integration.change"
    SECRET_CHANGE = "secret.change"
    SECRET_ALLOW = "secret.allow"
    PLUGIN_CHANGE = "plugin.change"
    USER_CHANGE = "user.change"
    TOKEN_CREATE_ANY = "token.create-any"
    TRUST_CHANGE = "trust.change"
    SERVER_CHANGE = "server.change"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.DEVELOPER: frozenset(
        {
            Permission.VIEW,
            Permission.RELEASE_CREATE,
            Permission.PROMOTION_REQUEST,
            Permission.PROMOTION_BREAK_GLASS,
            Permission.WORKFLOW_RUN,
            Permission.IMAGE_SCAN,
            Permission.WAIVER_REQUEST,
        }
    ),
    Role.APPROVER: frozenset(
        {
            Permission.VIEW,
            Permission.PROMOTION_APPROVE,
            Permission.PROMOTION_BREAK_GLASS,
            Permission.VEX_APPLY,
            Permission.WAIVER_REQUEST,
            Permission.WAIVER_APPROVE,
        }
    ),
    Role.OPERATOR: frozenset(
        {
            Permission.VIEW,
            Permission.PROMOTION_CANCEL,
            Permission.PROMOTION_BREAK_GLASS,
            Permission.DEPLOYMENT_OPERATE,
            Permission.WORKFLOW_RUN,
            Permission.ENVIRONMENT_CHANGE,
            Permission.FREEZE_CHANGE,
            Permission.FREEZE_OVERRIDE,
            Permission.AGENT_ENROL,
            Permission.POLICY_CHANGE,
            Permission.VEX_APPLY,
            Permission.WAIVER_REQUEST,
            Permission.INTEGRATION_CHANGE,
            Permission.SECRET_CHANGE,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}
"""The one table of who may do what. What no role lists, nobody may."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Everything that at least one of ``roles`` may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as others see them. Agents and the system itself have no roles."""

    id: str
    name: str
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """An account. revision: grows by one with each change; what If-Match compares."""

    id: str
    name: str
    roles: tuple[Role, ...]
    disabled: bool
    created_at: datetime
    revision: int

    @property
    def person(self) -> Person:
        """As others see it."""
        return Person(self.id, self.name, self.roles)


@dataclass(frozen=True, slots=True)
class Proof:
    """When who speaks last proved who they are, in the session by which they speak.

    at: RFC 3339, by password or as their provider says; None where nobody knows. is_session: whether
    they logged in, and so can prove it anew; who holds a token, and a machine, cannot.
    """

    at: str | None = None
    is_session: bool = False


UNPROVEN = Proof()
"""Of a word that comes by another way than a session: never recent."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, by which token, and what may be done with it.

    permissions: what both the user's roles and the token's allow. proof: when they last proved who
    they are.
    """

    id: str
    name: str
    roles: tuple[Role, ...]
    permissions: frozenset[Permission]
    token: str
    expires_at: datetime
    proof: Proof = UNPROVEN

    @property
    def is_machine(self) -> bool:
        """Whether an issuer's word let it in, as no person."""
        return self.id.startswith("mch_")

    @property
    def person(self) -> Person:
        """As others see them."""
        return Person(self.id, self.name, self.roles)
