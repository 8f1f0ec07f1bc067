"""``stella evidence``: packets as files, proven with no server."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.written import checked_output, read, write
from stella.evidence import Verification, packet_bytes, verify_packet
from stella.trust import TrustRoot

app = typer.Typer(no_args_is_help=True, help="Verify and fetch evidence packets.")

File = Annotated[Path, typer.Argument(help="An evidence packet, NAME.stella.tar.")]
Root = Annotated[
    Path | None,
    typer.Option("--trusted-root", help="Whose keys to believe; by default the packet's own."),
]
Output = Annotated[str, typer.Option("-o", "--output", help="table|json")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]


@app.callback()
def evidence() -> None:
    """Verify and fetch evidence packets."""


@app.command()
def verify(file: File, trusted_root: Root = None, output: Output = "table", to: To = None) -> None:
    """Check every byte and every signature; exit code 1 with the place that does not hold."""
    is_json = checked_output(output, ("table", "json")) == "json"
    found = verify_packet(packet_bytes(file), read_root(trusted_root))
    if is_json:
        write(json.dumps(verification_json(found), indent=2) + "\n", to)
    else:
        write("\n".join(verification_lines(found)) + "\n", to)
    if not found.good:
        raise typer.Exit(1)


def verification_json(found: Verification) -> dict[str, object]:
    """The whole answer."""
    return {"good": found.good, "checks": [asdict(check) for check in found.checks]}


def verification_lines(found: Verification) -> list[str]:
    """One line a check, the verdict last."""
    width = max(len(check.name) for check in found.checks)
    lines = [
        f"{'good' if check.good else 'BAD ':<4}  {check.name:<{width}}  {check.detail}"
        + (f" [{check.place}]" if check.place and not check.good else "")
        for check in found.checks
    ]
    return [*lines, "verified" if found.good else "NOT VERIFIED"]


def read_root(path: Path | None) -> TrustRoot | None:
    """The trusted root in a file. Raises UnreadableFile, MalformedEnvelope."""
    return TrustRoot.from_json(read(path)) if path else None
