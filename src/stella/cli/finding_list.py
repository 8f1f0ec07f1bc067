"""``stella finding list`` without a document: over every image that the server has scanned."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from stella.cli.output import Column, Output, To, show_list
from stella.client import open_client

_COLUMNS: dict[str, Column] = {
    "severity": "severity",
    "finding": "vulnerability",
    "component": lambda row: f"{row['component']} {row['version']}",
    "fixed in": lambda row: row["fixed"] or "no fix known",
    "exploited": lambda row: "yes" if row["exploited"] else "",
    "vex": "vex",
    "image": "reference",
    "platform": "platform",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters, as the API takes them; None and "" ask for nothing in particular."""

    severity: str = ""
    fixable: bool | None = None
    exploited: bool | None = None
    reach: str = ""
    vex: str = ""
    counts: bool | None = None
    component: str = ""
    image: str = ""
    environment: str = ""
    q: str = ""

    def query(self) -> dict[str, Any]:
        """What of it is asked for."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in given.items() if value not in {None, ""}}


def list_on_server(wanted: Wanted, limit: int, *, output: Output, to: To) -> None:
    """The most urgent first."""
    with open_client() as client:
        found = list(islice(client.items("/findings", **wanted.query()), limit))
    show_list(found, _COLUMNS, output=output, to=to, name="vulnerability")
