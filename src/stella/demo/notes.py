"""What a demonstration has on this machine, noted before it is made, so that another process can end it."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from stella.lab import UsersEngine, cleanup
from stella.lab.process import programs_naming
from stella.lab.state import owner_of_this_process, process_started

_STOP_TIMEOUT_S = 20
_PROGRAMS = ("python", "docker-registry")


@dataclass(frozen=True, slots=True)
class Note:
    """Where everything of one demonstration is.

    directory: of all files; its programs name it on their command lines. lab: of the real lab,
    whether there is one or not. engine: the way to the user's own engine, where labelled things may
    be; None where it is not used. url: of the console; empty unless it was kept.
    """

    mark: str
    directory: str
    lab: str
    engine: Mapping[str, str] | None
    owner_pid: int
    owner_started: str
    url: str = ""

    @classmethod
    def of(cls, mark: str, directory: Path, engine: Mapping[str, str] | None) -> Self:
        """Of this process."""
        pid, started = owner_of_this_process()
        return cls(mark, str(directory), str(directory / "lab"), engine, pid, started)

    @property
    def is_kept(self) -> bool:
        """Whether it was left running on purpose."""
        return bool(self.url)

    @property
    def is_over(self) -> bool:
        """Whether whoever walked it is gone: it was kept, or killed."""
        return process_started(self.owner_pid) != self.owner_started

    @property
    def file(self) -> Path:
        """Where it is noted."""
        return _folder() / ("demo.json" if self.is_kept else f"demo-{self.mark}.json")

    def write(self) -> None:
        """Note it, for its user alone."""
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(self.file)

    def keep(self, url: str) -> None:
        """From now on it runs on its own."""
        replace(self, url=url).write()
        self.file.unlink(missing_ok=True)

    def forget(self) -> None:
        """Nothing of it is left."""
        self.file.unlink(missing_ok=True)

    def end(self) -> None:
        """End and remove all of it. Raises what the lab's and the engine's sweeps raise."""
        # One that was about to start another when it ended has left it: we look until none is left.
        while left := programs_naming(Path(self.directory), _PROGRAMS):
            for pid, started in left.items():
                _end(pid, started)
        cleanup(Path(self.lab))
        if self.engine is not None:
            UsersEngine(self.mark, self.engine).remove_all()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.forget()


def noted() -> Iterator[Note]:
    """Every demonstration of this user that has left something, or still runs."""
    for file in sorted(_folder().glob("demo*.json")):
        try:
            yield Note(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            continue  # ended while we looked, or no note of ours


def _end(pid: int, started: str) -> None:
    """Pids are given out again: only the process that was found, by its start time too."""
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    is_asked = False
    while process_started(pid) == started:
        if not is_asked or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL if is_asked else signal.SIGTERM)
            is_asked = True
        time.sleep(0.05)


def _folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "stella"
