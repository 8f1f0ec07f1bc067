"""Documents of every kind, applied as one: by a person who asks, or by a repository that is followed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from stella.api.endings import NEEDED
from stella.api.services import Services
from stella.deployment.in_use import target_held
from stella.environment.documents import ApplyOne, apply_documents
from stella.environment.followed.model import KIND as FOLLOWED
from stella.environment.followed.store import apply_followed, list_followed
from stella.environment.freeze_rules import apply_freeze_rule
from stella.environment.model import Target
from stella.environment.owning import Owning
from stella.fleet import AgentState, find_agent_by_name
from stella.hub.store import list_integrations
from stella.identity.login_documents import login_integrations
from stella.kernel import Json
from stella.kernel.change import Change
from stella.notify.apply import apply_notification
from stella.plugin.contract.core import Kind
from stella.record import Tx
from stella.vex.apply import apply_vex_issuer
from stella.workflow.definition.model import KIND as WORKFLOW
from stella.workflow.trigger.apply import apply_lent_workflow, apply_trigger
from stella.workflow.trigger.model import KIND as TRIGGER

BESIDE = frozenset(NEEDED) - {FOLLOWED}
"""The kinds that a repository brings only where it is allowed them; none brings another repository."""


def _apply_followed(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    scms = (one.integration for one in list_integrations(tx))
    return apply_followed(
        tx, name, spec, BESIDE, frozenset(one.name for one in scms if one.kind is Kind.SCM)
    )


_MORE: Mapping[str, ApplyOne] = {
    "VexIssuer": apply_vex_issuer,
    "Notification": apply_notification,
    "Freeze": apply_freeze_rule,
    FOLLOWED: _apply_followed,
}


def apply_all(
    tx: Tx,
    services: Services,
    documents: Sequence[Mapping[str, Any]],
    owning: Owning,
    *,
    roles: frozenset[str],
    dry_run: bool = False,
    may_allow_any: bool = False,
) -> tuple[Change, ...]:
    """As ``apply_documents``, of all kinds that there are. roles: of who asks; a repository has none."""
    return apply_documents(
        tx,
        services.blobs,
        documents,
        brought=services.plugins.brought(),
        dry_run=dry_run,
        roles=roles,
        may_allow_any=may_allow_any,
        ask=services.deciding.ask,
        more={
            **_MORE,
            WORKFLOW: partial(apply_lent_workflow, kinds=services.kinds(), roles=roles),
            TRIGGER: partial(apply_trigger, events=services.events, roles=roles),
        },
        owning=owning,
        held=_held,
    )


def _held(tx: Tx, before: Target | None, value: Target) -> Iterator[str]:
    """As the room of deployments has it, but a target may leave a host that is trusted no more.

    What was begun there counts on as there; a host that is lost must not keep the others from going.
    """
    if before is not None and replace(before, agent=value.agent).is_at(value):
        agent = find_agent_by_name(tx, before.agent)
        if agent is not None and agent.state is AgentState.REVOKED:
            before = None
    return target_held(tx, before, value)


def believed_integrations(tx: Tx) -> frozenset[str]:
    """Those by whose word people or machines are let in."""
    return frozenset(login_integrations(tx))


def followed_integrations(tx: Tx) -> frozenset[str]:
    """Those by which repositories are read: who changes one could bring documents of any commit."""
    return frozenset(one.followed.integration for one in list_followed(tx).values())


def allowed_kinds(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What followed repositories among these documents would be allowed to bring."""
    for one in documents:
        spec = one.get("spec")
        kinds = spec.get("kinds") if one.get("kind") == FOLLOWED and isinstance(spec, dict) else ()
        if isinstance(kinds, list):
            yield from (str(kind) for kind in kinds)
