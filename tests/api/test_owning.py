"""Documents have owners: who may change them, and what ends where an owner names it no more."""

from typing import Any

import pytest

from api.test_apply import REGO, document, environment, target
from fixtures.control import V1, Control
from stella.api.endings import endings_for
from stella.api.views.documents import KINDS
from stella.deployment.start import next_turn
from stella.environment.documents import apply_documents
from stella.environment.errors import PruneRefused
from stella.environment.owning import Owning, Pruning
from stella.evidence.verify import verify_packet
from stella.identity import Permission
from stella.record.owners import put_owner
from stella.replay import replay_packet

CLIENT = {"client_id": "stella"}


def applied(control: Control, *documents: Any, by: str = "olga", **more: Any) -> list[Any]:
    """Kind, name and change of each."""
    answer = control.ask("POST", "/apply", {"documents": documents, **more}, by=by)
    assert answer.is_success, answer.text
    return [(one["kind"], one["name"], one["change"]) for one in answer.json()["changes"]]


def refusal(control: Control, *documents: Any, by: str = "olga", **more: Any) -> Any:
    """The problem; nothing was changed by what was asked."""
    before = control.get("/documents"), control.get("/documents/owned"), control.count("fact")
    answer = control.ask("POST", "/apply", {"documents": documents, **more}, by=by)
    assert answer.is_error, answer.text
    after = control.get("/documents"), control.get("/documents/owned"), control.count("fact")
    assert after == before
    return answer.json()


def owned(control: Control, owner: str | None = None) -> dict[str, str]:
    query = {"owner": owner} if owner else {}
    items = control.get("/documents/owned", **query)["items"]
    return {f"{one['kind']}/{one['name']}": one["owner"] for one in items}


def names(control: Control, kind: str) -> list[str]:
    return [one["name"] for one in control.get("/documents", kind=kind)["items"]]


def facts(control: Control, kind: str) -> list[Any]:
    control.seal()
    found = control.get("/facts", limit=500)["items"]
    return [(one["subject"], one["data"]) for one in found if one["kind"] == kind]


def test_what_an_owner_brought_and_names_no_more_ends(control: Control):
    applied(control, environment("by-hand"))
    applied(control, environment("other"), owner="another")
    applied(control, environment("dev"), target("dev-a"), environment("qa"), owner="shop")
    changes = applied(control, environment("dev"), owner="shop", prune=True)
    assert changes == [
        ("Environment", "dev", "unchanged"),
        ("Target", "dev-a", "removed"),
        ("Environment", "qa", "removed"),
    ]
    assert names(control, "Environment") == ["by-hand", "dev", "other"]
    assert names(control, "Target") == []
    assert owned(control) == {"Environment/dev": "shop", "Environment/other": "another"}
    assert facts(control, "EnvironmentDeleted") == [("qa", {"ends_at": None})]
    assert facts(control, "TargetDeleted") == [("dev-a", {"environment": "dev"})]
    assert control.refused("GET", "/environments/qa") == "ST-ENV-001"


def test_without_pruning_nothing_ends(control: Control):
    applied(control, environment("dev"), environment("qa"), owner="shop")
    applied(control, environment("dev"), owner="shop")
    assert names(control, "Environment") == ["dev", "qa"]


def test_a_dry_run_says_what_would_end_and_ends_nothing(control: Control):
    documents = [environment("dev"), environment("qa", parameters={"severityMax": "low"})]
    applied(control, *documents, owner="shop")
    before = control.count("fact")
    asked = {"documents": documents[:1], "owner": "shop", "prune": True}
    tried = control.ask("POST", "/apply", {**asked, "dryRun": True}, by="olga").json()
    gone = tried["changes"][1]
    assert (gone["name"], gone["change"]) == ("qa", "removed")
    (value,) = gone["diff"]
    assert (value["path"], value["after"]) == ("spec", None)
    assert value["before"]["parameters"] == {"severityMax": "low"}
    assert control.count("fact") == before
    assert names(control, "Environment") == ["dev", "qa"]
    assert owned(control, "shop") == {"Environment/dev": "shop", "Environment/qa": "shop"}
    assert control.ask("POST", "/apply", asked, by="olga").json() == tried


def test_every_kind_of_document_has_its_end():
    assert set(endings_for(Permission)) == set(KINDS)


