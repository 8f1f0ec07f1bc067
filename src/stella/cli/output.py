"""How commands show what the server says: a table for people, JSON and YAML for programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from stella.cli.written import checked_output, write

FORMATS = ("table", "json", "yaml", "name")


def _known(output: str) -> str:
    # Before anything is done: what was changed must not end in "no such format".
    return checked_output(output, FORMATS)


Output: TypeAlias = Annotated[
    str,
    typer.Option("-o", "--output", help="table|json|yaml|name", metavar="FORMAT", callback=_known),
]
To: TypeAlias = Annotated[Path | None, typer.Option("--to", help="Write to this file.")]

Row: TypeAlias = Mapping[str, Any]
Column: TypeAlias = str | Callable[[Row], object]
"""A key of the row, or what to show of it."""


def show_list(
    rows: Sequence[Row],
    columns: Mapping[str, Column],
    *,
    output: str,
    to: Path | None,
    name: str = "id",
) -> None:
    """Write a list. columns: title -> what stands under it. name: the key that ``-o name`` prints."""
    if checked_output(output, FORMATS) == "table":
        if not rows:
            say("nothing to list")
        write(_table(rows, columns), to)
    elif output == "name":
        write("".join(f"{row[name]}\n" for row in rows), to)
    else:
        write(_document([dict(row) for row in rows], output), to)


def show_one(
    row: Row, columns: Mapping[str, Column], *, output: str, to: Path | None, name: str = "id"
) -> None:
    """Write one thing, a line for each column."""
    if checked_output(output, FORMATS) == "table":
        width = max(map(len, columns), default=0)
        lines = [f"{title:<{width}}  {_cell(row, column)}" for title, column in columns.items()]
        write("".join(f"{printable(line).rstrip()}\n" for line in lines), to)
    elif output == "name":
        write(f"{row[name]}\n", to)
    else:
        write(_document(dict(row), output), to)


def show_lines(
    row: Row, lines: Iterable[str], *, output: str, to: Path | None, name: str = "id"
) -> None:
    """Write one thing: ``lines`` for people, ``row`` as it is for programs."""
    if output == "table":
        write("".join(f"{printable(line).rstrip()}\n" for line in lines), to)
    else:
        show_one(row, {}, output=output, to=to, name=name)


def say(text: str) -> None:
    """Progress and remarks: on standard error, so that data stays data."""
    typer.echo(printable(text), err=True)


def printable(text: str) -> str:
    """``text`` without what would steer this terminal: a server's users name things."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def write_document(value: object, *, output: str, to: Path | None) -> None:
    """Write ``value`` as JSON or YAML."""
    write(_document(value, output), to)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, the titles above."""
    lines = [[title.upper() for title in titles], *rows]
    lines = [[printable(cell) for cell in line] for line in lines]
    widths = [max(len(line[place]) for line in lines) for place in range(len(titles))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "".join(f"{line.rstrip()}\n" for line in padded)


def _document(value: object, output: str) -> str:
    if output == "yaml":
        import yaml

        return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _table(rows: Sequence[Row], columns: Mapping[str, Column]) -> str:
    if not rows:
        return ""
    return table(
        list(columns), [[_cell(row, column) for column in columns.values()] for row in rows]
    )


def _cell(row: Row, column: Column) -> str:
    value = column(row) if callable(column) else row.get(column)
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "-"
    return str(value)
