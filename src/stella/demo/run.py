"""Run a demonstration from its start to its summary, keep one running, end a kept one."""

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stella.demo.errors import DemoNotKept, DemoRuns
from stella.demo.ground import Ground, RealGround
from stella.demo.simulated import SimulatedGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk, run_walk
from stella.kernel import Remedy
from stella.lab import cleanup, probe
from stella.lab.state import process_started

_STOP_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for. packets: None means beside the summary, or ``stella-demo`` here."""

    keep: bool = False
    simulated: bool = False
    summary: Path | None = None
    packets: Path | None = None

    @property
    def packets_directory(self) -> Path:
        """Where the packets go."""
        if self.packets is not None:
            return self.packets
        return (self.summary.parent if self.summary else Path("stella-demo")) / "packets"


def run_demo(wishes: Wishes) -> Summary:
    """Walk all of it. Raises what a step refuses; whatever was started is gone then."""
    _refuse_second()
    ground = choose_ground(simulated=wishes.simulated)
    summary = Summary(simulated=ground.is_simulated)
    teller = Teller(summary, colours=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    stage = Stage(ground)
    walk = Walk(stage, summary, teller, wishes.packets_directory.resolve())
    try:
        run_walk(walk)
        if not wishes.keep:
            stage.stop_server()
        with teller.step(
            "Verify and replay every packet"
            + ("" if wishes.keep else ", the control plane being stopped")
        ):
            walk.verify_offline()
        _finish(wishes, summary, teller)
        if wishes.keep:
            _keep_running(stage, teller)
            return summary
    except BaseException:
        stage.save_logs(walk.logs)
        stage.stop()
        raise
    stage.stop()
    return summary


def choose_ground(*, simulated: bool = False) -> Ground:
    """Real hosts where the machine lets us, simulated ones with the reasons otherwise."""
    if simulated:
        return SimulatedGround(("it was asked for",))
    missing = probe()
    if not missing:
        return RealGround()
    return SimulatedGround(tuple(one.what for one in missing))


def stop_kept() -> None:
    """End a demonstration that was kept running; nothing of it is left. Raises DemoNotKept."""
    kept = _kept()
    if kept is None:
        raise DemoNotKept(
            "no kept demonstration runs",
            remedy=Remedy("Start one.", command="stella demo --keep"),
        )
    for pid, started in kept["processes"].items():
        # Pids are given out again: only what we started, by its start time too.
        if process_started(int(pid)) == started:
            os.kill(int(pid), signal.SIGTERM)
            _wait_for_end(int(pid), started)
    if kept["lab"]:
        cleanup(Path(kept["lab"]))
    shutil.rmtree(kept["directory"], ignore_errors=True)
    _state_file().unlink(missing_ok=True)


def _wait_for_end(pid: int, started: str) -> None:
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while process_started(pid) == started:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _finish(wishes: Wishes, summary: Summary, teller: Teller) -> None:
    if wishes.summary is not None:
        summary.write(wishes.summary)
    identical = sum(one["identical"] for one in summary.replay)
    teller.line(f"\nDone in {summary.seconds:.0f} s.")
    teller.say(f"releases   {', '.join(summary.releases)}")
    teller.say(f"refused    {summary.refusal['promotion']} (exit code 6)")
    teller.say(
        f"evidence   {len(summary.packets)} packets verified, {identical} replayed identical"
    )
    teller.say(f"packets    {wishes.packets_directory}")
    if wishes.summary is not None:
        teller.say(f"summary    {wishes.summary}")


def _keep_running(stage: Stage, teller: Teller) -> None:
    """Note what runs, so that another process can end it, and leave it running."""
    state = _state_file()
    state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    state.touch(mode=0o600)
    state.write_text(
        json.dumps(
            {
                "url": stage.url,
                "directory": str(stage.directory),
                "lab": stage.ground.lab_root,
                "processes": {
                    str(one.pid): process_started(one.pid) for one in stage.processes.values()
                },
            }
        )
    )
    teller.line(f"\nIt stays: {stage.url}")
    teller.say(f"first login: admin, password: {stage.password}")
    teller.say("end it with: stella demo --stop")


def _refuse_second() -> None:
    kept = _kept()
    if kept is not None:
        raise DemoRuns(
            f"a kept demonstration runs already at {kept['url']}",
            remedy=Remedy("End it first.", command="stella demo --stop"),
        )


def _kept() -> dict[str, Any] | None:
    """What a kept demonstration left behind; None where there is none."""
    try:
        kept: dict[str, Any] = json.loads(_state_file().read_text())
    except (OSError, ValueError):
        return None
    return kept


def _state_file() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "stella" / "demo.json"
