"""How people are let in by an outside word: provider or directory, groups to roles. Documents."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select, update

from stella.hub.errors import UnknownIntegration
from stella.hub.store import find_integration
from stella.identity.login_documents import (
    delete_login_document,
    documents,
    end_machine_tokens,
    hold_document,
    login_integrations,
    plain_faults,
    put_login_document,
    unknown_login,
)
from stella.identity.machine_login import malformed_login
from stella.identity.model import Role
from stella.identity.store import outside_account, token
from stella.kernel import Json, time_text
from stella.kernel.change import Change
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.plugin.contract.core import Kind
from stella.record import Tx

KIND = "SignIn"
KINDS = (Kind.IDENTITY_PROVIDER, Kind.DIRECTORY)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z")
_GROUPS_MAX = 500
_TEXT_MAX = 255
_DOMAINS_MAX = 50


class _Spec(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    integration: str
    title: str = ""
    groups: dict[str, list[str]] = {}
    groups_claim: str = "groups"
    roles: list[str] = []
    email_domains: list[str] = []
    makes_accounts: bool = True
    enabled: bool = True


_KEYS = frozenset(one.encode_name for one in msgspec.structs.fields(_Spec))


@dataclass(frozen=True, slots=True)
class SignIn:
    """One document.

    integration: of the kind identity_provider or directory. title: on the button. groups: a group there
    -> roles here; roles: what everybody has. groups_claim: where a provider's token names groups.
    email_domains: only who has a verified address of one of these; all where there is none.
    makes_accounts: whether who was never here gets an account; else an administrator links one.
    """

    name: str
    integration: str
    title: str
    groups: Mapping[str, tuple[Role, ...]]
    groups_claim: str
    roles: tuple[Role, ...]
    email_domains: tuple[str, ...]
    makes_accounts: bool
    enabled: bool

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {
            "integration": self.integration,
            "title": self.title,
            "groups": {
                group: [role.value for role in roles] for group, roles in self.groups.items()
            },
            "groupsClaim": self.groups_claim,
            "roles": [role.value for role in self.roles],
            "emailDomains": list(self.email_domains),
            "makesAccounts": self.makes_accounts,
            "enabled": self.enabled,
        }

    def roles_of(self, groups: Iterable[str]) -> tuple[Role, ...]:
        """What somebody of these groups is here; nothing is nobody."""
        given = {role for group in groups for role in self.groups.get(group, ())} | {*self.roles}
        return tuple(role for role in Role if role in given)

    def takes_email(self, email: str, *, is_verified: bool) -> bool:
        """Whether that address is of one of the domains, where only some count."""
        if not self.email_domains:
            return True
        return is_verified and email.rpartition("@")[2].lower() in self.email_domains


@dataclass(frozen=True, slots=True)
class KnownSignIn:
    """As it is stored. kind: of its integration; None where that is gone or switched off."""

    sign_in: SignIn
    kind: Kind | None
    issuer: str
    revision: int
    changed_at: str


def parse_sign_in(name: str, spec: Mapping[str, Json]) -> SignIn:
    """Raises MalformedLogin with every reason."""
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        reasons = [f"unknown key spec.{one[:60]}{nearest(one, _KEYS)}" for one in unknown[:10]]
        raise malformed_login(KIND, name, reasons)
    try:
        read = msgspec.convert(spec, type=_Spec)
    except msgspec.ValidationError as error:
        raise malformed_login(KIND, name, [str(error)[:200]]) from None
    reasons = list(_faults(name, read))
    if reasons:
        raise malformed_login(KIND, name, reasons)
    return SignIn(
        name=name,
        integration=read.integration,
        title=read.title or name,
        groups={group: _sorted(roles) for group, roles in sorted(read.groups.items())},
        groups_claim=read.groups_claim,
        roles=_sorted(read.roles),
        email_domains=tuple(sorted(set(read.email_domains))),
        makes_accounts=read.makes_accounts,
        enabled=read.enabled,
    )


def apply_sign_in(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change one; any change but that of its title ends what it opened. Raises MalformedLogin."""
    value = parse_sign_in(name, spec)
    reasons = _integration_faults(tx, value)
    if reasons:
        raise malformed_login(KIND, name, reasons)
    before = next((one.sign_in for one in list_sign_ins(tx) if one.sign_in.name == name), None)
    change = put_login_document(
        tx, KIND, name, before=before.spec() if before else None, after=value.spec()
    )
    # After the document: a login that is let in at this moment holds it until its session is there.
    if before is not None and replace(before, title=value.title) != value:
        end_sign_in(tx, name)
    return change


def delete_sign_in(tx: Tx, name: str) -> None:
    """End it, and what was opened by it. Raises UnknownLogin."""
    delete_login_document(tx, KIND, name)
    end_sign_in(tx, name)


