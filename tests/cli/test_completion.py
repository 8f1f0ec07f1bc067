"""A shell finishes words with what the script asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stella.cli.main import main

ASK = """
eval "$(stella completion bash 2>/dev/null)"
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_stella_completion stella
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "finished"),
    [
        ("stella evid", "evidence"),
        ("stella evidence ver", "verify"),
        ("stella evidence verify --trus", "--trusted-root"),
        ("stella nothing-like-it", ""),
    ],
)
def test_bash_finishes_nouns_verbs_and_options(words: str, finished: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ASK.format(words=words)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == (finished, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_alone_is_on_standard_output(
    shell: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    said = capfd.readouterr()
    assert "_STELLA_COMPLETE" in said.out
    assert said.err.startswith("to load it: ")
    assert shell != "zsh" or said.out.startswith("#compdef stella")


def test_a_shell_without_a_script_is_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "bash" in capfd.readouterr().err
