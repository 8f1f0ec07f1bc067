"""``stella workflow test``: workflows against fakes with a virtual clock, as documents say."""

from collections.abc import Iterator, Mapping
from typing import Any

from stella.client import Client
from stella.kernel import Remedy, StellaError
from stella.kernel.names import nearest

KIND = "WorkflowTest"
_KEYS = ("workflow", "inputs", "steps", "says", "expect")
_EXPECTED = ("state", "steps", "outputs", "waits", "message")


class MalformedWorkflowTest(StellaError):
    """A test of a workflow has an unknown key, expects nothing, or names no workflow that is there."""

    code = "ST-CLI-112"


def run_tests(client: Client, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each test and what was wrong. A workflow that is in no document is the server's.

    Raises MalformedWorkflowTest.
    """
    specs = {one["name"]: one.get("spec", {}) for one in documents if one.get("kind") == "Workflow"}
    tests = [one for one in documents if one.get("kind") == KIND]
    if not tests:
        raise MalformedWorkflowTest(
            "there is no test in these files", remedy=Remedy(f"A document says kind: {KIND}.")
        )
    return [_run(client, one, specs) for one in tests]


def _run(
    client: Client, test: Mapping[str, Any], specs: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    name, spec = str(test.get("name", "")), test.get("spec", {})
    _refuse_strange(name, spec, _KEYS)
    expected = spec.get("expect", {})
    _refuse_strange(name, expected, _EXPECTED)
    workflow = str(spec.get("workflow", ""))
    if not expected or not workflow:
        raise MalformedWorkflowTest(
            f"the test {name[:80]!r} names no workflow, or expects nothing",
            remedy=Remedy("Say spec.workflow, and spec.expect with a state at least."),
            test=name[:80],
        )
    if workflow not in specs:
        specs[workflow] = client.get(f"/workflows/{workflow}")["spec"]
    found = client.post(
        "/workflows/rehearse",
        {
            "spec": specs[workflow],
            "inputs": spec.get("inputs", {}),
            "steps": spec.get("steps", {}),
            "says": spec.get("says", {}),
        },
    )
    return {"test": name, "workflow": workflow, "faults": [*_faults(expected, found)], **found}


def _refuse_strange(name: str, spec: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in sorted(set(spec) - set(known))[:1]:
        raise MalformedWorkflowTest(
            f"the test {name[:80]!r} has an unknown key {key[:40]}{nearest(key, known)}",
            remedy=Remedy("Correct it."),
            test=name[:80],
        )


def _faults(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for key in ("state", "outputs", "waits"):
        if key in expected and expected[key] != found[key]:
            yield f"{key} is {found[key]!r}, not {expected[key]!r}"
    if "message" in expected and str(expected["message"]) not in found["message"]:
        yield f"message is {found['message']!r}, without {expected['message']!r}"
    states = {one["key"]: one["state"] for one in found["steps"]}
    for step, state in expected.get("steps", {}).items():
        if states.get(step) != state:
            yield f"{step} is {states.get(step, 'not there')}, not {state}"
