"""Integrations that are for certain environments: what they are refused for, and by which gate."""

from typing import Any

from fixtures.control import Control
from stella.app.courier import Courier
from stella.image import parse_reference


def integration(name: str, kind: str, connector: str, endpoint: str, **spec: Any) -> dict[str, Any]:
    told = {"kind": kind, "connector": connector, "endpoint": endpoint, **spec}
    return {"apiVersion": "stella/v1", "kind": "Integration", "name": name, "spec": told}


def registry(host: str, *environments: str, **spec: Any) -> dict[str, Any]:
    return integration("main", "registry", "oci", host, environments=environments, **spec)


def gate(promotion: Any) -> Any:
    return next((one for one in promotion["decision"]["gates"] if one["name"] == "origin"), None)


def test_a_release_goes_where_its_registry_is_for_and_nowhere_else(control: Control):
    control.environment("dev")
    control.environment("prod", "dev")
    release = control.sealed("2.0.0")
    host = parse_reference(release["components"][0]["reference"]).host
    assert control.apply(registry(host, "dev")).is_success
    first = control.deployed("shop@2.0.0", "dev")
    assert (first["state"], gate(first)["state"]) == ("deployed", "pass")

    blocked = control.asked(release["id"], "prod")
    assert (blocked["state"], gate(blocked)["state"]) == ("blocked", "blocked")
    assert [one["message"] for one in gate(blocked)["reasons"]] == [
        "web comes from main, which is for dev alone",
        "worker comes from main, which is for dev alone",
    ]
    assert "`environments` of main" in gate(blocked)["unblocks"]

    assert control.apply(registry(host, "dev", "prod")).is_success
    assert gate(control.deployed("shop@2.0.0", "prod"))["summary"] == "every registry is for prod"
    assert control.apply(registry(host)).is_success
    assert gate(control.asked(release["id"], "prod")) is None


def test_what_is_bound_is_bound_to_something(control: Control):
    control.environment("dev")
    moon = control.apply(registry("a.example", "moon"))
    assert "environments: there is no 'moon'" in moon.json()["facts"]["reasons"]
    both = control.apply(
        registry("a.example", "prod"),
        {
            "apiVersion": "stella/v1",
            "kind": "Environment",
            "name": "prod",
            "spec": {"after": "dev", "policy": "starter"},
        },
    )
    assert both.is_success, both.text
    feed = integration("hub", "feed", "http-feed", "https://vex.example", environments=["dev"])
    (reason,) = [
        one for one in control.apply(feed).json()["facts"]["reasons"] if "environments" in one
    ]
    assert "a feed is used for no one in particular" in reason


def test_secrets_of_a_bound_store_go_to_what_is_bound_alike(control: Control):
    control.environment("dev")
    control.environment("prod", "dev")
    store = integration(
        "vault",
        "secret_store",
        "vault",
        "https://vault.example",
        environments=["prod"],
        credentials={"token": "env://STELLA_SECRET_TOKEN"},
    )
    assert control.apply(store).is_success
    password = {"username": "env://STELLA_SECRET_USER", "password": "vault://vault/kv/a#b"}
    for environments in ((), ("dev",), ("dev", "prod")):
        refused = control.apply(registry("a.example", *environments, credentials=password))
        (reason,) = refused.json()["facts"]["reasons"]
        assert "where vault://vault/kv/a#b lies, is for prod alone" in reason
    assert control.apply(registry("a.example", "prod", credentials=password)).is_success
    store["spec"]["environments"] = ["dev"]
    narrowed = control.apply(store)
    assert "gives credentials to main" in narrowed.json()["title"]


def test_messages_of_an_environment_go_by_what_is_for_it(control: Control):
    control.environment("dev")
    control.environment("prod", "dev")
    hook = integration(
        "chat",
        "notifier",
        "webhook-out",
        "https://chat.example",
        environments=["prod"],
        credentials={"signing_secret": "env://STELLA_SECRET_SIGN"},
    )
    assert control.apply(hook).is_success, control.apply(hook).text
    rule: dict[str, Any] = {
        "apiVersion": "stella/v1",
        "kind": "Notification",
        "name": "on-duty",
        "spec": {"on": ["PromotionBlocked"], "integration": "chat"},
    }
    for environments in ([], ["dev"], ["dev", "prod"]):
        rule["spec"]["environments"] = environments
        (reason,) = control.apply(rule).json()["facts"]["reasons"]
        assert reason == "environments: the integration chat is for prod alone"
    rule["spec"]["environments"] = ["prod"]
    assert control.apply(rule).is_success

    # What was narrowed since is refused at its use; the message says so, and waits.
    hook["spec"]["environments"] = ["dev"]
    assert control.apply(hook).is_success
    control.asked(control.sealed("2.0.0")["id"], "prod")
    courier = Courier(control.services)
    assert courier.sweep() == 1
    courier.close()
    (message,) = control.get("/notifications/sent")["items"]
    assert "the integration chat is for dev alone, not for prod" in message["detail"]
