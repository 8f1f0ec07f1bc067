"""Make, change and end integrations."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from stella.hub.allow import note_uses
from stella.hub.deliveries import delete_webhook_rows
from stella.hub.document import malformed, parse_integration
from stella.hub.errors import IntegrationDisabled, IntegrationInUse, UnknownSecret
from stella.hub.facts import IntegrationApplied, IntegrationDeleted
from stella.hub.model import Integration
from stella.hub.reference import ENV, FILE, SECRET, Reference, parse_reference
from stella.hub.store import (
    delete_integration_row,
    find_integration,
    integration_at,
    list_integrations,
    put_integration,
    sealed_secret,
)
from stella.kernel import Json, NotCanonical, Remedy, digest_of
from stella.kernel.change import Change, changed
from stella.plugin.contract.core import Contribution, Kind
from stella.record.owners import forget_owner
from stella.record.transaction import Tx

Brought = Mapping[tuple[Kind, str], Contribution]
_NAMED_MAX = 5


def apply_integration(
    tx: Tx,
    name: str,
    spec: Mapping[str, Json],
    brought: Brought,
    *,
    may_allow_any: bool = False,
    roles: frozenset[str] | None = None,
    theirs: Collection[str] = (),
) -> Change:
    """Make or change an integration. brought: what plugins bring. may_allow_any: who asks may let
    it use every built-in secret; else those alone that they stored, and the others wait.

    roles: of who asks; None where the server itself does. theirs: integrations that are for who asks
    whatever their ``roles`` say, because they come with the same documents.

    Raises MalformedIntegration with every reason, also where a reference leads nowhere, or into a
    store that is not for who asks; IntegrationDisabled where the integration itself is not for them;
    IntegrationInUse where others read credentials from what would be something else.
    """
    value = parse_integration(name, spec, brought)
    try:
        digest = digest_of(value.spec()).text
    except NotCanonical as error:
        raise malformed(name, [str(error)]) from None
    others = {one.integration.name: one.integration for one in list_integrations(tx)}
    before = others.pop(name, None)
    if before is not None and before.spec() != value.spec() and name not in theirs:
        refuse_foreign(before, roles, may_any=may_allow_any)
    free = None if roles is None else _Free(roles, frozenset(theirs), _kept(before, value))
    reasons = [
        *_same_place(value, others),
        *(
            reason
            for key, text in value.credentials.items()
            for reason in (
                *_dangling(tx, value, text, others),
                *_not_for_them(key, text, others, free),
            )
        ),
    ]
    if reasons:
        raise malformed(name, reasons)
    if before is not None and (before.kind, before.connector) != (value.kind, value.connector):
        _refuse_change_under(name, others.values())
    if value.kind is Kind.SECRET_STORE:
        _refuse_change_under(
            name, (one for one in others.values() if not value.serves(one.environments))
        )
    change = changed("Integration", name, before.spec() if before else None, value.spec())
    if change.change != "unchanged":
        put_integration(tx, value)
        tx.add(IntegrationApplied(name, value.kind.value, change.change, digest))
    note_uses(tx, value, may_any=may_allow_any)
    return change


def delete_integration(tx: Tx, name: str, named_by: Sequence[str] = ()) -> None:
    """End it. named_by: what documents of other rooms want of it, a sentence each; any keeps it.

    Raises UnknownIntegration, IntegrationInUse, also where others read credentials from it.
    """
    known = find_integration(tx, name)
    _refuse_change_under(name, (one.integration for one in list_integrations(tx)))
    if named_by:
        raise IntegrationInUse(
            f"the integration {name} is named: {'; '.join(named_by[:_NAMED_MAX])}",
            remedy=Remedy("End or change what names it first."),
            integration=name,
            used_by=list(named_by),
        )
    delete_integration_row(tx, name)
    delete_webhook_rows(tx, name)
    forget_owner(tx, "Integration", name)
    tx.add(IntegrationDeleted(name, known.integration.kind.value))


def refuse_foreign(
    integration: Integration, roles: frozenset[str] | None, *, may_any: bool
) -> None:
    """Return where somebody with these roles may change or end it. Raises IntegrationDisabled.

    Who could change it could say that it is for them, or let its credentials go to another place.
    may_any: an administrator may, or what is for developers alone could be changed by nobody.
    """
    if may_any or integration.is_for(roles):
        return
    raise IntegrationDisabled(
        f"the integration {integration.name} is for {', '.join(integration.roles)} alone, and is "
        "changed by them or by an administrator",
        remedy=Remedy("Ask one of them."),
        integration=integration.name,
    )


def readers_of(tx: Tx, name: str) -> list[str]:
    """The integrations that read credentials from ``name``."""
    return _readers(name, (one.integration for one in list_integrations(tx)))


def _refuse_change_under(name: str, integrations: Iterable[Integration]) -> None:
    """Return where none of them reads credentials from it. Raises IntegrationInUse."""
    users = _readers(name, integrations)
    if users:
        raise IntegrationInUse(
            f"the integration {name} gives credentials to {', '.join(users)}",
            remedy=Remedy("Let them refer to another one first."),
            integration=name,
            used_by=users,
        )


def _readers(name: str, integrations: Iterable[Integration]) -> list[str]:
    return [
        one.name
        for one in integrations
        if any(parse_reference(text).integration == name for text in one.credentials.values())
    ]


@dataclass(frozen=True, slots=True)
class _Free:
    """What somebody may refer to. kept: (credential, reference) that stood there before."""

    roles: frozenset[str]
    theirs: frozenset[str]
    kept: frozenset[tuple[str, str]]


def _kept(before: Integration | None, value: Integration) -> frozenset[tuple[str, str]]:
    """What it refers to already: none of it where the secrets would go to another place than then."""
    if before is None or before.place != value.place:
        return frozenset()
    return frozenset(before.credentials.items())


def _not_for_them(
    key: str, text: str, others: Mapping[str, Integration], free: _Free | None
) -> list[str]:
    """Who may not use a store would read it by an integration that leads to a place of theirs."""
    store = others.get(parse_reference(text).integration)
    if free is None or store is None or store.name in free.theirs or (key, text) in free.kept:
        return []
    if store.is_for(free.roles):
        return []
    return [f"{store.name}, where {text} lies, is to be used by {', '.join(store.roles)} alone"]


def _same_place(value: Integration, others: Mapping[str, Integration]) -> list[str]:
    """A registry is found by its host, so that each host has one integration."""
    if value.kind is not Kind.REGISTRY:
        return []
    return [
        f"the integration {one.name!r} is the one for the registry {one.endpoint}"
        for one in others.values()
        if one.kind is Kind.REGISTRY and one.endpoint.lower() == value.endpoint.lower()
    ]


def _dangling(
    tx: Tx, value: Integration, text: str, others: Mapping[str, Integration]
) -> list[str]:
    reference: Reference = parse_reference(text)
    if reference.scheme in {ENV, FILE}:
        return []
    if reference.scheme == SECRET:
        try:
            sealed_secret(tx, reference.path, lock=True)
        except UnknownSecret as refusal:
            return [str(refusal)]
        return []
    return _of_store(value, text, reference, others)


def _of_store(
    value: Integration, text: str, reference: Reference, others: Mapping[str, Integration]
) -> list[str]:
    store = others.get(reference.integration)
    if store is None or store.kind is not Kind.SECRET_STORE or store.connector != reference.scheme:
        return [f"{text} names no integration of a {reference.scheme} secret store"]
    if not store.serves(value.environments):
        bound = ", ".join(store.environments)
        return [f"environments: {store.name}, where {text} lies, is for {bound} alone"]
    if value.kind is Kind.SECRET_STORE and _leads_to(value.name, store, others):
        return [f"{text} leads back to {value.name}"]
    return []


def _leads_to(name: str, store: Integration, others: Mapping[str, Integration]) -> bool:
    waiting, seen = [store], set()
    while waiting:
        one = waiting.pop()
        seen.add(one.name)
        for text in one.credentials.values():
            following = parse_reference(text).integration
            if following == name:
                return True
            if following in others and following not in seen:
                waiting.append(others[following])
    return False


def integration_for(tx: Tx, kind: Kind, endpoint: str) -> Integration | None:
    """The one that is there for that endpoint, whether it is enabled or not.

    Hosts are compared as names are: in whatever case they are written.
    """
    found = integration_at(tx, kind, endpoint)
    return None if found is None else found.integration
