"""A Compose project brought from one release to the next: by promotion and agent, and by hand."""

import os
import statistics
import tempfile
import time
from pathlib import Path

from bench.row import Row
from stella.demo.ground import RealGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk
from stella.lab import Host, ShopVersion, compose_file
from stella.lab.network import free_port
from stella.lab.process import run_command

RUNS = 5
GOAL_RATIO = 1.15


class Silent(Teller):
    """Says nothing: what is printed here are measurements."""

    def line(self, text: str) -> None:
        """Leave it out."""
        del text


def by_hand(host: Host, project: Path, images: dict[str, str], port: int) -> float:
    """``docker compose up --wait`` with the next images, as one does without us; seconds."""
    environment = {
        **host.environment,
        "SHOP_WEB": images["web"],
        "SHOP_WORKER": images["worker"],
        "SHOP_PORT": str(port),
    }
    argv = ["docker", "compose", f"--file={project}", "--project-name=byhand", "up"]
    begun = time.monotonic()
    run_command([*argv, "--detach", "--wait"], environment={**os.environ, **environment})
    return time.monotonic() - begun


def main() -> None:
    """Print the row: medians of deployments in turn, images being on the host already."""
    summary = Summary(simulated=False)
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(RealGround())
        walk = Walk(stage, summary, Silent(summary, colours=False), Path(directory) / "packets")
        project = Path(directory) / "compose.yaml"
        project.write_text(compose_file())
        try:
            ours, theirs = measured(walk, project)
        finally:
            stage.stop()
    note = f"from request to healthy, gates and evidence included; median of {RUNS}, in turn"
    Row(
        "deploy a Compose project",
        "s",
        statistics.median(ours),
        goal=round(GOAL_RATIO * statistics.median(theirs), 2),
        theirs=statistics.median(theirs),
        theirs_name="docker compose up --wait",
        note=note,
    ).print()


def measured(walk: Walk, project: Path) -> tuple[list[float], list[float]]:
    """Seconds of each deployment, ours and by hand."""
    walk.start()
    walk.apply()
    images: dict[ShopVersion, dict[str, str]] = {}
    for version in (ShopVersion.V2, ShopVersion.V3):
        walk.build(version)
        walk.release(version)
        walk.deploy(version, "dev")
        release = walk.admin.get(f"/releases/shop@{version.value}")
        images[version] = {
            one["name"]: f"{one['reference'].rpartition(':')[0]}@{one['digest']}"
            for one in release["components"]
        }
    assert isinstance(walk.stage.ground, RealGround)
    host, port = walk.stage.ground.lab_host("b"), free_port()
    ours, theirs = [], []
    for number in range(2 * (RUNS + 1)):
        version = (ShopVersion.V2, ShopVersion.V3)[number % 2]
        theirs.append(by_hand(host, project, images[version], port))
        begun = time.monotonic()
        walk.deploy(version, "stage")
        ours.append(time.monotonic() - begun)
    return ours[2:], theirs[2:]  # the first of each version also pulled


if __name__ == "__main__":
    main()
