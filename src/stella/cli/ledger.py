"""``stella ledger``: the public log, believed by its proofs and not by its server."""

import base64
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stella.cli.output import Column, Output, To, show_lines, show_one
from stella.cli.written import read
from stella.kernel import Digest

if TYPE_CHECKING:
    from stella.ledger import Rebuilt

app = typer.Typer(no_args_is_help=True, help="The public log: its state, proofs, whether it holds.")

Key = Annotated[
    str | None,
    typer.Option(help="The log's verifier key, NAME+ID+KEY; by default as the server says."),
]


@app.callback()
def ledger() -> None:
    """The public log: its state, proofs, whether it holds."""


@app.command()
def status(*, output: Output = "table", to: To = None) -> None:
    """Say how long a server's ledger is, and who signed its last checkpoint."""
    from stella.client import open_client

    with open_client() as client:
        found = client.get("/ledger")
    columns: dict[str, Column] = {
        "name": "name",
        "entries": "size",
        "root": "root",
        "signed by": "signedBy",
        "verifier key": "verifierKey",
    }
    show_one(found, columns, output=output, to=to, name="name")


@app.command()
def prove(
    index: Annotated[int, typer.Argument(help="The place of the entry.", min=0)],
    *,
    key: Key = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Fetch an entry and check here that it lies in the log; ends with 1 where it does not."""
    from stella.client import open_client

    with open_client() as client:
        found = client.get(f"/ledger/entries/{index}")
        wanted = key or client.get("/ledger")["verifierKey"]
    why = _unproven(found, index, wanted)
    columns: dict[str, Column] = {
        "entry": "index",
        "of": "size",
        "digest": lambda row: Digest.of(base64.b64decode(row["entry"])).text,
        "holds": lambda _: why is None,
        "because": lambda _: why,
    }
    show_one({**found, "good": why is None}, columns, output=output, to=to, name="index")
    if why is not None:
        raise typer.Exit(1)


@app.command()
def fsck(
    *,
    from_: Annotated[
        Path | None, typer.Option("--from", help="A directory of published files, with no server.")
    ] = None,
    key: Key = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint seen before; it must have grown from it."),
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Rebuild everything from the published tiles; ends with 1 and each place that does not hold."""
    from stella.ledger.fsck import rebuild
    from stella.trust.transparency.note import read_checkpoint

    seen = [read_checkpoint(read(one).decode(errors="replace")) for one in earlier or ()]
    if from_ is not None:
        if key is None:
            raise typer.BadParameter("whose log shall it be? Give its --key")
        from stella.ledger.disk import Directory

        found = rebuild(Directory(from_).read, [_verifier(key)], earlier=seen)
    else:
        from stella.client import open_client

        with open_client() as client:
            wanted = key or client.get("/ledger")["verifierKey"]
            found = rebuild(_reader(client.content), [_verifier(wanted)], earlier=seen)
    show_lines(rebuilt_json(found), rebuilt_lines(found), output=output, to=to, name="good")
    if not found.good:
        raise typer.Exit(1)


def rebuilt_json(found: "Rebuilt") -> dict[str, object]:
    """The whole answer."""
    return {
        "good": found.good,
        "entries": found.head.size if found.head else 0,
        "checkpointsOfFacts": len(found.audits),
        "faults": [asdict(one) for one in found.faults],
    }


def rebuilt_lines(found: "Rebuilt") -> list[str]:
    """One line a fault, the verdict last."""
    lines = [f"BAD   {one.path}  {one.detail}" for one in found.faults]
    if found.head is not None:
        about = f"{found.head.size} entries, {len(found.audits)} of them about the chain of facts"
        lines.append(about)
    return [*lines, "the log holds" if found.good else "THE LOG DOES NOT HOLD"]


def _unproven(found: dict[str, Any], index: int, key: str) -> str | None:
    """Why the server's answer proves nothing; None where it holds."""
    from stella.kernel import StellaError
    from stella.trust.transparency.merkle import check_inclusion, leaf_hash
    from stella.trust.transparency.note import check_signed, read_checkpoint

    try:
        head = read_checkpoint(found["checkpoint"])
        check_signed(head.note, _verifier(key))
        proof = [base64.b64decode(one) for one in found["proof"]]
        leaf = leaf_hash(base64.b64decode(found["entry"]))
        check_inclusion(leaf, index, head.size, proof, head.root)
    except StellaError as refusal:
        return str(refusal)
    return None


def _verifier(text: str) -> Any:
    from stella.trust.transparency.note import LogKey, WitnessKey

    read_key = WitnessKey.read(text)
    return LogKey(read_key.name, read_key.key)


def _reader(content: Callable[[str], bytes]) -> Callable[[str], bytes]:
    return lambda path: content(f"/ledger/{path}")
