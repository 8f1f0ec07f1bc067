"""What a request for several environments would bring about, before anybody asks for it."""

from collections.abc import Collection

import msgspec

from stella.promotion.model import DecisionInput, PlaceInput

THIS_REQUEST = "this request"
"""In place of the promotion that there is not yet."""


def asked_together(given: DecisionInput, environments: Collection[str]) -> DecisionInput:
    """As if it were on its way to these, where it has not succeeded: for a preview alone."""
    place = given.environment
    order = place.order
    if (
        order is not None
        and order.after in environments
        and order.deployment is None
        and order.under_way is msgspec.UNSET
    ):
        order = msgspec.structs.replace(order, under_way=THIS_REQUEST)
    lifecycle = place.lifecycle
    if lifecycle is not msgspec.UNSET:
        places = tuple(_coming(one, environments) for one in lifecycle.places)
        lifecycle = msgspec.structs.replace(lifecycle, places=places)
    return msgspec.structs.replace(
        given, environment=msgspec.structs.replace(place, order=order, lifecycle=lifecycle)
    )


def _coming(place: PlaceInput, environments: Collection[str]) -> PlaceInput:
    is_there = place.deployment is not None or place.under_way is not msgspec.UNSET
    if is_there or place.environment not in environments:
        return place
    return msgspec.structs.replace(place, under_way=THIS_REQUEST)
