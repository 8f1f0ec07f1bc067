"""Every command, found by its noun: what is called is imported, the others are only named."""

import importlib
import os
from collections.abc import Sequence
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from stella.cli.nouns import NOUNS, Noun

_COMPLETE = "_STELLA_COMPLETE"  # a shell asks for the words that may follow
_HELP = "Releases of containers, gated by evidence. The same verbs work offline and on a server."


class LazyGroup(TyperGroup):
    """A group of stand-ins, one a noun, which know their help line; the called one is imported."""

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """The name, the real command behind it, and the arguments left for it."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(args[0], NOUNS[args[0]]), rest


def load(name: str, noun: Noun) -> TyperCommand | TyperGroup:
    """The command that ``noun`` names, ready to run under ``name``."""
    module, _, attribute = noun.where.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = typer.Typer(add_completion=False)
        app.command(name)(found)
    # Rich would read "[/variant]" in a help text as markup and break on it.
    app.rich_markup_mode = None
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand | TyperGroup), command
    command.name = name
    return command


def run_command(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Refusals pass through."""
    group = LazyGroup(
        name="stella",
        help=_HELP,
        commands=[TyperCommand(name, help=noun.help) for name, noun in NOUNS.items()],
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    if _COMPLETE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()
    try:
        group.main(args=list(arguments), prog_name="stella")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0
