"""Promotions by HTTP."""

from fixtures.control import Control


def test_a_release_walks_to_an_environment_by_http(control: Control):
    control.environment("dev")
    release = control.sealed("2.0.0")
    done = control.deployed(release["id"], "dev")
    assert done["state"] == "deployed"
    for path in (
        "/promotions",
        "/deployments",
        "/releases",
        "/scans",
        "/evidence",
        "/matrix",
        "/environments",
        "/targets",
        "/agents",
        "/policies",
        "/freezes",
        "/facts",
        "/doctor",
    ):
        control.get(path)
