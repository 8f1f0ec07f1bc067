"""An integration ends while a document that names it is applied, on PostgreSQL: one of them wins."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.at_once import beside, nothing
from stella.api.endings import naming_integration
from stella.blob import Blobs
from stella.environment.documents import apply_documents
from stella.hub.apply import apply_integration, delete_integration, readers_of
from stella.hub.errors import IntegrationInUse, MalformedIntegration
from stella.hub.store import list_integrations
from stella.kernel import Json
from stella.notify.apply import apply_notification
from stella.notify.errors import MalformedNotification
from stella.notify.store import list_notifications
from stella.plugin.contract.core import Contribution, Credential, Kind
from stella.record import Database, Tx

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]

BROUGHT = {
    (kind, name): Contribution(kind, name, name, {"type": "object"}, credentials)
    for kind, name, credentials in (
        (Kind.SECRET_STORE, "chest", ()),
        (Kind.NOTIFIER, "horn", ()),
        (Kind.REGISTRY, "oci", (Credential("password", "", required=False),)),
    )
}
REGISTRY: dict[str, Json] = {
    "kind": "registry",
    "connector": "oci",
    "endpoint": "a.example",
    "credentials": {"password": "chest://box/a#b"},
}
RULE: dict[str, Json] = {"integration": "horn", "on": ["PromotionBlocked"]}


def document(kind: str, name: str, spec: dict[str, Json]) -> dict[str, Json]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


@pytest.fixture
def there(database: Database) -> Database:
    """A store and a notifier, and nothing that names them."""
    with database.transaction(actor="usr_op") as tx:
        for name, kind in (("box", "secret_store"), ("horn", "notifier")):
            connector = "chest" if name == "box" else "horn"
            spec: dict[str, Json] = {"kind": kind, "connector": connector}
            apply_integration(tx, name, {**spec, "endpoint": f"https://{name}.example"}, BROUGHT)
    return database


def ends(name: str) -> Callable[[Tx], object]:
    def end(tx: Tx) -> None:
        delete_integration(tx, name, tuple(naming_integration(tx, name, BROUGHT)))

    return end


def applies(kind: str, name: str, spec: dict[str, Json]) -> Callable[[Tx], object]:
    def apply(tx: Tx) -> None:
        more = {"Notification": apply_notification}
        blobs = Blobs(Path("no policy is applied"))
        apply_documents(tx, blobs, [document(kind, name, spec)], brought=BROUGHT, more=more)

    return apply


NAMING = [
    pytest.param("box", ("Integration", "main", REGISTRY), MalformedIntegration, id="reference"),
    pytest.param("horn", ("Notification", "all", RULE), MalformedNotification, id="name"),
]


@pytest.mark.parametrize(("name", "naming", "refusal"), NAMING)
def test_who_names_what_ends_at_this_moment_is_refused(
    there: Database, name: str, naming: tuple[str, str, dict[str, Json]], refusal: type[Exception]
) -> None:
    _, named = beside(there, ends(name), nothing, applies(*naming))
    assert isinstance(named.exception(), refusal)
    with there.read() as tx:
        assert name not in {one.integration.name for one in list_integrations(tx)}
        assert not readers_of(tx, name)
        assert not list_notifications(tx)


@pytest.mark.parametrize(("name", "naming", "refusal"), NAMING)
def test_what_is_named_at_this_moment_does_not_end(
    there: Database, name: str, naming: tuple[str, str, dict[str, Json]], refusal: type[Exception]
) -> None:
    del refusal
    _, ended = beside(there, applies(*naming), nothing, ends(name))
    assert isinstance(ended.exception(), IntegrationInUse)
    with there.read() as tx:
        assert name in {one.integration.name for one in list_integrations(tx)}