def test_every_kind_ends_that_an_owner_brings(control: Control):
    hook = {
        "kind": "notifier",
        "connector": "webhook-out",
        "endpoint": "https://h.test",
        "credentials": {"signing_secret": "env://HOOK"},
    }
    night = {"from": "2030-01-01T22:00", "until": "2030-01-02T06:00"}
    issuer = {
        "kind": "identity_provider",
        "connector": "oidc",
        "endpoint": "https://id.test",
        "config": CLIENT,
    }
    everything = [
        {**document("Integration", "hook"), "spec": hook},
        {**document("Integration", "id"), "spec": issuer},
        document("SignIn", "people", integration="id", roles=["viewer"]),
        document(
            "MachineLogin",
            "ci",
            integration="id",
            audience="stella",
            claims={"sub": "a"},
            roles=["developer"],
        ),
        document("Policy", "ours", rego=REGO),
        document("Component", "web", image="registry.test/shop/web"),
        document("ReleaseTemplate", "shop", components={"web": {}}),
        environment("dev", policy="ours"),
        environment("prod", after="dev", soak={"hours": 2}),
        target("prod-a", "prod"),
        document("Variables", "all", variables=[{"name": "A", "value": ""}]),
        document("Variables", "one", variables=[_variable("prod-a", "prod")]),
        document("Freeze", "nights", timeZone="UTC", reason="sleep", environments=["dev"], **night),
        document("VexIssuer", "vendor", weight=10),
        document("Notification", "told", on=["DeploymentFailed"], integration="hook"),
    ]
    applied(control, environment("left"), *everything, by="root", owner="shop")
    control.get("/documents")
    brought = {(one["kind"], one["name"]) for one in everything}
    changes = applied(control, environment("left"), by="root", owner="shop", prune=True)
    ended = {(kind, name) for kind, name, change in changes if change == "removed"}
    assert ended == brought
    left = control.get("/documents")["items"]
    assert [(one["kind"], one["name"]) for one in left] == [("Environment", "left")]
    assert owned(control) == {"Environment/left": "shop"}
    assert len({kind for kind, _ in brought}) == 12
    # And all of it again: what ended is in nobody's way.
    again = applied(control, *everything, by="root")
    assert {change for _, _, change in again} == {"created"}


def _variable(target_name: str, environment_name: str) -> dict[str, Any]:
    when = {"target": [target_name], "environment": [environment_name]}
    return {"name": "B", "value": "x", "when": when}


def test_what_comes_may_take_the_place_of_what_goes(control: Control):
    applied(control, environment("dev"), target("a", project="shop"), owner="shop")
    applied(control, environment("dev"), target("b", project="shop"), owner="shop", prune=True)
    assert names(control, "Target") == ["b"]
    applied(
        control,
        document("Policy", "old", rego=REGO),
        environment("dev", policy="old"),
        target("b", project="shop"),
        owner="shop",
    )
    changes = applied(
        control, environment("dev"), target("b", project="shop"), owner="shop", prune=True
    )
    assert ("Policy", "old", "removed") in changes


def test_another_owner_s_documents_are_let_be_unless_they_are_taken_over(control: Control):
    applied(control, environment("dev"), environment("qa"), owner="shop")
    problem = refusal(
        control, environment("dev"), environment("qa"), environment("x"), owner="another"
    )
    assert problem["code"] == "ST-ENV-008"
    assert "Environment dev is kept by shop; Environment qa is kept by shop" in problem["title"]
    by_hand = refusal(control, environment("dev", parameters={"severityMax": "low"}))
    assert by_hand["code"] == "ST-ENV-008"
    # As it is already it may be applied by anybody: an export changes nothing, and takes nothing.
    assert applied(control, environment("dev")) == [("Environment", "dev", "unchanged")]
    assert owned(control)["Environment/dev"] == "shop"

    answer = control.apply(environment("dev"), owner="another", takeOver=True)
    (change,) = answer.json()["changes"]
    assert change["change"] == "updated"
    assert change["diff"] == [{"path": "owner", "before": "shop", "after": "another"}]
    assert ("Environment/dev", {"owner": "another", "before": "shop"}) in facts(
        control, "DocumentOwnerChanged"
    )
    applied(control, environment("qa"), takeOver=True)
    assert owned(control) == {"Environment/dev": "another"}
    applied(control, environment("qa2"), owner="shop", prune=True)
    assert names(control, "Environment") == ["dev", "qa", "qa2"]


def test_what_was_made_by_hand_is_kept_by_who_applies_it_under_a_name(control: Control):
    applied(control, environment("dev"))
    answer = control.apply(environment("dev"), owner="shop", dryRun=True).json()
    assert answer["changes"][0]["diff"] == [{"path": "owner", "before": None, "after": "shop"}]
    assert owned(control) == {}
    applied(control, environment("dev"), owner="shop")
    assert owned(control) == {"Environment/dev": "shop"}
    assert applied(control, environment("dev"), owner="shop") == [
        ("Environment", "dev", "unchanged")
    ]


