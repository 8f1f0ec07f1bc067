"""Run a demonstration from its start to its summary, keep one running, end a kept one."""

import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stella.demo.docker_ground import DockerGround
from stella.demo.errors import DemoNotKept, DemoRuns
from stella.demo.ground import Ground, RealGround
from stella.demo.notes import Note, noted
from stella.demo.simulated import SimulatedGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk, run_walk
from stella.kernel import Remedy
from stella.lab import CommandFailed, UsersEngine, probe
from stella.lab.users_engine import ways_to_engine


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for. packets: None means beside the summary, or in ``stella-demo`` here."""

    keep: bool = False
    simulated: bool = False
    docker: bool = False
    summary: Path | None = None
    packets: Path | None = None

    def packets_directory(self, mark: str) -> Path:
        """Where the packets go. Each demonstration signs with keys of its own: they never mix."""
        if self.packets is not None:
            return self.packets
        return (self.summary.parent if self.summary else Path("stella-demo") / mark) / "packets"


def run_demo(wishes: Wishes) -> Summary:
    """Walk all of it. Raises what a step refuses; whatever was started is gone then."""
    _refuse_second()
    summary = Summary(simulated=wishes.simulated)
    teller = Teller(summary, colours=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    directory = Path(tempfile.mkdtemp(prefix="stella-demo-", dir="/tmp"))
    note = Note.of(secrets.token_hex(3), directory, ways_to_engine() if wishes.docker else None)
    try:
        note.write()
        if wishes.docker:
            teller.line(
                "Looking whether your Docker Engine and a registry here reach each other ..."
            )
        ground = choose_ground(note, simulated=wishes.simulated, docker=wishes.docker)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        note.forget()
        raise
    summary.simulated = ground.is_simulated
    stage = Stage(ground, directory)
    walk = Walk(stage, summary, teller, wishes.packets_directory(note.mark).resolve())
    try:
        _walk_through(walk, wishes)
    except BaseException:
        stage.save_logs(walk.logs)
        stage.stop()
        note.forget()
        raise
    if wishes.keep:
        _keep_running(stage, note, teller)
        return summary
    stage.stop()
    note.forget()
    return summary


def _walk_through(walk: Walk, wishes: Wishes) -> None:
    run_walk(walk)
    if not wishes.keep:
        walk.stage.stop_server()
    offline = "" if wishes.keep else ", the control plane being stopped"
    with walk.teller.step(f"Verify and replay every packet{offline}"):
        walk.verify_offline()
    _finish(wishes, walk)


def choose_ground(note: Note, *, simulated: bool = False, docker: bool = False) -> Ground:
    """Real hosts where the machine lets us, simulated ones with the reasons otherwise.

    The user's own engine serves only who asks for it: it may hold more than they want touched.
    """
    if simulated:
        return SimulatedGround(("it was asked for",))
    directory = Path(note.directory)
    if docker:
        ground = DockerGround(directory, note.mark)
        obstacle = ground.obstacle()
        return SimulatedGround((obstacle,)) if obstacle else ground
    missing = probe()
    if not missing:
        return RealGround(Path(note.lab))
    hint = ("your own Docker Engine can stand in: stella demo --docker",)
    return SimulatedGround(tuple(one.what for one in missing) + (hint if _docker_works() else ()))


def _docker_works() -> bool:
    try:
        UsersEngine("").version()
    except CommandFailed:
        return False
    return True


def stop_kept() -> None:
    """End what was kept running, and what was killed; nothing of it is left. Raises DemoNotKept."""
    over = [note for note in noted() if note.is_over]
    if not over:
        raise DemoNotKept(
            "no kept demonstration runs",
            remedy=Remedy("Start one.", command="stella demo --keep"),
        )
    for note in over:
        note.end()


def _finish(wishes: Wishes, walk: Walk) -> None:
    summary, teller = walk.summary, walk.teller
    if wishes.summary is not None:
        summary.write(wishes.summary)
    identical = sum(one["identical"] for one in summary.replay)
    teller.line(f"\nDone in {summary.seconds:.0f} s.")
    teller.say(f"releases   {', '.join(summary.releases)}")
    teller.say(f"refused    {summary.refusal['promotion']} (exit code 6)")
    teller.say(
        f"evidence   {len(summary.packets)} packets verified, {identical} replayed identical"
    )
    teller.say(f"packets    {_from_here(walk.packets)}")
    if wishes.summary is not None:
        teller.say(f"summary    {wishes.summary}")
    if not wishes.keep:
        teller.say(f"console    {_program()} demo --keep leaves it running")


def _keep_running(stage: Stage, note: Note, teller: Teller) -> None:
    """Note that it is kept, so that another process can end it, and leave it running."""
    note.keep(stage.url)
    teller.line(f"\nIt stays: {stage.url}")
    teller.say(f"first login: admin, password: {stage.password}")
    teller.say(f"end it with: {_program()} demo --stop")


def _program() -> str:
    """How this reader calls ``stella``: by its path where the shell does not find it."""
    beside = Path(sys.executable).with_name("stella")
    return "stella" if shutil.which("stella") or not beside.exists() else str(_from_here(beside))


def _from_here(path: Path) -> Path:
    """Shorter where it lies below the working directory."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _refuse_second() -> None:
    for note in noted():
        if note.is_kept:
            raise DemoRuns(
                f"a kept demonstration runs already at {note.url}",
                remedy=Remedy("End it first.", command="stella demo --stop"),
            )
