"""Make, change and end rules."""

from collections.abc import Mapping

from stella.environment.store import list_environments
from stella.hub.store import list_integrations
from stella.kernel import Json, digest_of
from stella.kernel.change import Change, changed
from stella.notify.document import malformed, parse_notification
from stella.notify.events import OF_COMMITS
from stella.notify.facts import NotificationApplied, NotificationDeleted
from stella.notify.store import (
    delete_notification_row,
    find_notification,
    list_notifications,
    put_notification,
)
from stella.plugin.contract.core import Kind
from stella.record.owners import forget_owner
from stella.record.transaction import Tx

KINDS = (Kind.NOTIFIER, Kind.SCM)
"""Of integrations by which somebody is told."""


def apply_notification(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a rule. Raises MalformedNotification with every reason."""
    value = parse_notification(name, spec)
    found = {one.integration.name: one.integration for one in list_integrations(tx)}
    by = found.get(value.integration)
    reasons = []
    if by is None or by.kind not in KINDS:
        what = "there is none" if by is None else f"it is a {by.kind.value}, no notifier and no scm"
        reasons.append(f"integration {value.integration!r}: {what}")
    elif by.kind is Kind.SCM and not OF_COMMITS.issuperset(value.on):
        others = ", ".join(sorted(set(value.on) - OF_COMMITS))
        reasons.append(f"on: {others}: commits are told of promotions and deployments alone")
    elif not by.serves(value.environments):
        reasons.append(
            f"environments: the integration {by.name} is for {', '.join(by.environments)} alone"
        )
    known = {one.name for one in list_environments(tx)}
    reasons += [
        f"environments: there is no {one!r}" for one in value.environments if one not in known
    ]
    if reasons:
        raise malformed(name, reasons)
    before = {one.rule.name: one.rule for one in list_notifications(tx)}.get(name)
    change = changed("Notification", name, before.spec() if before else None, value.spec())
    if change.change != "unchanged":
        put_notification(tx, value)
        tx.add(NotificationApplied(name, change.change, digest_of(value.spec()).text))
    return change


def delete_notification(tx: Tx, name: str) -> None:
    """End it; what waits is still sent. Raises UnknownNotification."""
    find_notification(tx, name)
    delete_notification_row(tx, name)
    forget_owner(tx, "Notification", name)
    tx.add(NotificationDeleted(name))
