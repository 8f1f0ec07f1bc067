"""A built-in secret goes where somebody let it who knows it, or who may let any; nowhere else."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from api.test_integrations import document
from connectors.registries import Answer, played_registry
from fixtures.control import Control
from stella.environment.errors import UnknownEnvironment
from stella.hub.errors import SecretInUse, SecretNotAllowed, SecretNotDeployed
from stella.identity import Role, create_user
from stella.identity.tokens import open_session

PASSWORD = {"username": "secret://password", "password": "secret://password"}


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def registry(shown: list[str]) -> Iterator[str]:
    """It notes what it is shown, and lets everybody in who shows something."""

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        given = headers.get("authorization", "")
        if not given:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        shown.append(given)
        return Answer(body=b'{"tags": []}')

    with played_registry(play) as host:
        yield host


@pytest.fixture
def control(control: Control) -> Control:
    """Olga has stored a secret; oscar is another operator."""
    with control.database.transaction(actor="system") as tx:
        oscar = create_user(tx, name="oscar", roles=[Role.OPERATOR], password_hash="").id
    with control.database.transaction(actor=oscar) as tx:
        made = open_session(tx, oscar, secret=os.urandom(32), name="test", hours=1)
    control.tokens["oscar"] = made.text
    control.ask("PUT", "/secrets/password", {"value": "hunter2-of-olga"}, by="olga")
    return control


def apply(control: Control, by: str, **document_: Any) -> Any:
    return control.ask("POST", "/apply", {"documents": [document_]}, by=by)


def looked_at(control: Control, name: str) -> dict[str, Any]:
    """What is asked after a look at where the integration leads."""
    return {"integration": name, "place": control.get(f"/integrations/{name}")["place"]}


def allow(control: Control, by: str) -> Any:
    return control.post("/secrets/password/allow", looked_at(control, "main"), by=by)


def examined(control: Control, name: str = "main") -> dict[str, Any]:
    return control.post(f"/integrations/{name}/test", by="oscar")


def test_who_did_not_store_it_cannot_send_it_to_a_place_of_theirs(
    control: Control, registry: str, shown: list[str]
):
    mine = document("mine", registry, credentials=PASSWORD)
    assert apply(control, "oscar", **mine).is_success
    assert control.get("/integrations/mine")["waitsFor"] == ["password"]
    health = examined(control, "mine")
    assert (health["outcome"], "not allowed for the integration mine" in health["detail"]) == (
        "blocked",
        True,
    )
    asked = looked_at(control, "mine")
    assert control.refused("POST", "/secrets/password/allow", asked, by="oscar") == "ST-HUB-014"
    assert examined(control, "mine")["outcome"] == "blocked"
    assert shown == []
    (kept,) = control.get("/secrets", by="olga")["items"]
    assert (kept["waiting"], kept["allowed"]) == (["mine"], [])
    found = {one["id"]: one for one in control.get("/doctor", by="olga")["checks"]}
    assert found["secrets.uses"]["fix"] == "stella secret allow password mine"


def test_it_is_not_well_either_where_nobody_asks_for_the_secret(control: Control):
    """As a registry that lets everybody read: it would be refused at its use."""
    with played_registry(lambda *_: Answer(body=b'{"tags": []}')) as host:
        apply(control, "oscar", **document("main", host, credentials=PASSWORD))
        assert examined(control)["outcome"] == "blocked"
        allow(control, by="olga")
        assert examined(control)["outcome"] == "pass"


def test_who_stored_it_lets_it_go_there(control: Control, registry: str, shown: list[str]):
    apply(control, "oscar", **document("main", registry, credentials=PASSWORD))
    allowed = allow(control, by="olga")
    assert [one["integration"] for one in allowed["allowed"]] == ["main"]
    assert examined(control)["outcome"] == "pass"
    assert len(shown) == 1
    control.post("/secrets/password/forbid", {"integration": "main"}, by="oscar")
    assert examined(control)["outcome"] == "blocked"
    assert len(shown) == 1
    assert control.kinds("password") == [
        "SecretStored",
        "SecretUseAllowed",
        "SecretUseForbidden",
    ]


def test_what_is_open_already_is_used_no_more_once_it_is_forbidden(
    control: Control, registry: str, shown: list[str]
):
    apply(control, "olga", **document("main", registry, credentials=PASSWORD))
    opened = control.services.outside.registry(registry, None)
    opened.tags("shop/web")
    control.post("/secrets/password/forbid", {"integration": "main"}, by="olga")
    with pytest.raises(SecretNotAllowed):
        control.services.outside.registry(registry, None)
    assert len(shown) == 1
    allow(control, by="olga")
    control.services.outside.registry(registry, None).tags("shop/web")
    assert len(shown) == 2


def test_an_administrator_lets_any_go(control: Control, registry: str):
    apply(control, "oscar", **document("main", registry, credentials=PASSWORD))
    allow(control, by="root")
    assert examined(control)["outcome"] == "pass"


def test_what_was_let_go_to_one_place_does_not_go_to_another(
    control: Control, registry: str, shown: list[str]
):
    first = document("main", "r.example", credentials=PASSWORD, networks=["127.0.0.0/8"])
    apply(control, "olga", **first)
    assert control.get("/integrations/main")["waitsFor"] == []
    assert apply(control, "oscar", **document("main", registry, credentials=PASSWORD)).is_success
    assert control.get("/integrations/main")["waitsFor"] == ["password"]
    assert examined(control)["outcome"] == "blocked"
    assert shown == []
    # What does not change where it goes asks nobody.
    allow(control, by="olga")
    slower = document("main", registry, credentials=PASSWORD, timeoutS=7)
    assert apply(control, "oscar", **slower).is_success
    assert control.get("/integrations/main")["waitsFor"] == []
    assert examined(control)["outcome"] == "pass"


def test_what_does_not_name_it_is_not_let(control: Control):
    apply(control, "oscar", **document("main", "r.example"))
    asked = looked_at(control, "main")
    assert control.refused("POST", "/secrets/password/allow", asked, by="olga") == "ST-HUB-014"
    other = {**asked, "integration": "none"}
    assert control.refused("POST", "/secrets/password/allow", other, by="olga") == "ST-HUB-001"


def test_what_was_allowed_ends_with_the_integration(control: Control):
    apply(control, "olga", **document("main", "r.example", credentials=PASSWORD))
    control.ask("DELETE", "/integrations/main", by="olga")
    apply(control, "oscar", **document("main", "r.example", credentials=PASSWORD))
    assert control.get("/integrations/main")["waitsFor"] == ["password"]


def test_an_integration_that_was_changed_meanwhile_is_not_written_over(control: Control):
    apply(control, "olga", **document("main", "r.example"))
    revision = control.ask("GET", "/integrations/main", by="olga").json()["revision"]
    apply(control, "oscar", **document("main", "r.example", timeoutS=7))
    for documents, code in (
        ([document("main", "r.example", timeoutS=9)], "ST-API-009"),
        ([document("main", "r.example"), document("two", "s.example")], "ST-API-001"),
    ):
        sent = control.ask(
            "POST",
            "/apply",
            {"documents": documents},
            by="olga",
            headers={"If-Match": f'"{revision}"'},
        )
        assert sent.json()["code"] == code, sent.text
    assert control.get("/integrations/main")["spec"]["timeoutS"] == 7
    now = control.get("/integrations/main")["revision"]
    sent = control.ask(
        "POST",
        "/apply",
        {"documents": [document("main", "r.example", timeoutS=9)]},
        by="olga",
        headers={"If-Match": f'"{now}"'},
    )
    assert sent.is_success, sent.text


def test_an_integration_says_that_it_stands_before_the_settings(control: Control):
    apply(control, "olga", **document("main", "r.example"))
    assert control.get("/integrations/main")["overridesSettings"] is False
    state = control.client.app.state  # type: ignore[attr-defined]
    state.services = replace(control.services, registries=("R.example",))
    assert control.get("/integrations/main")["overridesSettings"] is True


def test_what_leads_elsewhere_since_somebody_looked_is_not_let(
    control: Control, registry: str, shown: list[str]
):
    apply(control, "oscar", **document("main", "r.example", credentials=PASSWORD))
    asked = looked_at(control, "main")
    assert apply(control, "oscar", **document("main", registry, credentials=PASSWORD)).is_success
    assert control.refused("POST", "/secrets/password/allow", asked, by="olga") == "ST-HUB-014"
    assert control.get("/integrations/main")["waitsFor"] == ["password"]
    assert (examined(control)["outcome"], shown) == ("blocked", [])
    allow(control, by="olga")
    assert examined(control)["outcome"] == "pass"


def given_to(control: Control, environment: str) -> str:
    return control.services.outside.deployed("secret://password", environment)


def test_hosts_of_an_environment_are_let_have_it_by_who_knows_it(control: Control) -> None:
    control.environment("prod")
    control.environment("dev")
    asked = {"integration": "hosts:prod", "place": "hosts:prod"}
    with pytest.raises(SecretNotDeployed, match="not allowed for hosts of prod") as refusal:
        given_to(control, "prod")
    assert refusal.value.remedy.command == "stella secret allow password hosts:prod"
    path = "/secrets/password/allow"
    assert control.refused("POST", path, asked, by="oscar") == SecretNotAllowed.code
    nowhere = {"integration": "hosts:nowhere", "place": "x"}
    assert control.refused("POST", path, nowhere, by="olga") == UnknownEnvironment.code
    assert control.refused("POST", path, asked, by="dan") == "ST-IDN-004"
    shown = control.post(path, asked, by="olga")
    assert [one["integration"] for one in shown["allowed"]] == ["hosts:prod"]
    control.post(path, asked, by="olga")
    assert given_to(control, "prod") == "hunter2-of-olga"
    with pytest.raises(SecretNotDeployed):
        given_to(control, "dev")
    assert control.refused("DELETE", "/secrets/password", by="olga") == SecretInUse.code

    control.post("/secrets/password/forbid", {"integration": "hosts:prod"}, by="olga")
    with pytest.raises(SecretNotDeployed):
        given_to(control, "prod")
    assert control.ask("DELETE", "/secrets/password", by="olga").status_code == 204
    control.seal()
    kinds = [one["kind"] for one in control.get("/facts", by="root", limit=500)["items"]]
    assert kinds.count("SecretUseAllowed") == 1
    assert kinds.count("SecretUseForbidden") == 1