def end_sign_in(tx: Tx, name: str) -> None:
    """Whoever came by it last, and by nothing of ours, is out: sessions and tokens end.

    Of an account that is linked, and has a way in of its own, what was opened by the document ends.
    """
    came = (outside_account.c.tenant == tx.tenant, outside_account.c.sign_in == name)
    theirs = select(outside_account.c.user).where(*came)
    made = theirs.where(outside_account.c.is_linked.is_(False))
    opened = and_(token.c.user.in_(theirs), token.c.kind == "login", token.c.name == name)
    tx.connection.execute(
        update(token).where(or_(token.c.user.in_(made), opened), token.c.revoked_at.is_(None)),
        {"revoked_at": time_text(tx.now)},
    )


def end_logins_by(tx: Tx, integration: str) -> None:
    """What documents that rest on the integration opened ends: people's sessions, machines' tokens."""
    for kind, name in login_integrations(tx).get(integration, ()):
        if kind == KIND:
            end_sign_in(tx, name)
        else:
            end_machine_tokens(tx, login=name)


def list_sign_ins(tx: Tx) -> tuple[KnownSignIn, ...]:
    """By name."""
    return tuple(_known(tx, row) for row in documents(tx, KIND))


def hold_sign_in(tx: Tx, known: KnownSignIn) -> bool:
    """Whether the document is what it was, and stays so until this transaction ends."""
    row = hold_document(tx, KIND, known.sign_in.name)
    return row is not None and _known(tx, row) == known


def find_sign_in(tx: Tx, name: str, kind: Kind | None = None) -> KnownSignIn:
    """One that is switched on, where a kind of integration is wanted. Raises UnknownLogin."""
    for one in list_sign_ins(tx):
        is_usable = kind is None or (one.kind is kind and one.sign_in.enabled)
        if one.sign_in.name == name and is_usable:
            return one
    raise unknown_login(KIND, name)


def _known(tx: Tx, row: Mapping[Any, Any]) -> KnownSignIn:
    value = _read(row["name"], row["spec"])
    kind, issuer = None, ""
    try:
        found = find_integration(tx, value.integration).integration
    except UnknownIntegration:
        pass
    else:
        if found.enabled and found.kind in KINDS:
            kind = found.kind
            is_provider = kind is Kind.IDENTITY_PROVIDER
            issuer = found.endpoint if is_provider else f"directory:{found.name}"
    return KnownSignIn(value, kind, issuer, row["revision"], row["changed_at"])


@lru_cache(maxsize=2000)
def _read(name: str, spec: str) -> SignIn:
    return parse_sign_in(name, json.loads(spec))


def _faults(name: str, read: _Spec) -> Iterator[str]:
    if not NAME.match(name):
        yield BAD_NAME
    if not NAME.match(read.integration):
        yield "integration is no name"
    if len(read.title) > 60 or not (read.title or "x").isprintable():
        yield "title is no line of at most 60 characters"
    if not 0 < len(read.groups_claim) <= _TEXT_MAX:
        yield "groupsClaim is no name of a claim"
    yield from _role_faults(read)
    if len(read.email_domains) > _DOMAINS_MAX:
        yield f"emailDomains names more than {_DOMAINS_MAX}"
    for domain in read.email_domains[:_DOMAINS_MAX]:
        if not _DOMAIN.match(domain):
            yield f"emailDomains names {domain[:60]!r}, which is no domain in lower case"


def _role_faults(read: _Spec) -> Iterator[str]:
    if len(read.groups) > _GROUPS_MAX:
        yield f"groups names more than {_GROUPS_MAX}"
    roles = {role.value for role in Role}
    for group, given in read.groups.items():
        if not 0 < len(group) <= _TEXT_MAX:
            yield f"groups names one without name, or longer than {_TEXT_MAX} characters"
        if not given:
            yield f"the group {group[:60]!r} has no role"
        yield from (f"{one[:40]!r} is no role" for one in given if one not in roles)
    yield from (f"{one[:40]!r} is no role" for one in read.roles if one not in roles)
    if {Role.ADMIN.value, Role.OPERATOR.value, Role.APPROVER.value} & set(read.roles):
        yield "roles are everybody's: what changes or approves anything is given by groups"
    if not read.groups and not read.roles:
        yield "it gives nobody a role: name groups, or roles for everybody"


def _integration_faults(tx: Tx, value: SignIn) -> list[str]:
    try:
        found = find_integration(tx, value.integration).integration
    except UnknownIntegration as refusal:
        return [str(refusal)]
    if found.kind not in KINDS:
        kinds = " or ".join(kind.value for kind in KINDS)
        return [f"the integration {found.name!r} is a {found.kind.value}, no {kinds}"]
    if found.kind is Kind.IDENTITY_PROVIDER and not found.config.get("client_id"):
        return [f"the integration {found.name!r} has no client_id: nobody can log in there for us"]
    if found.kind is Kind.DIRECTORY and value.email_domains:
        return ["emailDomains are for identity providers: a directory is somebody's own"]
    return plain_faults(found) if found.kind is Kind.IDENTITY_PROVIDER else []


def _sorted(roles: Iterable[str]) -> tuple[Role, ...]:
    given = set(roles)
    return tuple(role for role in Role if role.value in given)
