"""Webhooks: what services send by themselves, and what came of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from stella.api.asked import Viewer
from stella.api.errors import RequestTooLarge
from stella.api.looking import Cursor, Integrator, Limit, after_of, one_of, page
from stella.api.services import Services
from stella.api.views.base import Page
from stella.api.views.webhooks import (
    DeliveryView,
    ReceivedView,
    WebhookView,
    delivery_view,
    refusals_view,
)
from stella.hub.deliveries import (
    count_deliveries,
    end_deliveries,
    find_delivery,
    list_deliveries,
    list_refusals,
)
from stella.hub.delivery import retried
from stella.hub.errors import UnknownIntegration
from stella.hub.lifecycle import DeliveryState
from stella.hub.store import find_integration
from stella.kernel import Remedy
from stella.plugin.contract.core import Kind
from stella.record import Tx

router = APIRouter(tags=["webhooks"])

PATH = "/webhooks/{integration}"
_BODY_BYTES_MAX = 1024 * 1024
# Read by hand: this is the one route that hundreds a second ask.
_TAKES: dict[str, Any] = {
    "parameters": [
        {"name": "integration", "in": "path", "required": True, "schema": {"type": "string"}}
    ],
    "requestBody": {"content": {"application/json": {"schema": {}}}},
}


@router.post(
    PATH,
    openapi_extra=_TAKES,
    response_model=ReceivedView,
    responses={200: {"content": {"text/plain": {}}}},
)
async def post_webhook(request: Request) -> Response:
    """What a service sends: signed its own way, taken once. Nobody is logged in here.

    The answer comes when it is stored; what it leads to, soon after.
    """
    services: Services = request.app.state.services
    body = await request.body()
    if len(body) > _BODY_BYTES_MAX:
        raise RequestTooLarge(
            f"a delivery is larger than {_BODY_BYTES_MAX} bytes",
            remedy=Remedy("Let the service send less: fewer events, no commit lists."),
            limit_bytes=_BODY_BYTES_MAX,
        )
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    taken, reply = await services.webhooks.receive(
        request.path_params["integration"], headers, body
    )
    if reply:
        return Response(reply, media_type="text/plain")
    view = ReceivedView(delivery=taken.id, state=taken.state.value, replay=taken.is_replay)
    return Response(view.model_dump_json(by_alias=True), media_type="application/json")


@router.get("/webhooks/{integration}")
def get_webhook(asked: Viewer, integration: str) -> WebhookView:
    """Where the service of an integration sends to, and how that goes."""
    with asked.read() as tx:
        known = find_integration(tx, integration).integration
        if known.kind is not Kind.WEBHOOK:
            raise UnknownIntegration(
                f"the integration {known.name} is no webhook",
                remedy=Remedy("Name one that is.", command="stella integration list"),
                integration=known.name,
            )
        return WebhookView(
            integration=known.name,
            address=f"{asked.services.url}/api/v1/webhooks/{known.name}",
            deliveries=count_deliveries(tx, known.name),
            refusals=[refusals_view(one) for one in list_refusals(tx, known.name)],
        )


@router.get("/webhook-deliveries")
def get_webhook_deliveries(
    asked: Viewer,
    *,
    integration: str | None = None,
    state: Annotated[str | None, Query(description="Comma between several.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryView]:
    """What webhooks said, the newest first."""
    wanted = one_of("state", state, DeliveryState)
    with asked.read() as tx:
        rows = list_deliveries(
            tx,
            integration=integration,
            states=None if wanted is None else frozenset(map(DeliveryState, wanted)),
            after=after_of(cursor),
            limit=limit,
        )
    return page(rows, limit, delivery_view, lambda one: one.id)


@router.get("/webhook-deliveries/{delivery}")
def get_webhook_delivery(asked: Viewer, delivery: str) -> DeliveryView:
    """One delivery."""
    with asked.read() as tx:
        return delivery_view(find_delivery(tx, delivery))


@router.post("/webhook-deliveries/{delivery}/retry", response_model=DeliveryView)
def post_webhook_delivery_retry(asked: Integrator, delivery: str) -> Response:
    """Handle a delivery anew that has failed."""

    def do(tx: Tx) -> DeliveryView:
        after = retried(tx, find_delivery(tx, delivery, lock=True))
        end_deliveries(tx, [after])
        return delivery_view(after)

    answer = asked.once(do)
    asked.services.webhooks.bell.ring()
    return answer