@pytest.mark.parametrize(
    ("documents", "more", "code"),
    [
        ([environment("dev")], {"prune": True}, "ST-ENV-009"),
        ([], {"prune": True, "owner": "shop"}, "ST-ENV-009"),
        ([environment("dev")], {"owner": "Shop"}, "ST-ENV-002"),
        ([environment("dev")], {"owner": ""}, "ST-ENV-002"),
        ([environment("dev")], {"owner": "git:shop"}, "ST-ENV-002"),
    ],
)
def test_pruning_without_an_owner_or_any_document_is_refused(
    standing: Control, documents: list[Any], more: dict[str, Any], code: str
):
    assert refusal(standing, *documents, **more)["code"] == code


def test_what_is_in_use_refuses_all_of_it_with_every_reason(control: Control):
    environments = [
        environment("dev", policy="ours"),
        environment("qa", after="dev"),
        environment("held"),
    ]
    policy = document("Policy", "ours", rego=REGO)
    targets = [target("dev-a", agent="host-a"), target("qa-a", "qa")]
    applied(control, policy, *environments, *targets, owner="shop")
    applied(control, environment("after-qa", after="qa", policy="ours"))
    applied(
        control,
        document("Variables", "all", variables=[_variable("qa-a", "qa")]),
    )
    control.post("/environments/held/hold", {"reason": "not now"}, "olga")
    release = control.sealed("1.0.0")
    control.asked(release["id"], "dev")
    control.finish("host-a")
    assert control.get("/environments/dev")["current"]

    problem = refusal(control, environment("new"), owner="shop", prune=True)
    assert (problem["code"], problem["status"]) == ("ST-ENV-010", 409)
    reasons = problem["facts"]["reasons"]
    assert "Environment dev: shop 1.0.0 runs there" in reasons
    assert "Environment qa: Environment after-qa comes after it" in reasons
    assert "Environment qa: Variables all names it" in reasons
    assert "Target qa-a: Variables all names it" in reasons
    assert any(one.startswith("Environment held: it is held since") for one in reasons)
    assert any(one.startswith("Target dev-a: dep_") for one in reasons)
    assert "Policy ours: Environment after-qa has it" in reasons
    assert all(one in problem["title"] for one in reasons)


def test_a_promotion_that_waits_keeps_its_environment_and_its_end_lets_it_go(control: Control):
    rule = {"rule": "one", "approvers": ["approver"]}
    waiting = environment("gone", approvals=[rule])
    applied(control, waiting, target("gone-a", "gone"), environment("left"), owner="shop")
    promotion = control.asked(control.sealed("1.0.0")["id"], "gone")
    assert promotion["state"] == "waiting"
    why = f"{promotion['id']} under way there"
    problem = refusal(control, environment("left"), owner="shop", prune=True)
    assert problem["facts"]["reasons"] == [f"Environment gone: {why}", f"Target gone-a: {why}"]
    # Its plan names the target.
    problem = refusal(control, environment("left"), waiting, owner="shop", prune=True)
    assert problem["facts"]["reasons"] == [f"Target gone-a: {why}"]

    control.post(f"/promotions/{promotion['id']}/cancel", {"comment": "no"})
    applied(control, environment("left"), owner="shop", prune=True)
    # Its history can still be read, and proven.
    assert control.get(f"/promotions/{promotion['id']}")["environment"] == "gone"
    (ref,) = control.get("/evidence", subject=promotion["id"])["items"]
    assert control.get(f"/evidence/{ref['id']}")["verification"]["good"]
    packet = control.ask("GET", f"/evidence/{ref['id']}/packet").content
    assert verify_packet(packet, control.services.trust_root).good
    assert replay_packet(packet).verdict == "identical"
    listed = control.get("/promotions")["items"]
    assert [one["id"] for one in listed] == [promotion["id"]]
    assert [one["name"] for one in control.get("/matrix")["environments"]] == ["left"]
    wish = {"release": promotion["release"]["id"], "environment": "gone"}
    assert control.refused("POST", "/promotions", wish) == "ST-ENV-001"


def test_who_may_not_change_a_kind_ends_none_of_it(control: Control):
    hook = {"kind": "identity_provider", "connector": "oidc", "endpoint": "https://id.test"}
    login = document("SignIn", "people", integration="id", roles=["viewer"])
    integration = {**document("Integration", "id"), "spec": {**hook, "config": CLIENT}}
    applied(control, integration, login, environment("dev"), by="root", owner="shop")
    body = {"documents": [environment("dev")], "owner": "shop", "prune": True}
    assert control.refused("POST", "/apply", body, by="dan") == "ST-IDN-004"
    assert control.refused("POST", "/apply", body, by="olga") == "ST-IDN-004"
    assert names(control, "SignIn") == ["people"]
    # And of the integration alone, because people come in by it.
    body["documents"] = [environment("dev"), login]
    assert control.refused("POST", "/apply", body, by="olga") == "ST-IDN-004"
    reasons = refusal(control, environment("dev"), login, by="root", owner="shop", prune=True)[
        "facts"
    ]["reasons"]
    assert reasons == ["Integration id: SignIn people lets people or machines in by it"]


