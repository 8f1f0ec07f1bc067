"""Workflows and runs from a terminal, as words and as JSON."""

from pathlib import Path

from fixtures.shops import Shop

WORKFLOW = """\
apiVersion: stella/v1
kind: Workflow
name: ship
spec:
  inputs: {word: {type: string}}
  steps:
    ask:
      uses: approval
      with: {by: [approver], message: "Ship ${{ inputs.word }}?"}
    rest: {uses: wait, needs: [ask], with: {until: "2025-01-01T00:00:00Z"}}
  outputs: {said: "${{ inputs.word }}"}
"""
TEST = """\
---
apiVersion: stella/v1
kind: WorkflowTest
name: agreed
spec:
  workflow: ship
  inputs: {word: hello}
  says: {ask: {action: approve}}
  expect: {state: STATE, outputs: {said: hello}}
"""


def test_a_workflow_is_started_spoken_to_and_followed(shop: Shop) -> None:
    shop.apply(WORKFLOW)
    dan, ann = shop.person("dan"), shop.person("ann")
    (listed,) = dan.data("workflow", "list")
    assert (listed["name"], listed["version"]) == ("ship", 1)
    assert "kind: Workflow" in dan("workflow", "get", "ship").stdout
    assert "ask: approval" in dan("workflow", "get", "ship", "-o", "table").stdout
    assert {"promote", "wait", "http-check"} <= {
        one["name"] for one in dan.data("workflow", "types")
    }
    plan = dan("workflow", "start", "ship", "--input", "word=hello", "--dry-run").stdout
    assert "1. ask" in plan
    assert dan("workflow", "start", "ship", "--input", "word").exit_code == 1
    refused = dan("workflow", "start", "ship")
    assert (refused.exit_code, "ST-WFL-004" in refused.stderr) == (1, True)
    run = dan.data("workflow", "start", "ship", "--input", "word=hello")
    shown = dan("run", "show", run["id"]).stdout
    assert "asks approver: Ship hello? [approve, reject]" in shown or "ask: ready" in shown
    assert dan("run", "watch", run["id"], "--timeout-s", "1").exit_code == 8
    assert dan("run", "decide", run["id"], "ask", "approve").exit_code == 1
    assert ann("run", "claim", run["id"], "ask").exit_code == 0
    assert ann("run", "decide", run["id"], "ask", "approve", "-m", "go").exit_code == 0
    done = dan("run", "watch", run["id"])
    assert (done.exit_code, "ask: succeeded  approved by ann" in done.stdout) == (0, True)
    (row,) = dan.data("run", "list", "--workflow", "ship", "--state", "succeeded")
    assert row["id"] == run["id"]

    no = dan.data("workflow", "start", "ship", "--input", "word=hello")
    assert dan("run", "watch", no["id"], "--timeout-s", "1").exit_code == 8
    assert ann("run", "decide", no["id"], "ask", "reject", "-m", "too late").exit_code == 0
    ended = dan("run", "watch", no["id"])
    assert (ended.exit_code, "rejected by ann: too late" in ended.stdout) == (7, True)
    again = dan.data("run", "retry", no["id"])
    assert again["again"] == no["id"]
    cancelled = dan("run", "cancel", again["id"], "-m", "not today").stdout
    assert "cancelled" in cancelled
    assert "not today" in cancelled


def test_what_is_wrong_is_said_before_it_is_applied(shop: Shop, tmp_path: Path) -> None:
    dan = shop.person("dan")
    file = tmp_path / "ship.yaml"
    file.write_text(WORKFLOW.replace("uses: wait", "uses: wiat"))
    checked = dan("workflow", "check", str(file))
    assert checked.exit_code == 1
    assert "steps.rest.uses" in checked.stdout
    assert "did you mean 'wait'" in checked.stdout
    file.write_text(WORKFLOW)
    assert dan("workflow", "check", str(file)).exit_code == 0
    file.write_text("apiVersion: stella/v1\nkind: Environment\nname: dev\nspec: {}\n")
    assert "ST-CLI-110" in dan("workflow", "check", str(file)).stderr


def test_a_test_passes_or_says_what_went_otherwise(shop: Shop, tmp_path: Path) -> None:
    dan, file = shop.person("dan"), tmp_path / "ship.yaml"
    file.write_text(WORKFLOW + TEST.replace("STATE", "succeeded"))
    passed = dan("workflow", "test", str(file))
    assert (passed.exit_code, "as expected" in passed.stdout) == (0, True)
    file.write_text(WORKFLOW + TEST.replace("STATE", "failed"))
    differs = dan("workflow", "test", str(file))
    assert differs.exit_code == 1
    assert "state is 'succeeded', not 'failed'" in differs.stdout
    file.write_text(WORKFLOW + TEST.replace("expect:", "expct:"))
    assert "ST-CLI-112" in dan("workflow", "test", str(file)).stderr
    file.write_text(WORKFLOW)
    assert "ST-CLI-112" in dan("workflow", "test", str(file)).stderr
