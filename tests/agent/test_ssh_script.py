"""What a file holds is never done as a script, however the writing of it ends."""

import subprocess
from pathlib import Path

import pytest

from stella.agent import ssh_script as scripts
from stella.agent.machine import Command

MARK = "0123456789abcdef"


@pytest.fixture
def shell(tmp_path: Path) -> list[str]:
    """A session of ours whose files may have one block (512 or 1024 bytes) each."""
    return ["sh", "-c", f"ulimit -f 1; trap '' XFSZ; {scripts.shell_line(sudo=False)}"]


def said_by(shell: list[str], place: Path, words: bytes) -> str:
    environment = {"STELLA_REACHED_DIRECTORY": str(place), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        shell,
        input=words,
        capture_output=True,
        check=False,
        env=environment,
        timeout=20,
        start_new_session=True,
        cwd=place,
    )
    return done.stdout.decode() + done.stderr.decode()


def hostile(place: Path) -> bytes:
    """A file whose every line is the size of a script, followed by it."""
    bad = f"touch {place}/was-here".encode()
    return (b"%d\n%s\n" % (len(bad) + 1, bad)) * 200


def test_a_write_that_fails_in_the_middle_ends_the_session(
    shell: list[str], tmp_path: Path
) -> None:
    content = hostile(tmp_path)
    write = scripts.sent(scripts.write_script("shop", "a.json", len(content))) + content
    after = scripts.sent(b"{\necho it goes on\n}")
    begun = scripts.sent(scripts.clerk_script(MARK))
    said = said_by(shell, tmp_path, begun + write + after)
    assert not (tmp_path / "was-here").exists()
    assert f"\n{MARK} 1\n" in said
    assert "it goes on" not in said
    assert not (tmp_path / "shop" / "a.json").exists()


@pytest.mark.parametrize("size", [b"", b"1 of=was-here", b"-1", b"x"])
def test_a_size_that_is_no_number_ends_the_session(
    size: bytes, shell: list[str], tmp_path: Path
) -> None:
    begun = scripts.sent(scripts.clerk_script(MARK))
    after = scripts.sent(b"{\necho it goes on\n}")
    assert "it goes on" not in said_by(shell, tmp_path, begun + size + b"\n" + after)
    assert not (tmp_path / "was-here").exists()


def test_a_command_never_runs_with_a_part_of_its_input(shell: list[str], tmp_path: Path) -> None:
    content = hostile(tmp_path)
    command = Command(("sh", "-c", f"touch {tmp_path}/ran"), 5, stdin=content)
    said = said_by(shell, tmp_path, scripts.sent(scripts.command_script("shop", command)) + content)
    assert "stella begins" not in said
    assert "input cannot be kept" in said
    assert not (tmp_path / "ran").exists()
    assert list((tmp_path / "shop").iterdir()) == []
