"""The checks along the way of a release: each passed, and each with its fault planted and its line."""

import shutil
from typing import Any

import pytest
from sqlalchemy import text

from fixtures.control import Control
from fixtures.databases import Clock
from stella.app.doctoring.ground import Ground
from stella.app.doctoring.table import checks_on
from stella.app.settings import Settings
from stella.doctor import Finding, examine
from stella.kernel import Digest, Outcome

IDS = {
    "releases.approvals",
    "releases.deployments",
    "releases.images",
    "releases.policies",
    "releases.sboms",
    "releases.scans",
    "releases.secrets",
    "releases.templates",
    "releases.vex",
}


@pytest.fixture
def running(control: Control) -> Control:
    """A release runs in dev."""
    control.environment("dev")
    release = control.sealed("1.0.0")
    assert control.deployed(release["id"], "dev")["state"] == "deployed"
    return control


def look(control: Control, *areas: str) -> dict[str, list[Finding]]:
    services = control.services
    settings = Settings(data_directory=str(services.data))
    ground = Ground(settings, lambda: services.database, lambda: services, True)
    found: dict[str, list[Finding]] = {}
    for one in examine(checks_on(ground), areas or ("releases",)):
        found.setdefault(one.check, []).append(one)
    return found


def one(control: Control, check: str) -> Finding:
    """What does not pass; there is one of it."""
    (bad,) = [
        found
        for found in look(control, check.partition(".")[0])[check]
        if found.outcome is not Outcome.PASS
    ]
    return bad


def forget_blob(control: Control, digest: str) -> None:
    shutil.rmtree(control.services.blobs.directory / "sha256" / Digest(digest).hex[:2])


def change(control: Control, statement: str, **values: Any) -> None:
    with control.database.transaction(actor="test") as tx:
        assert tx.connection.execute(text(statement), values).rowcount


def test_nothing_is_wrong_with_what_runs(running: Control) -> None:
    found = look(running)
    assert found.keys() == IDS
    ill = [f.detail for seen in found.values() for f in seen if f.outcome is not Outcome.PASS]
    assert ill == []
    assert look(running)["releases.images"][0].detail == "2 images are in their registries"
    assert look(running)["releases.scans"][0].detail == "2 images are scanned"
    assert look(running)["releases.sboms"][0].detail == "2 are kept"


def test_an_image_that_is_gone_from_its_registry(running: Control) -> None:
    registry = running.registry
    gone = registry.manifest("shop/web", "1.0.0").digest.text
    del registry.manifests["shop/web", gone]
    found = one(running, "releases.images")
    assert (found.name, found.outcome) == ("image dev/web", Outcome.BLOCKED)
    assert found.fix.startswith("Push it again from where it was built: ")
    assert found.fix.endswith(f"/shop/web@{gone}")


@pytest.mark.parametrize(
    ("change_it", "told"),
    [
        (
            "UPDATE scan SET state = 'failed', error_code = 'ST-REG-001', error_message = 'gone'",
            "its scan ended with ST-REG-001: gone",
        ),
        (
            "UPDATE scan SET state = 'pending', at = '2020-01-01T00:00:00.000000Z'",
            "its scan has not ended since 2020-01-01",
        ),
        ("DELETE FROM scan", "it was never scanned"),
    ],
)
def test_an_image_that_is_not_scanned(running: Control, change_it: str, told: str) -> None:
    change(running, f"{change_it} WHERE reference LIKE '%web%'")
    found = one(running, "releases.scans")
    assert found.detail.startswith(told)
    assert found.fix.startswith("stella scan ")
    assert found.fix.endswith(" --upload")
    assert "/shop/web@sha256:" in found.fix


def test_a_bill_of_materials_that_is_gone(running: Control) -> None:
    with running.database.read() as tx:
        query = "SELECT sbom FROM scan WHERE reference LIKE '%web%'"
        ((digest,),) = tx.connection.execute(text(query)).fetchall()
    forget_blob(running, digest)
    found = one(running, "releases.sboms")
    assert found.name.startswith("SBOM of dev/web ")
    assert digest in found.detail
    assert "stella scan " in found.fix


def test_a_template_that_picks_from_a_channel_that_is_gone(control: Control) -> None:
    component: dict[str, Any] = {
        "apiVersion": "stella/v1",
        "kind": "Component",
        "name": "web",
        "spec": {"image": "r.example/shop/web", "channels": {"beta": {}}},
    }
    template = {
        "apiVersion": "stella/v1",
        "kind": "ReleaseTemplate",
        "name": "shop",
        "spec": {"components": {"web": {"channel": "beta"}}},
    }
    assert control.apply(component, template).is_success
    assert look(control)["releases.templates"][0].outcome is Outcome.PASS
    component["spec"] = {"image": "r.example/shop/web"}
    assert control.apply(component).is_success
    found = one(control, "releases.templates")
    assert found.detail == "it picks web from the channel beta, which is gone"
    assert found.fix == "Let the template shop pick another, or bring it back: stella apply -f FILE"


def test_a_policy_that_this_version_cannot_read(control: Control) -> None:
    files = {"own.rego": "package stella.policy\n\nresults contains r if { r := }\n"}
    from stella.policy.bundle import bundle_bytes
    from stella.policy.model import PolicyBundle

    kept = control.services.blobs.put(bundle_bytes(PolicyBundle(Digest.of(b""), files)))
    change(
        control,
        "INSERT INTO policy (tenant, name, digest, at) VALUES ('default', 'own', :digest, 'x')",
        digest=kept.text,
    )
    found = one(control, "releases.policies")
    assert (found.name, found.outcome) == ("policy own", Outcome.BLOCKED)
    assert "own.rego:3:" in found.detail
    assert found.fix == "Apply the policy own anew: stella apply -f FILE"
    forget_blob(control, kept.text)
    assert one(control, "releases.policies").fix == found.fix


