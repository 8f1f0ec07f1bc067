"""The shop's environments, targets and people, as a user would write them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

RELEASE = "shop"
COMPONENTS = ("web", "worker")
ENVIRONMENTS = ("dev", "stage", "prod")

PEOPLE: dict[str, list[str]] = {
    "dana": ["developer"],
    "ann": ["approver"],
    "ben": ["approver"],
    "olga": ["operator"],
}
"""Name -> roles. The rules of prod name ann and ben."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Loopback ports of the web service, by environment and host."""

    dev: int
    stage: int
    prod_a: int
    prod_b: int


def documents(
    registry: str, ports: Ports, compose: str, project: Callable[[str, str], str]
) -> list[dict[str, Any]]:
    """What ``stella apply`` is given.

    registry: its host. compose: the shop's own compose file, as text. project: (environment, host)
    -> its name there.
    """
    return [
        _document(
            "Integration",
            "registry",
            {"kind": "registry", "connector": "oci", "endpoint": registry},
        ),
        _document("Environment", "dev", {"parameters": {"severityMax": "critical"}}),
        _document(
            "Environment", "stage", {"after": "dev", "parameters": {"severityMax": "medium"}}
        ),
        _document(
            "Environment",
            "prod",
            {
                "after": "stage",
                "parameters": {"severityMax": "medium"},
                "approvals": [
                    {"rule": "security", "approvers": ["ann"], "count": 1},
                    {"rule": "product", "approvers": ["ben"], "count": 1},
                ],
            },
        ),
        _document("Target", "dev-a", _docker("dev", project("dev", "a"), ports.dev)),
        _document(
            "Target", "stage-b", _compose("stage", project("stage", "b"), ports.stage, compose)
        ),
        _document("Target", "prod-a", _docker("prod", project("prod", "a"), ports.prod_a)),
        _document(
            "Target", "prod-b", _compose("prod", project("prod", "b"), ports.prod_b, compose)
        ),
    ]


def golden_path(registry: str) -> dict[str, Any]:
    """The way of a version as a workflow: sealed, into dev and stage, and to prod where no gate objects."""
    release = "${{ steps.seal.outputs.release }}"

    def promote(environment: str, *needs: str) -> dict[str, Any]:
        inputs = {"release": release, "environment": environment}
        return {"uses": "promote", "needs": [*needs], "with": inputs}

    images = {name: f"{registry}/shop/{name}:${{{{ inputs.version }}}}" for name in COMPONENTS}
    seal = {"name": RELEASE, "version": "${{ inputs.version }}", "components": images}
    return _document(
        "Workflow",
        "golden-path",
        {
            "description": "A version of the shop, from its images to production",
            "inputs": {"version": {"type": "string", "title": "Version"}},
            "steps": {
                "seal": {"uses": "create-release", "with": seal},
                "dev": promote("dev", "seal"),
                "stage": promote("stage", "dev"),
                "gate": {
                    "uses": "gate",
                    "needs": ["stage"],
                    "with": {"release": release, "environment": "prod"},
                },
                "prod": promote("prod", "gate"),
            },
            "outputs": {"release": release, "deployment": "${{ steps.prod.outputs.deployment }}"},
        },
    )


def as_yaml(listed: list[dict[str, Any]]) -> str:
    """The documents as one file."""
    text: str = yaml.safe_dump_all(listed, sort_keys=False)
    return text


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


def _docker(environment: str, project: str, port: int) -> dict[str, Any]:
    return {
        "environment": environment,
        "connector": "docker",
        "agent": "host-a",
        "project": project,
        "config": {
            "services": {
                "web": {"ports": [f"127.0.0.1:{port}:8080"], "init": True},
                "worker": {"init": True},
            }
        },
    }


def _compose(environment: str, project: str, port: int, compose: str) -> dict[str, Any]:
    return {
        "environment": environment,
        "connector": "compose",
        "agent": "host-b",
        "project": project,
        "config": {"compose": compose, "env": {"SHOP_PORT": str(port)}},
    }
