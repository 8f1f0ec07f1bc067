"""On-call schedules on a PostgreSQL server, where one decides by them while another changes them."""

from pathlib import Path

import pytest

from fixtures.at_once import beside
from stella.api.endings import endings_for
from stella.blob import Blobs
from stella.environment.documents import apply_documents
from stella.environment.oncall.store import keep_schedule, list_schedules
from stella.environment.owning import Owning
from stella.environment.store import find_environment, keep_environment
from stella.identity import Permission
from stella.kernel import Json
from stella.record import Database, Tx

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]


def schedule(days: int) -> dict[str, Json]:
    layer: dict[str, Json] = {"name": "all", "people": ["ann"], "from": "2029-12-31T09:00"}
    spec: Json = {"timeZone": "UTC", "layers": [{**layer, "every": {"days": days}}]}
    return document("OnCallSchedule", "payments", spec)


def environment(count: int) -> dict[str, Json]:
    rule: Json = {"rule": "on duty", "approvers": ["oncall:payments"], "count": count}
    return document("Environment", "dev", {"policy": "starter", "approvals": [rule]})


def document(kind: str, name: str, spec: Json) -> dict[str, Json]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


def apply(tx: Tx, *documents: dict[str, Json]) -> None:
    owning = Owning("shop", prune=True, endings=endings_for(Permission))
    apply_documents(tx, Blobs(Path("no policy is applied")), documents, brought={}, owning=owning)


@pytest.fixture
def there(database: Database) -> Database:
    with database.transaction(actor="usr_op") as tx:
        apply(tx, schedule(7), environment(1), document("Environment", "other", {}))
    return database


def test_who_decides_and_who_applies_both_never_wait_for_each_other(there: Database) -> None:
    found, applied = beside(
        there,
        lambda tx: keep_environment(tx, "dev"),
        lambda tx: keep_schedule(tx, "payments"),
        lambda tx: apply(tx, schedule(6), environment(2)),
    )
    assert found is True
    applied.result()
    with there.read() as tx:
        assert find_environment(tx, "dev").approvals[0].count == 2


def test_nor_do_who_decides_and_who_prunes_both(there: Database) -> None:
    found, pruned = beside(
        there,
        lambda tx: keep_environment(tx, "dev"),
        lambda tx: keep_schedule(tx, "payments"),
        lambda tx: apply(tx, document("Environment", "other", {})),
    )
    assert found is True
    pruned.result()
    with there.read() as tx:
        assert list_schedules(tx) == {}