def test_a_rule_that_nobody_can_satisfy(control: Control) -> None:
    rules = [
        {"rule": "two", "approvers": ["approver"], "count": 2},
        {"rule": "gone", "approvers": ["nobody-here"], "count": 1},
        {"rule": "viewer", "approvers": ["vera"], "count": 1},
    ]
    control.environment("prod", approvals=rules[:1])
    able = sum(
        "approver" in one["roles"] and not one["disabled"]
        for one in control.get("/users", by="root")["items"]
    )
    assert able > 1
    assert look(control)["releases.approvals"][0].outcome is Outcome.PASS
    control.environment("prod", approvals=rules[1:2])
    found = one(control, "releases.approvals")
    assert found.detail == "the rule gone asks for 1 of nobody-here; 0 can"
    assert found.fix == "Give somebody that role, or ask others: stella user list"
    control.environment("prod", approvals=[{**rules[0], "count": able + 1}])
    assert (
        f"asks for {able + 1} of approver; {able} can" in one(control, "releases.approvals").detail
    )


def test_documents_of_an_issuer_that_was_let_go(control: Control) -> None:
    row = dict.fromkeys(("id", "digest", "format", "said_id", "version", "author", "by"), "x")
    values = ", ".join(f":{name}" for name in row)
    names = ", ".join(f'"{name}"' for name in row)
    change(
        control,
        f"INSERT INTO vex_document ({names}, tenant, state, issuer, basis, statements, gaps, at,"
        f" reason) VALUES ({values}, 'default', 'standing', 'acme', 'vouched', 1, 0, 'x', '')",
        **row,
    )
    found = one(control, "releases.vex")
    assert found.detail == "1 documents were taken for acme's, whose word counts here no more"
    assert found.fix.startswith("Apply a VexIssuer acme anew (stella apply -f FILE)")
    issuer = {
        "apiVersion": "stella/v1",
        "kind": "VexIssuer",
        "name": "acme",
        "spec": {"weight": "known"},
    }
    assert control.ask("POST", "/apply", {"documents": [issuer]}, by="root").is_success
    assert look(control)["releases.vex"][0].outcome is Outcome.PASS


def test_a_deployment_that_waits_for_an_agent_that_does_not_come(
    control: Control, clock: Clock
) -> None:
    control.environment("dev")
    control.asked(control.sealed("1.0.0")["id"], "dev")
    assert look(control)["releases.deployments"][0].outcome is Outcome.PASS, "it has just begun"
    clock.go_on(minutes=5)
    found = one(control, "releases.deployments")
    assert found.detail == "dev-a waits for the agent host-a, which is not heard"
    assert found.fix == "On its host: stella agent run"


def variable(secret: str, *environments: str) -> dict[str, Any]:
    when = {"when": {"environment": list(environments)}} if environments else {}
    variables = [{"name": "PASSWORD", "secret": secret, **when}]
    return {
        "apiVersion": "stella/v1",
        "kind": "Variables",
        "name": "shop",
        "spec": {"variables": variables},
    }


def test_a_secret_that_the_hosts_of_an_environment_are_not_given(control: Control) -> None:
    control.environment("dev")
    control.environment("prod", "dev")
    assert control.apply(variable("secret://word", "prod")).is_success
    assert "there is no secret 'word'" in one(control, "releases.secrets").detail
    assert control.ask("PUT", "/secrets/word", {"value": "hunter2-x"}, by="olga").is_success
    found = one(control, "releases.secrets")
    assert found.name == "variable PASSWORD of shop"
    assert found.detail == "secret://word is not given to hosts of prod"
    assert found.fix == "stella secret allow word hosts:prod"
    allowed = {"integration": "hosts:prod", "place": "hosts:prod"}
    control.post("/secrets/word/allow", allowed, by="olga")
    assert look(control)["releases.secrets"][0].outcome is Outcome.PASS

    reference = "vault://main/kv/shop#password"
    assert control.apply(variable(reference)).is_success
    assert "there is no integration 'main'" in one(control, "releases.secrets").detail
    store = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": "main",
        "spec": {
            "kind": "secret_store",
            "connector": "vault",
            "endpoint": "https://vault.example",
            "credentials": {"token": "secret://word"},
            "environments": ["dev"],
        },
    }
    assert control.apply(store).is_success
    found = one(control, "releases.secrets")
    assert found.detail == f"{reference} is not given to hosts of prod"
    assert "stella integration get main" in found.fix
    store["spec"] = {**store["spec"], "environments": ["dev", "prod"]}
    assert control.apply(store).is_success
    assert look(control)["releases.secrets"][0].outcome is Outcome.PASS


def test_an_authority_whose_key_is_another(control: Control) -> None:
    keys = control.services.data / "keys"
    assert look(control, "keys")["keys.authority"][0].outcome is Outcome.PASS
    shutil.copy(keys / "orders.key", keys / "ca.key")
    found = one(control, "keys.authority")
    assert found.detail == "ca.key is not the key of ca.pem"
    assert found.fix == (
        f"Put both back from a backup: tar -xf BACKUP -C {control.services.data}"
        " keys/ca.key keys/ca.pem"
    )
