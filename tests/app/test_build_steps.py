"""Deployments with a step that builds: by an applied integration, at a real Buildbot and a played GitLab."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.buildbots import PASSWORD, USER, BuildbotServer
from fixtures.builders import Builder, gitlab_ci
from fixtures.control import Control, running
from fixtures.databases import Clock
from fixtures.forges import TOKEN, served
from stella.evidence.packet import read_packet

COMMIT, IMAGE = "c0" * 20, f"r.example/shop/web@sha256:{'ab' * 32}"
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "r.example/shop/web", "digest": {"sha256": "ab" * 32}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"digest": {"gitCommit": COMMIT}}]},
        "runDetails": {"builder": {"id": "https://gitlab.example/runners/7"}},
    },
}


def integration(endpoint: str, **spec: Any) -> dict[str, Any]:
    given = {
        "kind": "ci",
        "connector": "buildbot",
        "endpoint": endpoint,
        "credentials": {"username": "secret://ci-user", "password": "secret://ci-password"},
        **spec,
    }
    return {"apiVersion": "stella/v1", "kind": "Integration", "name": "builds", "spec": given}


def environment(pipeline: str, name: str = "build", **given: Any) -> list[dict[str, Any]]:
    """``dev`` on two hosts, with a build before anything is deployed. name: of the step, which is in the
    key that the build is known by; deployments have the same ids in each test.
    """
    asked = {"ci": "builds", "pipeline": pipeline, "reference": "main", "everyS": 1, **given}
    steps = {"before": [{"name": name, "step": "trigger-build", "with": asked}]}
    made: list[dict[str, Any]] = [
        {"apiVersion": "stella/v1", "kind": "Environment", "name": "dev", "spec": {"steps": steps}}
    ]
    for host, component in (("a", "web"), ("b", "worker")):
        spec = {
            "environment": "dev",
            "connector": "docker",
            "agent": f"host-{host}",
            "project": "shop",
            "components": [component],
        }
        made.append(
            {"apiVersion": "stella/v1", "kind": "Target", "name": f"dev-{host}", "spec": spec}
        )
    return made


@pytest.fixture
def plane(clock: Clock, tmp_path: Path) -> Iterator[Control]:
    with running(tmp_path / "control", clock) as control:
        yield control
        control.services.close_policies()


@pytest.fixture
def built(plane: Control, buildbot: BuildbotServer) -> Control:
    """With the integration ``builds`` of a real Buildbot."""
    for name, value in (("ci-user", USER), ("ci-password", PASSWORD)):
        stored = plane.ask("PUT", f"/secrets/{name}", {"value": value}, by="olga")
        assert stored.is_success
    done = plane.apply(integration(buildbot.endpoint))
    assert done.is_success, done.text
    return plane


def build_of(control: Control, promotion: Any) -> dict[str, Any]:
    (found,) = [
        one
        for one in control.get(f"/deployments/{promotion['deployment']}")["steps"]
        if one["purpose"] != "undo"
    ]
    return dict(found)


@pytest.mark.long
@pytest.mark.stores
def test_a_deployment_waits_for_a_build_at_its_build_server(
    built: Control, buildbot: BuildbotServer
) -> None:
    given = {"parameters": {"outcome": "good"}}
    assert built.apply(*environment(buildbot.builder, **given)).is_success
    ended = built.deployed(built.sealed("2.0.0")["id"], "dev")
    build = build_of(built, ended)
    assert (ended["state"], build["state"]) == ("deployed", "passed"), build
    assert build["outputs"]["commit"] == buildbot.commit
    assert build["outputs"]["url"].startswith(buildbot.endpoint)
    assert build["outputs"]["provenanceUnknown"] == "this build server keeps no attestations"
    assert PASSWORD not in json.dumps([built.get("/facts"), build])


@pytest.mark.long
@pytest.mark.stores
def test_a_build_that_fails_ends_the_deployment_before_anything_is_touched(
    built: Control, buildbot: BuildbotServer
) -> None:
    given = {"name": "build-badly", "parameters": {"outcome": "bad"}}
    assert built.apply(*environment(buildbot.builder, **given)).is_success
    failed = built.asked(built.sealed("2.0.0")["id"], "dev")
    build = build_of(built, failed)
    assert (failed["state"], build["state"]) == ("failed", "failed"), build
    assert "ended as failed" in build["message"]


@pytest.mark.long
@pytest.mark.stores
def test_a_build_server_that_does_not_let_us_in_is_no_verdict(
    built: Control, buildbot: BuildbotServer
) -> None:
    built.ask("PUT", "/secrets/ci-password", {"value": "wr0ng-canary-11ab"}, by="olga")
    assert built.apply(*environment(buildbot.builder)).is_success
    errored = built.asked(built.sealed("2.0.0")["id"], "dev")
    build = build_of(built, errored)
    assert (errored["state"], build["state"], build["code"]) == ("errored", "errored", "ST-SVC-002")
    assert "wr0ng-canary" not in json.dumps(build)


@pytest.mark.long
@pytest.mark.stores
def test_a_build_server_for_other_environments_is_not_asked(
    built: Control, buildbot: BuildbotServer
) -> None:
    prod = {"apiVersion": "stella/v1", "kind": "Environment", "name": "prod", "spec": {}}
    assert built.apply(prod, integration(buildbot.endpoint, environments=["prod"])).is_success
    refused = built.apply(*environment(buildbot.builder))
    assert "the integration builds is for prod alone" in refused.text


def test_what_a_build_says_of_its_images_lies_in_the_packet(plane: Control) -> None:
    with served(Builder(gitlab_ci, signed=json.dumps(STATEMENT).encode())) as gitlab:
        stored = plane.ask("PUT", "/secrets/ci-token", {"value": TOKEN}, by="olga")
        assert stored.is_success
        login = {"token": "secret://ci-token"}
        spec = {"connector": "gitlab-ci", "credentials": login}
        done = plane.apply(integration(gitlab.endpoint, **spec), *environment("shop/web"))
        assert done.is_success, done.text
        ended = plane.deployed(plane.sealed("2.0.0")["id"], "dev")
    build = build_of(plane, ended)
    said = {"builder": "https://gitlab.example/runners/7", "commit": COMMIT, "images": [IMAGE]}
    assert build["outputs"]["provenance"] == [said], build
    plane.seal()
    (ref,) = plane.get("/evidence", subject=ended["deployment"])["items"]
    packet = plane.ask("GET", f"/evidence/{ref['id']}/packet").content
    entries = [one for one in read_packet(packet).entries.values() if IMAGE.encode() in one]
    assert entries
    assert not [one for one in read_packet(packet).entries.values() if TOKEN.encode() in one]
