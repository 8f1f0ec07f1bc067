"""`roles` of an integration: who may let others refer to it, change it, and end it."""

from typing import Any

import pytest

from api.test_integrations import document
from fixtures.control import Control
from stella.environment.documents import apply_documents

PLACE = {"password": "vault://box/kv/prod/db#password"}


def box(**spec: Any) -> dict[str, Any]:
    """A secret store, ``box``: for administrators alone where nothing else is said."""
    given = {
        "kind": "secret_store",
        "connector": "vault",
        "credentials": {"token": "env://STELLA_SECRET_VAULT"},
        "roles": ["admin"],
        **spec,
    }
    return document("box", "https://vault.example", **given)


def apply(control: Control, *documents: dict[str, Any], by: str, **more: Any) -> Any:
    return control.ask("POST", "/apply", {"documents": documents, **more}, by=by)


@pytest.fixture
def kept(control: Control) -> Control:
    """With the store, and a registry that an administrator let use it."""
    user = document("main", "r.example", credentials=PLACE)
    done = apply(control, box(), user, by="root")
    assert done.is_success, done.text
    return control


def test_who_may_not_use_a_store_lets_nothing_read_from_it(kept: Control) -> None:
    mine = document("mine", "mine.example", credentials=PLACE)
    refused = apply(kept, mine, by="olga")
    assert (refused.status_code, refused.json()["code"]) == (422, "ST-HUB-002")
    assert (
        "box, where vault://box/kv/prod/db#password lies, is to be used by admin alone"
        in (refused.json()["title"])
    )
    assert kept.refused("GET", "/integrations/mine") == "ST-HUB-001"
    assert apply(kept, mine, by="root").is_success


def test_what_stood_there_stays_where_it_leads_to_the_same_place(kept: Control) -> None:
    same = document("main", "r.example", credentials=PLACE, timeoutS=7, roles=["developer"])
    assert apply(kept, same, by="olga").is_success
    # Its roles exclude her by now; what follows is of where it leads.
    assert apply(kept, document("main", "r.example", credentials=PLACE), by="root").is_success
    for changes in (
        {"endpoint": "olgas.example"},
        {"proxy": "http://olgas.example:3128"},
        {"hosts": ["olgas.example"]},
        {"credentials": {"password": "vault://box/kv/prod/other#password"}},
        {"credentials": {**PLACE, "username": "vault://box/kv/prod/db#password"}},
    ):
        spec = {"endpoint": "r.example", "credentials": PLACE, **changes}
        endpoint = str(spec.pop("endpoint"))
        refused = apply(kept, document("main", endpoint, **spec), by="olga")
        assert refused.json()["code"] == "ST-HUB-002", changes
        assert "is to be used by admin alone" in refused.text


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": []},
        {"roles": ["operator"]},
        {"environments": ["dev"]},
        {"hosts": ["olgas.example"]},
        {"timeoutS": 3},
    ],
)
def test_it_is_changed_by_those_alone_whom_it_is_for(
    control: Control, changes: dict[str, Any]
) -> None:
    control.environment("dev")
    assert apply(control, box(), by="root").is_success
    refused = apply(control, box(**changes), by="olga")
    assert (refused.status_code, refused.json()["code"]) == (403, "ST-HUB-004")
    assert "the integration box is for admin alone" in refused.json()["title"]
    assert apply(control, box(), by="olga").json()["changes"][0]["change"] == "unchanged"
    assert apply(control, box(**changes), by="root").is_success


def test_an_administrator_changes_what_is_for_others(control: Control) -> None:
    assert apply(control, box(roles=["developer"]), by="olga").is_success, "she makes it"
    assert apply(control, box(roles=[]), by="olga").status_code == 403
    assert apply(control, box(roles=[]), by="root").is_success


def test_it_is_ended_by_those_alone_whom_it_is_for(control: Control) -> None:
    assert apply(control, box(), by="root", owner="shop").is_success
    assert control.refused("DELETE", "/integrations/box", by="olga") == "ST-HUB-004"
    other = document("other", "r.example")
    pruned = apply(control, other, by="olga", owner="shop", prune=True)
    assert (pruned.status_code, pruned.json()["code"]) == (403, "ST-HUB-004")
    assert control.get("/integrations/box")["name"] == "box"
    assert control.ask("DELETE", "/integrations/box", by="root").status_code == 204


def test_who_brings_a_store_and_its_users_together_says_whom_it_is_for(control: Control) -> None:
    user = document("main", "r.example", credentials=PLACE)
    assert apply(control, user, box(), by="olga").is_success


def test_what_a_repository_brings_is_asked_for_no_role(kept: Control) -> None:
    """It has none: who let it be followed said what it may bring."""
    mine = document("mine", "mine.example", credentials=PLACE)
    with kept.database.transaction(actor="system") as tx:
        changes = apply_documents(
            tx,
            kept.services.blobs,
            [mine, box(timeoutS=7)],
            brought=kept.services.plugins.brought(),
            roles=frozenset(),
        )
    assert [one.change for one in changes] == ["updated", "created"]
