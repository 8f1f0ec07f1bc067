"""``stella vex feeds`` and ``stella vex sync``: the feeds of VEX that a server follows."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.errors import SyncNotWhole, WaitedTooLong
from stella.cli.output import Column, Output, To, say, show_list
from stella.cli.waiting import follow
from stella.client import open_client
from stella.kernel import Remedy

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "issuer": lambda row: row["issuer"] or "unknown",
    "documents": "documents",
    "unread": "unread",
    "asked": lambda row: row["checkedAt"] or "never",
    "changed": lambda row: row["changedAt"] or "never",
    "trouble": "trouble",
}


def feeds(*, output: Output = "table", to: To = None) -> None:
    """List the feeds of VEX that the server follows, and how new what is known of each is."""
    with open_client() as client:
        found = list(client.items("/vex-feeds"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


def sync(
    names: Annotated[
        list[str] | None, typer.Argument(help="Feeds by name; all where none is given.")
    ] = None,
    *,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for it.")] = 600,
    output: Output = "table",
    to: To = None,
) -> None:
    """Let the server look at feeds of VEX now; waits until it has."""
    with open_client() as client:
        listed = names or [one["name"] for one in client.items("/vex-feeds") if one["enabled"]]
        wanted = [client.post(f"/vex-feeds/{quote(one, safe='')}/sync")["name"] for one in listed]

        def look() -> list[Any]:
            return [one for one in client.items("/vex-feeds") if one["name"] in wanted]

        seen = follow(
            look,
            is_over=lambda rows: not any(map(_is_waiting, rows)),
            tell=lambda rows: [f"{one['name']}: waiting" for one in rows if _is_waiting(one)],
            timeout_s=timeout,
        )
    show_list(seen, _COLUMNS, output=output, to=to, name="name")
    waiting = [one["name"] for one in seen if _is_waiting(one)]
    if waiting:
        raise WaitedTooLong(
            f"not looked at after {timeout:g} s: {', '.join(waiting)}",
            remedy=Remedy("It goes on; look again.", command="stella vex feeds"),
            feeds=waiting,
        )
    failed = [one for one in seen if one["trouble"]]
    for one in failed:
        say(f"{one['name']}: {one['trouble']}")
    if failed:
        raise SyncNotWhole(
            f"not synced: {', '.join(one['name'] for one in failed)}; what was known of them stays",
            remedy=Remedy("Mend what is said above, then try again."),
            feeds=[one["name"] for one in failed],
        )


def _is_waiting(row: Any) -> bool:
    """Whether the server has not looked since it was asked to."""
    looked = max(row["checkedAt"] or "", row["troubleAt"] or "")
    return bool(row["enabled"] and row["askedAt"] and row["askedAt"] > looked)
