"""Documents are edited as YAML with what they change beside them; freezes stand in a calendar."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser

OWNER = "test-documents"


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


@pytest.fixture
def documents(shop_server: ShopServer) -> Iterator[ShopServer]:
    """An environment, a policy and two freezes of nobody in particular; gone afterwards."""
    weekend = {
        "from": "2026-01-02T18:00",
        "until": "2026-01-05T06:00",
        "timeZone": "Europe/Berlin",
        "recurrence": "FREQ=WEEKLY;BYDAY=FR",
        "reason": "nobody is there to look",
        "environments": ["prod"],
    }
    now = datetime.now(UTC)
    today = {
        "from": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}",
        "until": f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}",
        "timeZone": "UTC",
        "reason": "an incident",
        "environments": ["trial"],
    }
    rules = [{"name": "severe", "findings": {"severityFrom": "high", "fixAvailable": True}}]
    made = [
        document("Environment", "trial", policy="starter", parameters={"severityMax": "high"}),
        document("Freeze", "weekends", **weekend),
        document("Freeze", "incident", **today),
        document("Policy", "lenient", rules=rules),
    ]
    shop_server.admin.post("/apply", {"documents": made})
    yield shop_server
    shop_server.admin.post("/apply", {"documents": made, "owner": OWNER, "takeOver": True})
    shop_server.withdraw(OWNER)


def typed(console: Console, label: str, before: str, after: str) -> None:
    """Put ``after`` in the place of ``before`` in the editor."""
    editor = console.main.get_by_label(label)
    text = editor.input_value()
    assert before in text, text
    editor.fill(text.replace(before, after))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_environment_is_changed_as_text(
    open_console: Callable[..., Console], documents: ShopServer, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/environments/trial")
    console.link("Edit").click()
    label = "Environment trial as YAML"
    effect = console.main.get_by_label("What applying it changes")
    expect(effect.get_by_text("No change")).to_be_visible()
    typed(console, label, "high", "low")
    expect(effect.get_by_label("Changes")).to_contain_text("parameters.severityMax")
    expect(effect.get_by_text("The server would take it")).to_be_visible()
    assert console.violations() == []
    console.picture(f"document-change-{theme}")
    typed(console, label, "policy:", "polcy:")
    expect(console.main.get_by_role("alert")).to_contain_text("polcy")
    typed(console, label, "  polcy", "  policy: a\n   policy")
    expect(console.main.get_by_role("alert")).to_contain_text("line")
    expect(console.button("Apply")).to_be_disabled()
    console.picture(f"document-refused-{theme}")
    console.main.get_by_label(label).fill(
        "apiVersion: stella/v1\nkind: Environment\nname: trial\n"
        "spec: {policy: starter, parameters: {severityMax: low}}\n"
    )
    expect(effect.get_by_text("The server would take it")).to_be_visible()
    console.main.get_by_label(label).press("Control+s")
    expect(console.heading).to_have_text("trial")
    found = documents.admin.get("/documents/Environment/trial")
    assert found["document"]["spec"]["parameters"] == {"severityMax": "low"}


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    open_console: Callable[..., Console], documents: ShopServer
) -> None:
    console = open_console()
    console.sign_in("olga")
    console.go("/documents/Environment/trial")
    effect = console.main.get_by_label("What applying it changes")
    expect(effect.get_by_text("No change")).to_be_visible()
    theirs = document("Environment", "trial", parameters={"severityMax": "medium"})
    documents.admin.post("/apply", {"documents": [theirs]})
    typed(console, "Environment trial as YAML", "high", "low")
    expect(console.main.get_by_role("alert")).to_contain_text("was changed meanwhile")
    expect(console.button("Apply")).to_be_disabled()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_policy_is_tested_and_tried_on_history_before_it_counts(
    open_console: Callable[..., Console], documents: ShopServer, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/documents/+new?kind=Policy")
    label = "New Policy as YAML"
    typed(console, label, "name: \n", "name: strict\n")
    effect = console.main.get_by_label("What applying it changes")
    expect(effect.get_by_text("Policy strict")).to_be_visible()
    tests = console.main.get_by_label("Its tests")
    tests.get_by_role("button", name="Run them").click()
    expect(tests.get_by_role("list", name="Tests")).to_contain_text("holds")
    typed(console, label, "severityFrom: high, fixAvailable: true", "severityFrom: low")
    expect(tests).to_contain_text("The text has changed since.")
    history = console.main.get_by_label("What it would have said")
    history.get_by_role("button", name="Try it on history").click()
    expect(history.get_by_role("list", name="Decisions that would flip")).to_contain_text(
        "would be blocked"
    )
    assert console.violations() == []
    console.picture(f"policy-editor-{theme}")
    names = [one["name"] for one in documents.admin.get("/policies")["items"]]
    assert "strict" not in names


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_freezes_stand_in_a_calendar_and_one_release_is_let_through(
    open_console: Callable[..., Console], documents: ShopServer, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/freezes")
    expect(console.heading).to_have_text("Freezes")
    expect(console.main.get_by_role("table")).to_contain_text("prod")
    windows = console.main.get_by_role("list", name="Windows")
    expect(windows).to_contain_text("nobody is there to look")
    later = windows.get_by_role("listitem").filter(has_text="nobody is there").last
    expect(later.get_by_role("button")).to_have_attribute("aria-disabled", "true")
    assert console.violations() == []
    console.picture(f"freezes-{theme}")
    console.main.get_by_label("Of which environment").select_option("dev")
    expect(console.main.get_by_text("Nothing is frozen in these weeks")).to_be_visible()
    console.main.get_by_label("Of which environment").select_option("trial")
    windows.get_by_role("button", name="Let a release through").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Release").select_option(index=1)
    dialog.get_by_label("Reason").fill("mends the outage")
    console.picture(f"freeze-override-{theme}")
    if theme == "light":  # each person says it once
        dialog.get_by_role("button", name="Let it through").click()
        expect(dialog).not_to_be_visible()


def test_who_may_not_change_configuration_sees_it_and_why_not(
    open_console: Callable[..., Console], documents: ShopServer
) -> None:
    console = open_console()
    console.sign_in("ann")
    console.go("/documents/Environment/trial")
    expect(console.button("Apply")).to_be_disabled()
    expect(console.main.get_by_label("What applying it changes")).to_contain_text(
        "needs the permission environment.change"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_inputs_of_a_step_are_filled_in_by_its_schema(
    open_console: Callable[..., Console], documents: ShopServer, theme: str
) -> None:
    step = {"name": "answers", "step": "http-check", "with": {"url": "http://127.0.0.1:9/before"}}
    made = document("Environment", "trial", policy="starter", steps={"after": [step]})
    documents.admin.post("/apply", {"documents": [made]})
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/documents/Environment/trial")
    label = "Environment trial as YAML"
    expect(console.main.get_by_role("heading", name="Inputs of answers")).to_be_visible()
    field = console.main.get_by_role("textbox", name="URL")
    expect(field).to_have_value("http://127.0.0.1:9/before")
    field.fill("no address")
    expect(console.main.get_by_label(label)).to_have_value(re.compile("no address"))
    expect(console.main.get_by_role("alert")).to_contain_text("url")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(console.button("Apply")).to_be_disabled()
    field.fill("http://127.0.0.1:9/after")
    console.main.get_by_label("Within").fill("7")
    effect = console.main.get_by_label("What applying it changes")
    expect(effect.get_by_text("The server would take it")).to_be_visible()
    assert console.violations() == []
    console.picture(f"document-step-{theme}")

    typed(console, label, "/after", "/by-hand")
    expect(console.main.get_by_text("They rest, for the text was changed by hand.")).to_be_visible()
    console.button("Go on with the forms").click()
    expect(console.main.get_by_label("Within")).to_have_value("7")
    expect(effect.get_by_text("The server would take it")).to_be_visible()
    console.main.get_by_label(label).press("Control+s")
    expect(console.heading).to_have_text("trial")
    found = documents.admin.get("/documents/Environment/trial")["document"]["spec"]["steps"]
    assert found["after"][0]["with"] == {"url": "http://127.0.0.1:9/after", "withinS": 7}


def test_a_targets_configuration_is_filled_in_by_its_connectors_schema(
    open_console: Callable[..., Console], documents: ShopServer
) -> None:
    compose = "services:\n  web:\n    image: ${WEB}\n"
    target = document(
        "Target",
        "trial-a",
        environment="trial",
        connector="compose",
        agent="host-a",
        project="trial-compose",
        components=[],
        config={"compose": compose, "wait_timeout_s": 30},
    )
    documents.admin.post("/apply", {"documents": [target]})
    try:
        console = open_console()
        console.sign_in("olga")
        console.go("/documents/Target/trial-a")
        expect(console.main.get_by_role("heading", name="Configuration for")).to_be_visible()
        console.main.get_by_label("Wait timeout s").fill("45")
        effect = console.main.get_by_label("What applying it changes")
        expect(effect.get_by_text("The server would take it")).to_be_visible()
        console.button("Apply").click()
        expect(console.heading).not_to_have_text("Target trial-a")
        found = documents.admin.get("/documents/Target/trial-a")["document"]["spec"]["config"]
        assert found == {"compose": compose, "wait_timeout_s": 45}
    finally:
        ours = {"documents": [target], "owner": "test-target", "takeOver": True}
        documents.admin.post("/apply", ours)
        documents.withdraw("test-target")


def test_a_job_of_nomad_is_a_target_like_any_other_in_the_forms(
    open_console: Callable[..., Console], documents: ShopServer
) -> None:
    task = {"Name": "web", "Driver": "docker", "Config": {"image": "shop/web"}}
    job = {"ID": "shop", "TaskGroups": [{"Name": "web", "Count": 2, "Tasks": [task]}]}
    target = document(
        "Target",
        "trial-n",
        environment="trial",
        connector="nomad",
        agent="host-a",
        project="trial-nomad",
        components=[],
        config={"job": json.dumps(job), "token": "env://NOMAD_TOKEN"},
    )
    documents.admin.post("/apply", {"documents": [target]})
    try:
        console = open_console()
        console.sign_in("olga")
        console.go("/documents/Target/trial-n")
        expect(console.main.get_by_role("heading", name="Configuration for")).to_be_visible()
        expect(console.main.get_by_label("Token")).to_have_value("env://NOMAD_TOKEN")
        console.main.get_by_label("Namespace").fill("web")
        effect = console.main.get_by_label("What applying it changes")
        expect(effect.get_by_text("The server would take it")).to_be_visible()
        console.picture("target-nomad")
    finally:
        ours = {"documents": [target], "owner": "test-nomad", "takeOver": True}
        documents.admin.post("/apply", ours)
        documents.withdraw("test-nomad")
