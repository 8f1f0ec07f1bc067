"""Lifecycles on a PostgreSQL server, where one decides by them while another changes them."""

from pathlib import Path

import pytest

from fixtures.at_once import beside, nothing
from stella.api.endings import endings_for
from stella.blob import Blobs
from stella.environment.apply import apply_environment
from stella.environment.documents import apply_documents
from stella.environment.errors import MalformedDocument
from stella.environment.lifecycles.store import lifecycle_for, list_lifecycles
from stella.environment.owning import Owning
from stella.environment.store import keep_environment
from stella.identity import Permission
from stella.kernel import Json
from stella.record import Database, Tx

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]

END = {"endsAt": "2040-01-01T00:00:00Z"}


def way(name: str, **more: Json) -> dict[str, Json]:
    phases: Json = [{"name": "dev", "environments": ["dev"]}]
    return document("Lifecycle", name, {"phases": phases, **more})


def document(kind: str, name: str, spec: dict[str, Json]) -> dict[str, Json]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


def apply(tx: Tx, *documents: dict[str, Json], owner: str = "shop") -> None:
    owning = Owning(owner, prune=True, endings=endings_for(Permission))
    blobs = Blobs(Path("no policy is applied"))
    apply_documents(tx, blobs, documents, brought={}, owning=owning)


@pytest.fixture
def there(database: Database) -> Database:
    """A lifecycle of the channel next, and an environment of somebody else."""
    with database.transaction(actor="usr_op") as tx:
        apply_environment(tx, "dev", {"policy": "starter"}, {})
        apply(tx, way("standard", channels=["next"]))
    return database


def test_who_decides_and_who_prunes_never_wait_for_each_other(there: Database) -> None:
    found, pruned = beside(
        there,
        lambda tx: keep_environment(tx, "dev"),
        lambda tx: lifecycle_for(tx, "next", keep=True),
        lambda tx: apply(tx, document("Environment", "dev", {"policy": "starter", **END})),
    )
    assert found is not None
    pruned.result()
    with there.read() as tx:
        assert list_lifecycles(tx) == {}


def test_a_channel_that_goes_to_another_is_never_seen_with_none(there: Database) -> None:
    _, decided = beside(
        there,
        lambda tx: apply(tx, way("standard"), way("other", channels=["next"])),
        nothing,
        lambda tx: lifecycle_for(tx, "next", keep=True),
    )
    taken = decided.result()
    assert taken is not None
    assert taken.name == "other"  # type: ignore[attr-defined]


def test_no_two_that_are_applied_at_once_take_one_channel(there: Database) -> None:
    _, second = beside(
        there,
        lambda tx: apply(tx, way("standard", channels=["next", "edge"])),
        nothing,
        lambda tx: apply(tx, way("second", channels=["edge"]), owner="two"),
    )
    assert isinstance(second.exception(), MalformedDocument)
