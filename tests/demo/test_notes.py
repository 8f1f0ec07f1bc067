"""What is noted before it is made can be ended by another process."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stella.demo.errors import DemoNotKept, DemoRuns
from stella.demo.notes import Note, noted
from stella.demo.run import Wishes, run_demo, stop_kept
from stella.lab.state import process_started


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "stella"


@pytest.fixture
def note(tmp_path: Path) -> Note:
    """Of a demonstration whose process is gone."""
    directory = tmp_path / "stage"
    directory.mkdir()
    return replace(Note.of("abc", directory, None), owner_started="long ago")


def test_one_that_was_killed_is_ended_with_its_programs(note: Note) -> None:
    note.write()
    program = "import time; print('runs', flush=True); time.sleep(600)"
    words = ["-c", program, f"{note.directory}/server.yaml"]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        assert left.stdout.readline() == b"runs\n"  # until then it may have no words to go by
        started = process_started(left.pid)
        stop_kept()
        assert left.wait(10) != 0
        assert process_started(left.pid) != started
    assert not Path(note.directory).exists()
    assert list(noted()) == []


def test_one_that_still_runs_is_left_alone(note: Note) -> None:
    running = Note.of("def", Path(note.directory), None)
    running.write()
    with pytest.raises(DemoNotKept):
        stop_kept()
    assert Path(note.directory).exists()
    assert list(noted()) == [running]


def test_a_kept_one_holds_off_the_next_and_a_killed_one_does_not(note: Note, state: Path) -> None:
    note.write()
    assert [one.name for one in state.iterdir()] == ["demo-abc.json"]
    note.keep("http://127.0.0.1:1")
    assert [one.name for one in state.iterdir()] == ["demo.json"]
    with pytest.raises(DemoRuns, match="runs already"):
        run_demo(Wishes(simulated=True))


def test_a_note_is_for_its_user_alone(note: Note) -> None:
    note.write()
    assert note.file.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_note_is_passed_over(note: Note, state: Path) -> None:
    note.write()
    (state / "demo-broken.json").write_text("{")
    (state / "demo-strange.json").write_text('{"what": 1}')
    assert list(noted()) == [note]
