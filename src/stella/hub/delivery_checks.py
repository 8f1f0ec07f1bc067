"""What the doctor asks of webhooks: is what they are told done?"""

from stella.hub.deliveries import list_deliveries
from stella.hub.delivery import Delivery
from stella.hub.lifecycle import DeliveryState
from stella.hub.store import list_integrations
from stella.kernel import Outcome, Seen
from stella.plugin.contract.core import Kind
from stella.record import Database

_ENDED = frozenset(DeliveryState) - {DeliveryState.QUEUED}


def deliveries_are_handled(database: Database) -> list[Seen]:
    """The newest delivery that ended did well, and none waits for another try after a failed one."""
    found = []
    with database.read() as tx:
        names = [
            one.integration.name
            for one in list_integrations(tx)
            if one.integration.kind is Kind.WEBHOOK
        ]
        for name in names:
            for state in (_ENDED, frozenset({DeliveryState.QUEUED})):
                newest = list_deliveries(tx, integration=name, states=state, limit=1)
                found += [_trouble(one) for one in newest if _is_trouble(one)]
    return found or [Seen(Outcome.PASS, f"{len(names)} webhooks, every last delivery was handled")]


def _is_trouble(one: Delivery) -> bool:
    is_tried_again = one.state is DeliveryState.QUEUED and one.attempts > 0
    return one.state is DeliveryState.FAILED or is_tried_again


def _trouble(one: Delivery) -> Seen:
    is_over = one.state is DeliveryState.FAILED
    state = "failed" if is_over else "is tried again"
    fix = f"stella webhook retry {one.id}" if is_over else f"stella webhook show {one.id}"
    outcome = Outcome.BLOCKED if is_over else Outcome.UNKNOWN
    return Seen(
        outcome, f"{one.event or 'a delivery'} {state}: {one.outcome}", fix, one.integration
    )
