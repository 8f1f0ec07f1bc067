"""``stella completion``: what a shell needs to finish the words of a command line."""

from enum import StrEnum
from typing import Annotated

import typer

from stella.cli.output import say
from stella.cli.written import write


class Shell(StrEnum):
    """For which there is a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_LOADED = {
    Shell.BASH: 'eval "$(stella completion bash)"  # in ~/.bashrc to have it always',
    Shell.ZSH: "stella completion zsh > ~/.zfunc/_stella  # where fpath has ~/.zfunc",
    Shell.FISH: "stella completion fish > ~/.config/fish/completions/stella.fish",
}


def completion(shell: Annotated[Shell, typer.Argument(help="Which shell.")]) -> None:
    """Print the script that lets a shell finish commands and options."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(
        prog_name="stella", complete_var="_STELLA_COMPLETE", shell=shell.value
    )
    write(f"{script.strip()}\n", None)
    say(f"to load it: {_LOADED[shell]}")
