"""``stella matrix``: which release of which component runs where."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from stella.cli.output import Output, To, table, write_document
from stella.cli.written import write
from stella.client import open_client


def matrix(
    *,
    at: Annotated[
        str | None, typer.Option(help="As it had been deployed at this time, RFC 3339.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show a grid: components down, environments across, in the order of promotion."""
    with open_client() as client:
        found = client.get("/matrix", at=at)
    if output == "name":
        names = (f"{cell['environment']}/{cell['component']}\n" for cell in found["cells"])
        write("".join(names), to)
    elif output == "table":
        write(grid(found, is_now=at is None), to)
    else:
        write_document(found, output=output, to=to)


def grid(found: Mapping[str, Any], *, is_now: bool) -> str:
    """The matrix for people. is_now: health, drift and promotions are of now, and no other time."""
    environments = found["environments"]
    if not environments:
        return "no environments yet: stella apply -f FILE\n"
    cells = {(cell["component"], cell["environment"]): cell for cell in found["cells"]}
    titles = [
        f"{one['name']} (frozen)" if one["frozen"] and is_now else one["name"]
        for one in environments
    ]
    rows = [
        [
            component,
            *(_words(cells.get((component, one["name"])), is_now=is_now) for one in environments),
        ]
        for component in found["components"]
    ]
    lines = [table(["component", *titles], rows)]
    if is_now:
        lines += [f"{line}\n" for line in _remarks(found)]
    return "".join(lines)


def _words(cell: Mapping[str, Any] | None, *, is_now: bool) -> str:
    if cell is None:
        return "-"
    version = str(cell["release"]["version"])
    if not is_now:
        return version
    drift = {"none": "", "drifted": ", drifted", "unknown": ", drift unknown"}[cell["drift"]]
    return f"{version} {cell['health']}{drift}"


def _remarks(found: Mapping[str, Any]) -> Iterator[str]:
    """What the grid has no room for: promotions under way and blocked, and what drifted how."""
    for environment, promotion in found["pending"].items():
        yield f"{environment}: {promotion} is under way"
    for one in found["environments"]:
        stands = one["standing"]
        if stands and stands["outcome"] != "pass":
            would = "would be blocked" if stands["outcome"] == "blocked" else "could not be judged"
            yield f"{one['name']}: what runs {would} today: {'; '.join(stands['reasons'][:3])}"
    blocked = {(cell["environment"], cell["blocked"]) for cell in found["cells"] if cell["blocked"]}
    for environment, promotion in sorted(blocked):
        yield f"{environment}: {promotion} is blocked, stella why {promotion}"
    for cell in found["cells"]:
        if cell["detail"]:
            yield f"{cell['environment']}/{cell['component']}: {cell['detail']}"
