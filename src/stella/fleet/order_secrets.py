"""What an order may ask of secret stores: the references that it names, the registries that it pulls from."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from stella.fleet.errors import OrderIsOver, SecretNotNamed
from stella.fleet.facts import SecretsAsked
from stella.fleet.lifecycle import ORDER, OrderState
from stella.fleet.model import Agent, Order
from stella.fleet.orders import held_order
from stella.fleet.store import find_order, order_of, target_order
from stella.kernel import Remedy
from stella.plugin.contract.deployed import brokered_in, registry_of_image
from stella.plugin.order import OrderContent, Purpose, read_order
from stella.plugin.wire import to_wire
from stella.record import Tx
from stella.trust import PublicKey

_ASKED_MAX = 500
_PULL = "pull"


def ask_secrets(
    tx: Tx,
    agent: Agent,
    order_id: str,
    fence: int,
    keys: Iterable[PublicKey],
    *,
    references: Sequence[str],
    registries: Sequence[str],
) -> str:
    """Return for which environment they are wanted, where this agent holds an order that names all.

    What the target's last order that succeeded names counts too: where this one fails it is brought
    back. Of an order that is over, what reaches the host counts, while it is the target's newest: so
    what runs there can be looked at. keys: of those who sign orders. Raises UnknownOrder, NotYourOrder,
    StaleFence, OrderIsOver, SecretNotNamed.
    """
    trusted = tuple(keys)
    order = find_order(tx, order_id, lock=True)
    if order.agent == agent.id and ORDER.is_final(order.state):
        content = read_order(order.bundle, trusted)
        named, pulled = _to_look(tx, order, content), frozenset[str]()
    else:
        order = held_order(tx, agent, order_id, fence)
        content = read_order(order.bundle, trusted)
        named, pulled = _named(content), _pulled(content)
        before = _before(tx, order)
        if before is not None:
            named |= _named(read_order(before.bundle, trusted))
    strange = [*(set(references) - named), *(set(registries) - pulled)]
    if strange or len(references) + len(registries) > _ASKED_MAX:
        raise SecretNotNamed(
            f"the order {order.id} names no {min(strange)[:100] if strange else 'such many'}",
            remedy=Remedy("Deploy again; then see who asked.", "stella audit list"),
            order=order.id,
        )
    tx.add(
        SecretsAsked(
            order.id,
            agent.id,
            order.deployment,
            order.target,
            tuple(references),
            tuple(registries),
            fence,
        )
    )
    return content.intent.environment


def _to_look(tx: Tx, order: Order, content: OrderContent) -> frozenset[str]:
    """What its agent may have after it. Raises OrderIsOver where the target has had another since."""
    there = target_order.c
    query = (
        select(there.id)
        .where(there.tenant == tx.tenant, there.target == order.target)
        .order_by(there.id.desc())
        .limit(1)
    )
    newest = tx.row(query)
    if newest is None or newest["id"] != order.id:
        raise OrderIsOver(
            f"the order {order.id} is over, and {order.target} has had another since",
            remedy=Remedy("Nothing: what reaches the host goes to who carried out that one."),
            order=order.id,
        )
    return brokered_in(to_wire(content.reach))


def _named(content: OrderContent) -> frozenset[str]:
    return brokered_in([to_wire(content.intent), to_wire(content.reach)])


def _pulled(content: OrderContent) -> frozenset[str]:
    images = [one.image for one in content.intent.services]
    images += [one.argv[-1] for one in content.plan.actions if one.verb == _PULL and one.argv]
    return frozenset(map(registry_of_image, images))


def _before(tx: Tx, order: Order) -> Order | None:
    there = target_order.c
    query = (
        select(target_order)
        .where(
            there.tenant == tx.tenant,
            there.agent == order.agent,
            there.target == order.target,
            there.state == OrderState.SUCCEEDED.value,
            there.purpose != Purpose.TAKE_DOWN.value,
        )
        .order_by(there.id.desc())
        .limit(1)
    )
    row = tx.row(query)
    return None if row is None else order_of(row)
