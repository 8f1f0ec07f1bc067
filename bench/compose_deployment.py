"""A Compose project deployed through an agent, beside `docker compose up --wait` by hand.

The same project on the same host, its images pulled anew: first a fresh start, then the change to
the next version. The deployment's own times are taken, from its start to its end on the target.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.row import Row
from stella.demo.ground import RealGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk
from stella.kernel import parse_time
from stella.lab import ShopVersion, compose_file
from stella.lab.network import free_port

VERSIONS = (ShopVersion.V2, ShopVersion.V3)
_PROJECT = "by-hand"


class Silent(Teller):
    """Standard output is for the rows."""

    def line(self, text: str) -> None:
        """Say nothing."""


def main() -> None:
    """Print the row."""
    stage = Stage(RealGround())
    try:
        with tempfile.TemporaryDirectory() as directory:
            summary = Summary(simulated=False)
            walk = Walk(stage, summary, Silent(summary, colours=False), Path(directory))
            walk.start()
            walk.apply()
            for version in VERSIONS:
                walk.build(version)
                walk.release(version)
            before_s = by_hand_s(stage, Path(directory))
            ours_s = sum(through_agent_s(walk, version) for version in VERSIONS)
            clear_host(stage, "shop-stage")
            # Whoever goes first finds the disk cold: by hand is given both turns.
            theirs_s = min(before_s, by_hand_s(stage, Path(directory)))
    finally:
        stage.stop()
    Row(
        "deploy a Compose project: fresh, then the next version",
        "s",
        ours_s,
        goal=round(1.15 * theirs_s, 2),
        theirs=theirs_s,
        theirs_name="`docker compose up --wait`",
        note="two services on a host of the lab, images pulled anew",
    ).print()


def through_agent_s(walk: Walk, version: ShopVersion) -> float:
    """How long the deployment to stage took, which dev comes before."""
    walk.deploy(version, "dev")
    promotion = walk.deploy(version, "stage")
    deployment = walk.admin.get(f"/deployments/{promotion['deployment']}")
    taken = parse_time(deployment["endedAt"]) - parse_time(deployment["startedAt"])
    return taken.total_seconds()


def by_hand_s(stage: Stage, directory: Path) -> float:
    """The same two steps with docker's own command on the same host."""
    file = directory / "compose.yaml"
    file.write_text(compose_file())
    port, took_s = free_port(), 0.0
    for version in VERSIONS:
        images = {
            f"SHOP_{name.upper()}": f"{stage.ground.registry}/shop/{name}:{version.value}"
            for name in ("web", "worker")
        }
        begun = time.perf_counter()
        argv = ["compose", "-p", _PROJECT, "-f", str(file), "up", "-d", "--wait"]
        docker(stage, argv, {**images, "SHOP_PORT": str(port)})
        took_s += time.perf_counter() - begun
    clear_host(stage, _PROJECT)
    return took_s


def clear_host(stage: Stage, project: str) -> None:
    """End the project and forget every image, so that the next one pulls again."""
    label = f"label=com.docker.compose.project={project}"
    containers = docker(stage, ["ps", "-aq", "--filter", label]).split()
    if containers:
        docker(stage, ["rm", "-f", *containers])
    docker(stage, ["network", "prune", "-f"])
    docker(stage, ["image", "prune", "-af"])


def docker(stage: Stage, argv: list[str], more: dict[str, str] | None = None) -> str:
    """Run docker against host b; its output. Raises CalledProcessError."""
    environment = {**os.environ, **stage.ground.host_environment("b"), **(more or {})}
    done = subprocess.run(
        ["docker", *argv],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
