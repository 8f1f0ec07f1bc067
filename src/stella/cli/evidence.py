"""``stella evidence``: packets as files, proven with no server; fetched from one by the rest."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stella.cli.output import Column, Output, say, show_list
from stella.cli.output import To as ListTo
from stella.cli.written import checked_output, write
from stella.kernel import Digest, Remedy

# Late, within the commands: who asks for help, or for a list, owes no time to the proof.
if TYPE_CHECKING:
    from stella.client import Client
    from stella.evidence import BrokenPacket, Verification

app = typer.Typer(no_args_is_help=True, help="Verify and fetch evidence packets.")

File = Annotated[Path, typer.Argument(help="An evidence packet, NAME.stella.tar.")]
Root = Annotated[
    Path | None,
    typer.Option("--trusted-root", help="Whose keys to believe; by default the packet's own."),
]
Verdict = Annotated[str, typer.Option("-o", "--output", help="table|json", metavar="FORMAT")]
To = Annotated[Path | None, typer.Option("--to", help="Write to this file.")]

SIMULATED = "simulated: no real host was changed"

_COLUMNS: dict[str, Column] = {
    "id": "id",
    "kind": "kind",
    "of": "subject",
    "sealed": "createdAt",
    "bytes": "size",
    "name": "name",
}


@app.callback()
def evidence() -> None:
    """Verify and fetch evidence packets."""


@app.command()
def verify(file: File, trusted_root: Root = None, output: Verdict = "table", to: To = None) -> None:
    """Check every byte and every signature; exit code 1 with the place that does not hold."""
    from stella.cli.trusted import read_root
    from stella.evidence import packet_bytes, verify_packet

    is_json = checked_output(output, ("table", "json")) == "json"
    found = verify_packet(packet_bytes(file), read_root(trusted_root))
    if is_json:
        write(json.dumps(verification_json(found), indent=2) + "\n", to)
    else:
        write("\n".join(verification_lines(found)) + "\n", to)
    if not found.good:
        raise typer.Exit(1)


@app.command("list")
def list_(
    *,
    subject: Annotated[str | None, typer.Option(help="Of this promotion or deployment.")] = None,
    output: Output = "table",
    to: ListTo = None,
) -> None:
    """List the packets that a server keeps, the newest first."""
    with _client() as client:
        rows = list(client.items("/evidence", subject=subject))
    show_list(rows, _COLUMNS, output=output, to=to)


@app.command()
def get(
    packet: Annotated[str, typer.Argument(help="Id of a packet, promotion or deployment.")],
    *,
    to: Annotated[Path | None, typer.Option(help="Write here; by default its own name.")] = None,
) -> None:
    """Fetch one packet from a server, and say where it lies."""
    with _client() as client:
        said = client.get(f"/evidence/{packet}")
        path = to or Path(_file_name(str(said["name"])))
        write(_fetched(client, said), path)
    write(f"{path}\n", None)


@app.command()
def statements(
    packet: Annotated[str, typer.Argument(help="Id of a packet, promotion or deployment.")],
    to: Annotated[Path, typer.Option(help="The directory; made where it is missing.")],
) -> None:
    """Fetch what a packet states as stock cosign and sigstore verify it, with proof from the ledger."""
    to.mkdir(parents=True, exist_ok=True)
    with _client() as client:
        for said in client.items(f"/evidence/{packet}/statements"):
            path = to / _plain_name(str(said["entry"]).replace("/", "-"))
            content = client.content(f"/evidence/{packet}/statements/{said['entry']}")
            if Digest.of(content).text != said["public"]:
                raise _arrived_as(content, str(said["entry"]), str(said["public"]))
            write(content, path)
            write(f"{path}\n", None)


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="The directory; made where it is missing.")],
    *,
    subject: Annotated[str | None, typer.Option(help="Of this promotion or deployment.")] = None,
) -> None:
    """Fetch many packets and the trusted root into a directory, for whoever audits them."""
    from stella.trust import TrustRoot

    to.mkdir(parents=True, exist_ok=True)
    with _client() as client:
        root = client.content("/trust/root")
        TrustRoot.from_json(root)
        write(root, to / "trusted-root.json")
        count = 0
        for said in client.items("/evidence", subject=subject):
            path = to / _file_name(str(said["name"]))
            write(_fetched(client, said), path)
            write(f"{path}\n", None)
            count += 1
    say(f"{count} packets; verify each with --trusted-root {to / 'trusted-root.json'}")


@app.command()
def copy(
    into: Annotated[str, typer.Option(help="The integration of an object store.")],
    packet: Annotated[
        str | None, typer.Argument(help="Id of a packet, promotion or deployment; else all.")
    ] = None,
    *,
    subject: Annotated[str | None, typer.Option(help="Of this promotion or deployment.")] = None,
    output: Output = "table",
    to: ListTo = None,
) -> None:
    """Let a server copy packets into an object store; one that lies there is left as it is."""
    with _client() as client:
        named = (
            [packet]
            if packet
            else [one["id"] for one in client.items("/evidence", subject=subject)]
        )
        rows = [client.post(f"/evidence/{one}/copies", {"integration": into}) for one in named]
    columns: dict[str, Column] = {"id": "id", "key": "key", "new": "isNew"}
    show_list(rows, columns, output=output, to=to)


def _client() -> "Client":
    # Late: what verifies a file owes no time to HTTP.
    from stella.client import open_client

    return open_client()


def _fetched(client: "Client", said: Mapping[str, Any]) -> bytes:
    """The packet, its bytes those that the server named. Raises BrokenPacket."""
    content = client.content(f"/evidence/{said['id']}/packet")
    if Digest.of(content).text != said["digest"]:
        raise _arrived_as(content, f"packet {said['id']}", str(said["digest"]))
    return content


def _arrived_as(content: bytes, what: str, wanted: str) -> "BrokenPacket":
    """The refusal of what a server names by another digest."""
    from stella.evidence import BrokenPacket

    return BrokenPacket(
        f"the {what} arrived as {Digest.of(content)}, not {wanted}",
        remedy=Remedy("Fetch it again; see the server's blobs.", command="stella doctor"),
        place=None,
    )


def _file_name(name: str) -> str:
    """A file name out of what a server says: one part of a path, whatever it is."""
    from stella.evidence import FILE_SUFFIX

    return _plain_name(name) + FILE_SUFFIX


def _plain_name(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-_.+" else "_" for letter in name)
    return kept.lstrip(".") or "packet"


def verification_json(found: "Verification") -> dict[str, object]:
    """The whole answer."""
    return {
        "good": found.good,
        "simulated": found.simulated,
        "checks": [asdict(check) for check in found.checks],
    }


def verification_lines(found: "Verification") -> list[str]:
    """One line a check, the verdict last."""
    from stella.evidence import OWN_KEYS

    width = max(len(check.name) for check in found.checks)
    lines = [
        f"{'good' if check.good else 'BAD ':<4}  {check.name:<{width}}  {check.detail}"
        + (f" [{check.place}]" if check.place and not check.good else "")
        for check in found.checks
    ]
    if found.simulated:
        lines.append(SIMULATED)
    if not found.good:
        return [*lines, "NOT VERIFIED"]
    is_own = any(check.detail == OWN_KEYS for check in found.checks)
    return [*lines, f"verified, {OWN_KEYS}" if is_own else "verified"]
