"""Documents that say who may log in by an outside word: applied, listed, ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from stella.hub.errors import UnknownIntegration
from stella.hub.model import Integration
from stella.hub.store import find_integration
from stella.identity.errors import LoginInUse, UnknownLogin
from stella.identity.facts import LoginDocumentApplied, LoginDocumentDeleted
from stella.identity.machine_login import (
    KIND,
    MachineLogin,
    is_https,
    malformed_login,
    parse_machine_login,
)
from stella.identity.store import login_document, machine, token
from stella.kernel import Json, NotCanonical, Remedy, digest_of, time_text
from stella.kernel.change import Change, changed
from stella.plugin.contract.core import Kind
from stella.record import Tx
from stella.record.owners import forget_owner

_LOOPBACK = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")


@dataclass(frozen=True, slots=True)
class KnownMachineLogin:
    """As it is stored. revision: how often it was changed, from 1."""

    login: MachineLogin
    revision: int
    changed_at: str


def apply_machine_login(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change one; a change ends what was opened by it. Raises MalformedLogin."""
    value = parse_machine_login(name, spec)
    reasons = _integration_faults(tx, value.integration) if value.integration else []
    if reasons:
        raise malformed_login(KIND, name, reasons)
    before = next((one.login for one in list_machine_logins(tx) if one.login.name == name), None)
    change = put_login_document(
        tx, KIND, name, before=before.spec() if before else None, after=value.spec()
    )
    if change.change == "updated":
        end_machine_tokens(tx, login=name)
    return change


def put_login_document(
    tx: Tx,
    kind: str,
    name: str,
    *,
    before: Mapping[str, Json] | None,
    after: Mapping[str, Json],
) -> Change:
    """Store it where it differs from what was there. Raises MalformedLogin."""
    try:
        digest = digest_of(after).text
    except NotCanonical as error:
        raise malformed_login(kind, name, [str(error)]) from None
    change = changed(kind, name, before, after)
    if change.change == "unchanged":
        return change
    values = {"spec": json.dumps(after), "changed_at": time_text(tx.now)}
    if before is None:
        row = {"tenant": tx.tenant, "kind": kind, "name": name, "revision": 1, **values}
        tx.connection.execute(login_document.insert(), row)
    else:
        revision = login_document.c.revision + 1
        tx.connection.execute(
            update(login_document).where(*_of(tx, kind, name)).values(revision=revision), values
        )
    tx.add(LoginDocumentApplied(name, kind, change.change, digest))
    return change


def list_machine_logins(tx: Tx) -> tuple[KnownMachineLogin, ...]:
    """By name."""
    return tuple(
        KnownMachineLogin(_machine_login(row), row["revision"], row["changed_at"])
        for row in documents(tx, KIND)
    )


def find_machine_login(tx: Tx, name: str) -> KnownMachineLogin:
    """Raises UnknownLogin."""
    found = next((one for one in list_machine_logins(tx) if one.login.name == name), None)
    if found is None:
        raise unknown_login(KIND, name)
    return found


def documents(tx: Tx, kind: str) -> list[Mapping[Any, Any]]:
    """The rows of one kind, by name."""
    query = select(login_document).where(
        login_document.c.tenant == tx.tenant, login_document.c.kind == kind
    )
    return list(tx.rows(query.order_by(login_document.c.name)))


def hold_document(tx: Tx, kind: str, name: str) -> Mapping[Any, Any] | None:
    """The row of one, which nobody changes until this transaction ends: whoever does then ends what
    it opened. None where there is none.
    """
    query = select(login_document).where(*_of(tx, kind, name))
    return tx.row(query.with_for_update())


def delete_login_document(tx: Tx, kind: str, name: str) -> None:
    """End it, and what was opened by it. Raises UnknownLogin."""
    gone = tx.connection.execute(delete(login_document).where(*_of(tx, kind, name)))
    if gone.rowcount == 0:
        raise unknown_login(kind, name)
    if kind == KIND:
        end_machine_tokens(tx, login=name)
    forget_owner(tx, kind, name)
    tx.add(LoginDocumentDeleted(name, kind))


def _of(tx: Tx, kind: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return (
        login_document.c.tenant == tx.tenant,
        login_document.c.kind == kind,
        login_document.c.name == name,
    )


def login_integrations(tx: Tx) -> dict[str, list[tuple[str, str]]]:
    """Integration -> kind and name of each document that lets somebody in by it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in tx.rows(select(login_document).where(login_document.c.tenant == tx.tenant)):
        spec = json.loads(row["spec"])
        if spec.get("integration"):
            found.setdefault(spec["integration"], []).append((row["kind"], row["name"]))
    return found


def refuse_login_integration(tx: Tx, integration: str) -> None:
    """Return where no document logs anybody in by that integration. Raises LoginInUse."""
    users = [f"{kind} {name}" for kind, name in login_integrations(tx).get(integration, ())]
    if users:
        raise LoginInUse(
            f"{', '.join(users)} lets people or machines in by {integration}",
            remedy=Remedy("End or change that document first."),
            integration=integration,
            used_by=users,
        )


def end_machine_tokens(tx: Tx, *, login: str | None = None, machine_id: str | None = None) -> None:
    """What machines of that document, or that machine, were given ends now."""
    mine = machine.c.login == login if login is not None else machine.c.id == machine_id
    ids = select(machine.c.id).where(machine.c.tenant == tx.tenant, mine)
    tx.connection.execute(
        update(token).where(
            token.c.user.in_(ids), token.c.kind == "machine", token.c.revoked_at.is_(None)
        ),
        {"revoked_at": time_text(tx.now)},
    )


def issuer_of(tx: Tx, login: MachineLogin) -> str | None:
    """Who must have signed: as it stands in the document, or the endpoint of its integration; None
    where that is not there any more, or switched off.
    """
    if not login.integration:
        return login.issuer
    try:
        found = find_integration(tx, login.integration).integration
    except UnknownIntegration:
        return None
    is_usable = found.enabled and found.kind is Kind.IDENTITY_PROVIDER
    return found.endpoint if is_usable else None


def unknown_login(kind: str, name: str) -> UnknownLogin:
    """No such document."""
    listing = "stella machine logins" if kind == KIND else "stella sign-in list"
    return UnknownLogin(
        f"there is no {kind} {name[:80]!r}",
        remedy=Remedy("Apply one, or list them.", command=listing),
    )


def _integration_faults(tx: Tx, name: str) -> list[str]:
    try:
        found = find_integration(tx, name).integration
    except UnknownIntegration as refusal:
        return [str(refusal)]
    if found.kind is not Kind.IDENTITY_PROVIDER:
        return [f"the integration {name!r} is a {found.kind.value}, no identity_provider"]
    return plain_faults(found)


def plain_faults(found: Integration) -> list[str]:
    """What is wrong with believing what everybody on the way could say; loopback has no way."""
    if is_https(found.endpoint) or found.endpoint.startswith(_LOOPBACK):
        return []
    return [f"the integration {found.name!r} has an endpoint that is no https:// URL"]


def _machine_login(row: Mapping[Any, Any]) -> MachineLogin:
    return _read(row["name"], row["spec"])


@lru_cache(maxsize=2000)
def _read(name: str, spec: str) -> MachineLogin:
    """Anybody may have every document read again: that must cost little."""
    return parse_machine_login(name, json.loads(spec))