def test_what_its_owner_got_meanwhile_and_who_asks_may_not_end_refuses_all(control: Control):
    applied(control, environment("dev"), environment("qa"), owner="shop")
    may_end = {kind: one for kind, one in endings_for(()).items() if kind != "Environment"}
    owning = Owning("shop", prune=True, endings=may_end)
    documents = [environment("dev")]
    with (
        pytest.raises(PruneRefused, match="Environment qa: who asks may not end it"),
        control.database.transaction(actor="usr_op") as tx,
    ):
        apply_documents(tx, control.services.blobs, documents, brought={}, owning=owning)
    assert names(control, "Environment") == ["dev", "qa"]


@pytest.mark.parametrize("kind", ["Environment", "Target"])
def test_what_another_took_over_meanwhile_does_not_end(control: Control, kind: str):
    documents = [environment("dev"), environment("qa"), target("qa-a", "qa")]
    applied(control, *documents, owner="shop")
    name = {"Environment": "qa", "Target": "qa-a"}[kind]
    owning = Owning("shop", prune=True, endings=endings_for(Permission))

    def prune() -> None:
        with control.database.transaction(actor="usr_op") as tx:
            pruning = Pruning(tx, owning, [("Environment", "dev")])
            # As it is read once another transaction has ended: PostgreSQL lets two write at once.
            put_owner(tx, kind, name, "another")
            pruning.make_room()
            pruning.end()

    with pytest.raises(PruneRefused, match=f"{kind} {name}: it is kept by another now"):
        prune()
    assert names(control, kind)[-1] == name


def test_what_is_ended_by_hand_is_nobody_s_when_it_comes_again(control: Control):
    issuer = document("VexIssuer", "vendor", weight=10)
    applied(control, issuer, environment("dev"), by="root", owner="shop")
    assert control.ask("DELETE", "/vex-issuers/vendor", by="root").status_code == 204
    applied(control, issuer, by="root")
    applied(control, environment("dev"), by="root", owner="shop", prune=True)
    assert names(control, "VexIssuer") == ["vendor"]


def test_an_environment_and_an_integration_say_who_keeps_them(control: Control):
    hook = {"kind": "notifier", "connector": "webhook-out", "endpoint": "https://h.test"}
    spec = {**hook, "credentials": {"signing_secret": "env://HOOK"}}
    integration = {**document("Integration", "hook"), "spec": spec}
    applied(control, integration, environment("dev"), by="root", owner="shop")
    assert control.get("/environments/dev")["owner"] == "shop"
    assert control.get("/integrations/hook")["owner"] == "shop"
    applied(control, environment("qa"))
    assert control.get("/environments/qa")["owner"] is None


def test_an_export_can_be_of_one_owner(control: Control):
    applied(control, environment("dev"), owner="shop")
    applied(control, environment("qa"))
    found = control.get("/documents", owner="shop")["items"]
    assert [one["name"] for one in found] == ["dev"]


def test_what_follows_from_what_happened_there_follows_though_it_ended(control: Control):
    """It ends before anybody has come to prove what happened there."""
    rule = {"rule": "one", "approvers": ["approver"]}
    applied(control, environment("before"), owner="left")
    gone, left = environment("gone", approvals=[rule]), environment("left")
    applied(control, gone, target("gone-a", "gone"), left, owner="shop")
    release = control.sealed("1.0.0")
    promotion = control.asked(release["id"], "gone")

    def at_once(path: str, body: object, by: str) -> None:
        headers = {"Authorization": f"Bearer {control.tokens[by]}"}
        answer = control.client.request("POST", V1 + path, json=body, headers=headers)
        assert answer.is_success, answer.text

    assert promotion["state"] == "waiting"
    at_once(f"/promotions/{promotion['id']}/cancel", {"comment": "no"}, "dan")
    following = environment("gone", after="before", promotions={"automatic": {}})
    body = {"documents": [following, target("gone-a", "gone"), left], "owner": "shop"}
    at_once("/apply", body, "olga")
    at_once("/apply", {**body, "documents": [left], "prune": True}, "olga")
    control.settle()
    assert names(control, "Environment") == ["before", "left"]
    work = control.work
    with control.database.transaction(actor="system") as tx:
        assert not next_turn(tx, "gone", work.deciding, work.evidence_signer)
    (ref,) = control.get("/evidence", subject=promotion["id"])["items"]
    assert control.get(f"/evidence/{ref['id']}")["verification"]["good"]
