"""Keep how an integration was."""

from stella.hub.facts import IntegrationTested
from stella.hub.model import Health
from stella.hub.store import list_health, list_integrations, put_health
from stella.record.transaction import Tx


def keep_health(tx: Tx, health: Health, *, is_asked: bool) -> None:
    """Store it, where there is such an integration still.

    A fact is left where somebody asked, or where it is another than the last time.
    """
    if all(one.integration.name != health.integration for one in list_integrations(tx)):
        return
    before = next(iter(list_health(tx, health.integration, limit=1)), None)
    put_health(tx, health)
    if is_asked or before is None or before.outcome is not health.outcome:
        tx.add(IntegrationTested(health.integration, health.outcome.value, health.detail))
