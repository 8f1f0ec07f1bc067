"""Workflows in the console: the lists, a run on its canvas, and what people say of its steps."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from fixtures.consoles import Console, ShopServer

pytestmark = pytest.mark.browser

OWNER = "test-workflows"
FORM = {
    "type": "object",
    "properties": {
        "window": {"type": "string", "title": "Window", "enum": ["night", "noon"]},
        "hosts": {"type": "integer", "title": "Hosts at a time", "minimum": 1, "maximum": 9},
    },
    "required": ["window", "hosts"],
    "additionalProperties": False,
}


def wait(*needs: str, seconds: Any = 1, **more: Any) -> dict[str, Any]:
    return {"uses": "wait", "with": {"seconds": seconds}, "needs": [*needs], **more}


SHIP = {
    "description": "Asks, then goes round the regions",
    "inputs": {
        "regions": {"type": "array", "items": {"type": "string"}, "default": ["east", "west"]},
        "pause": {"type": "integer", "default": 1, "minimum": 1},
    },
    "steps": {
        "plan": {
            "uses": "manual-input",
            "with": {"by": ["operator"], "message": "When, and how many?", "form": FORM},
        },
        "ask": {
            "uses": "approval",
            "needs": ["plan"],
            "with": {"by": ["approver"], "message": "Ship it?"},
        },
        "regions": wait("ask", forEach="${{ inputs.regions }}", seconds="${{ inputs.pause }}"),
        "check": wait("ask"),
        "settle": wait("regions", "check"),
    },
    "finally": {"tell": wait()},
}
REST = {"steps": {"rest": wait(seconds=86_400), "after": wait("rest")}}


def document(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": "Workflow", "name": name, "spec": spec}


@pytest.fixture(scope="module")
def workflows(shop_server: ShopServer) -> Iterator[ShopServer]:
    """Two workflows that need nothing outside."""
    made = [document("ship", SHIP), document("rest", REST)]
    shop_server.admin.post("/apply", {"documents": made, "owner": OWNER})
    yield shop_server
    end_runs(shop_server)
    shop_server.withdraw(OWNER)


def end_runs(server: ShopServer) -> None:
    for one in server.admin.get("/runs", limit=200)["items"]:
        if one["endedAt"] is None:
            server.admin.post(f"/runs/{one['id']}/cancel", {"reason": "the test is over"})


def start(server: ShopServer, name: str, **inputs: Any) -> str:
    made = server.admin.post(f"/workflows/{name}/runs", {"inputs": inputs})
    return str(made["id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_workflows_and_runs_are_listed_and_filters_stand_in_the_address(
    open_console: Callable[..., Console], workflows: ShopServer, theme: str
) -> None:
    run = start(workflows, "rest")
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/workflows")
    row = console.main.get_by_role("row").filter(has_text="Asks, then goes round")
    expect(row.get_by_role("cell").nth(2)).to_have_text("6")
    rest = console.main.get_by_role("row").filter(has_text="rest")
    expect(rest).to_contain_text("Running")
    assert console.violations() == []
    console.picture(f"workflows-{theme}")
    console.go("/runs")
    console.main.get_by_label("Workflow").select_option("rest")
    expect(console.page).to_have_url(re.compile(r"/runs\?workflow=rest$"))
    console.main.get_by_label("State").select_option("running")
    expect(console.page).to_have_url(re.compile(r"/runs\?workflow=rest&state=running"))
    expect(console.main.get_by_role("row").nth(1)).to_contain_text("rest")
    assert console.violations() == []
    console.picture(f"runs-{theme}")
    console.main.get_by_label("State").select_option("failed")
    expect(console.main.get_by_text("No run fits these filters")).to_be_visible()
    console.main.get_by_label("State").select_option("cancelled")
    workflows.admin.post(f"/runs/{run}/cancel", {"reason": "enough"})
    link = console.main.locator(f'a[href="/runs/{run}"]')
    expect(link).to_be_visible()  # by the stream, without a reload
    link.click()
    expect(console.heading).to_have_text("Run of rest")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_is_followed_and_answered_on_its_canvas(
    open_console: Callable[..., Console], workflows: ShopServer, theme: str
) -> None:
    run = start(workflows, "ship")
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go(f"/runs/{run}")
    canvas = console.main.get_by_label("Steps and what they need")
    plan = canvas.get_by_role("button", name=re.compile("^plan"))
    expect(plan).to_contain_text("Waits for a person")
    assert console.violations() == []
    console.picture(f"run-begins-{theme}")
    plan.click()
    expect(console.page).to_have_url(re.compile(r"\?step=plan$"))
    asked = console.main.get_by_label("It asks a person")
    asked.get_by_role("button", name="I look after it").click()
    expect(asked).to_contain_text("You look after it")
    asked.get_by_label("Hosts at a time").fill("77")
    asked.get_by_label("Window").select_option(label="night")
    asked.get_by_role("button", name="Send the answer").click()
    expect(asked.get_by_role("alert")).to_contain_text("values.hosts")
    assert console.violations() == []
    console.picture(f"run-form-{theme}")
    asked.get_by_label("Hosts at a time").fill("3")
    asked.get_by_role("button", name="Send the answer").click()
    expect(plan).to_contain_text("Succeeded")
    expect(console.main.get_by_label("Step plan")).to_contain_text("answered by olga")
    expect(console.main).to_contain_text("hosts: 3")
    canvas.get_by_role("button", name=re.compile("^ask")).click()
    approve = asked.get_by_role("button", name="Approve")
    expect(approve).to_have_attribute("aria-disabled", "true")
    expect(asked).to_contain_text("You may not answer")
    console.picture(f"run-may-not-{theme}")

    approver = open_console(theme=theme)
    approver.sign_in("ann")
    approver.go(f"/runs/{run}?step=ask")
    approver.main.get_by_label("Comment").fill("go")
    approver.button("Approve").click()
    steps = console.main.get_by_role("list", name="Steps")
    expect(steps).to_contain_text("regions")
    steps.get_by_role("button", name="Show its 2 items").click()
    expect(steps).to_contain_text("regions[1]")
    settled = canvas.get_by_role("button", name=re.compile("^settle"))
    expect(settled).to_contain_text("Succeeded")
    expect(canvas.get_by_role("button", name=re.compile("^regions"))).to_contain_text("2 of 2 done")
    expect(console.main.get_by_text("Succeeded").first).to_be_visible()
    steps.get_by_role("button", name=re.compile(r"^regions\[1\]")).click()
    expect(console.main.get_by_label("Step regions[1]")).to_contain_text("west")
    assert console.violations() == []
    console.picture(f"run-ended-{theme}")
    console.page.reload()
    expect(console.main.get_by_label("Step regions[1]")).to_be_visible()


def test_a_run_is_cancelled_and_run_again_from_a_step(
    open_console: Callable[..., Console], workflows: ShopServer
) -> None:
    run = start(workflows, "rest")
    console = open_console()
    console.sign_in("olga")
    console.go(f"/runs/{run}")
    expect(console.button("Run again")).to_have_attribute("aria-disabled", "true")
    console.button("Cancel").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("not today")
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(console.main.get_by_text("Cancelled").first).to_be_visible()
    canvas = console.main.get_by_label("Steps and what they need")
    # By keyboard: along the line from one step to the one that needs it.
    canvas.get_by_role("button", name=re.compile("^rest")).focus()
    console.page.keyboard.press("ArrowDown")
    expect(console.page).to_have_url(re.compile(r"\?step=after$"))
    console.page.keyboard.press("ArrowUp")
    expect(console.page).to_have_url(re.compile(r"\?step=rest$"))
    console.button("Run again from this step").click()
    expect(console.page).not_to_have_url(re.compile(run))
    expect(console.link("the run before")).to_be_visible()
    expect(console.main.get_by_text("Running").first).to_be_visible()


def test_a_failure_is_answered_and_a_step_is_moved_and_deleted(
    open_console: Callable[..., Console], workflows: ShopServer
) -> None:
    guided = {"onFailure": "ask", "ask": {"by": ["operator"], "hours": 2}}
    first = {"uses": "wait", "with": {"until": "${{ inputs.when }}"}, **guided}
    spec = {"inputs": {"when": {"type": "string"}}, "steps": {"rest": first, "after": wait("rest")}}
    workflows.admin.post("/apply", {"documents": [document("guided", spec)]})
    run = start(workflows, "guided", when="no time at all")
    console = open_console()
    console.sign_in("olga")
    console.go(f"/runs/{run}?step=rest")
    asked = console.main.get_by_label("It asks a person")
    expect(asked.get_by_role("button", name="Let it fail")).to_be_visible()
    asked.get_by_role("button", name="Try it again").click()
    expect(console.page.get_by_text("rest was answered")).to_be_visible()
    expect(console.main.get_by_label("Step rest")).to_contain_text("Attempts2")
    console.picture("run-asking-light")
    asked.get_by_role("button", name="Skip it").click()
    canvas = console.main.get_by_label("Steps and what they need")
    expect(canvas.get_by_role("button", name=re.compile("^rest"))).to_contain_text("Skipped")

    console.go("/workflows/guided")
    place = canvas.locator('[data-id="after"]')
    expect(place).to_be_visible()
    before = place.bounding_box()
    assert before is not None
    mouse = console.page.mouse
    mouse.move(before["x"] + 60, before["y"] + 20)
    mouse.down()
    mouse.move(before["x"] + 120, before["y"] + 90, steps=10)
    mouse.up()
    moved = place.bounding_box()
    assert moved is not None
    assert moved["x"] > before["x"] + 30
    canvas.get_by_role("button", name="Arrange anew").click()
    expect(canvas.get_by_role("button", name="Arrange anew")).to_have_count(0)
    back = place.bounding_box()
    assert back is not None
    assert abs(back["x"] - before["x"]) < 1
    canvas.get_by_role("button", name=re.compile("^rest")).click()
    console.page.keyboard.press("Delete")
    expect(canvas.locator('[data-id="rest"]')).to_have_count(0)
    assert "needs" not in yaml_of(console, "guided").input_value()
    console.page.keyboard.press("Control+z")
    expect(canvas.get_by_label("after needs rest")).to_have_count(1)


def test_on_a_phone_a_run_is_not_cut_off_sideways(
    open_console: Callable[..., Console], workflows: ShopServer
) -> None:
    run = start(workflows, "rest")
    console = open_console(width=390, height=844)
    console.sign_in("olga")
    for path in (f"/runs/{run}?step=rest", "/runs", "/workflows"):
        console.go(path)
        expect(console.heading).to_have_count(1)
        width = console.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
        assert console.violations() == []
    console.picture("workflows-phone")


def draw_line(console: Console, start: str, end: str) -> None:
    """Drag from one place to another, as a hand does: in many small moves."""
    mouse = console.page.mouse
    for place, do in ((start, mouse.down), (end, mouse.up)):
        box = console.main.locator(place).bounding_box()
        assert box is not None
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=12)
        do()


def yaml_of(console: Console, name: str) -> Any:
    return console.main.get_by_label(f"{name} as YAML")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_workflow_is_designed_on_its_canvas_and_run(
    open_console: Callable[..., Console], workflows: ShopServer, theme: str
) -> None:
    name = f"drawn-{theme}"
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/workflows")
    console.link("New workflow").click()
    expect(console.heading).to_have_text("New workflow")
    yaml = yaml_of(console, "New workflow")
    yaml.fill(yaml.input_value().replace("name: ", f"name: {name} "))
    palette = console.main.get_by_label("Types of steps")
    canvas = console.main.get_by_label("Steps and what they need")
    wrong = console.main.get_by_label("What is wrong with it")
    expect(wrong).to_contain_text("Cannot run")  # it has no step
    palette.get_by_role("button", name="Wait", exact=True).click()
    expect(canvas.get_by_role("button", name=re.compile("^wait"))).to_be_visible()
    expect(wrong).to_contain_text("it has either seconds or until")
    form = console.main.get_by_label("Step wait")
    form.get_by_label("Seconds", exact=True).fill("soon")
    expect(wrong).to_contain_text("steps.wait.with.seconds")
    expect(console.button("Save")).to_have_attribute("aria-disabled", "true")
    form.get_by_label("Seconds", exact=True).fill("1")
    expect(wrong).to_contain_text("It can run")
    palette.get_by_role("button", name="Approval", exact=True).click()
    wrong.get_by_role("button", name=re.compile("steps.approval.with")).click()
    console.main.get_by_label("Step approval").get_by_role("textbox", name="By", exact=True).fill(
        "approver"
    )
    expect(wrong).to_contain_text("It can run")
    assert "needs:\n        - wait" in yaml.input_value()
    assert console.violations() == []
    console.picture(f"designer-new-{theme}")
    console.page.keyboard.press("Control+s")
    expect(console.page).to_have_url(re.compile(f"/workflows/{name}"))
    found = workflows.admin.get(f"/workflows/{name}")
    assert found["spec"]["steps"]["approval"] == {
        "uses": "approval",
        "needs": ["wait"],
        "with": {"by": ["approver"]},
    }
    console.button("Start a run").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog.get_by_label("What it would do")).to_contain_text("wait →")
    dialog.get_by_role("button", name="Start the run").click()
    expect(console.heading).to_have_text(f"Run of {name}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_workflow_is_changed_undone_compared_and_kept_from_others(
    open_console: Callable[..., Console], workflows: ShopServer, theme: str
) -> None:
    name = f"kept-{theme}"
    steps = {"a": wait(), "b": wait("a"), "c": wait()}
    inputs = {"pause": {"type": "integer", "minimum": 1}}
    first = document(name, {"inputs": inputs, "steps": steps})
    workflows.admin.post("/apply", {"documents": [first]})
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go(f"/workflows/{name}")
    canvas = console.main.get_by_label("Steps and what they need")
    wrong = console.main.get_by_label("What is wrong with it")
    expect(wrong).to_contain_text("It can run")
    yaml = yaml_of(console, name)
    before = yaml.input_value()

    # Drawn from one step to another, it needs it; a line is taken away by keyboard.
    draw_line(
        console, '[data-id="b"] .react-flow__handle-bottom', '[data-id="c"] .react-flow__handle-top'
    )
    line = canvas.get_by_label("c needs b")
    expect(line).to_have_count(1)
    console.button("Undo").click()
    assert yaml.input_value() == before
    console.button("Redo").click()
    expect(line).to_have_count(1)
    line.focus()
    console.page.keyboard.press("Enter")
    expect(canvas.get_by_role("status")).to_have_text(re.compile("c needs b"))
    console.picture(f"designer-line-{theme}")
    console.page.keyboard.press("Delete")
    expect(line).to_have_count(0)
    console.page.keyboard.press("Control+z")
    expect(line).to_have_count(1)

    # An expression in the place of a number, and a name that goes along.
    canvas.get_by_role("button", name=re.compile("^b")).click()
    form = console.main.get_by_label("Step b")
    form.get_by_role("button", name="ƒx Seconds as an expression", exact=True).click()
    form.get_by_label("Seconds", exact=True).fill("${{ inputs.paus }}")
    expect(wrong.get_by_role("button", name=re.compile("steps.b.with.seconds"))).to_be_visible()
    console.picture(f"designer-fault-{theme}")
    assert console.violations() == []
    form.get_by_label("Seconds", exact=True).fill("${{ inputs.pause }}")
    expect(wrong).to_contain_text("It can run")
    form.get_by_label("Name", exact=True).fill("middle")
    form.get_by_label("Name", exact=True).press("Enter")
    expect(canvas.get_by_label("c needs middle")).to_have_count(1)
    yaml.fill(yaml.input_value() + "  bad: [")
    expect(wrong).to_contain_text("The YAML cannot be read")
    expect(canvas.get_by_role("button", name=re.compile("^middle"))).to_be_visible()
    console.page.keyboard.press("Control+z")
    expect(wrong).to_contain_text("It can run")
    console.button("Save").click()
    expect(console.main.get_by_text("version 2")).to_be_visible()
    console.button("Versions").click()
    dialog = console.page.get_by_role("dialog")
    expect(dialog.get_by_role("list", name="Changes")).to_contain_text("steps.middle")
    assert console.violations() == []
    console.picture(f"designer-versions-{theme}")
    console.page.keyboard.press("Escape")
    console.button("Start a run").click()
    expect(dialog.get_by_role("alert")).to_contain_text("pause")
    dialog.get_by_role("textbox", name="Pause").fill("2")
    expect(dialog.get_by_label("What it would do")).to_contain_text("pause: 2")
    console.picture(f"designer-start-{theme}")
    dialog.get_by_role("button", name="Back").click()

    # What somebody else wrote meanwhile is not overwritten.
    yaml.fill(yaml.input_value() + "  parallel: 3\n")
    workflows.admin.post("/apply", {"documents": [first]})
    expect(console.main.get_by_text("Somebody changed it meanwhile")).to_be_visible()
    expect(wrong).to_contain_text("It can run")
    console.button("Save").click()
    expect(console.main.get_by_role("alert")).to_contain_text("was changed meanwhile")
    console.button("Show theirs, and drop mine").click()
    expect(yaml).to_have_value(before)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_on_screen_is_rehearsed_before_it_is_saved(
    open_console: Callable[..., Console], workflows: ShopServer, theme: str
) -> None:
    console = open_console(theme=theme)
    console.sign_in("olga")
    console.go("/workflows/ship")
    console.button("Rehearse").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Rehearse", exact=True).click()
    outcome = dialog.get_by_role("region", name="How it went")
    expect(outcome).to_contain_text("Succeeded")
    expect(outcome.get_by_role("row").filter(has_text="settle").last).to_contain_text("Succeeded")
    assert console.violations() == []
    console.picture(f"rehearsal-{theme}")
    dialog.get_by_label("ask", exact=True).check()
    dialog.get_by_role("button", name="Rehearse again").click()
    expect(outcome.get_by_role("row").filter(has_text="ask").last).to_contain_text("Failed")
    expect(outcome.get_by_role("row").filter(has_text="settle").last).not_to_contain_text(
        "Succeeded"
    )
