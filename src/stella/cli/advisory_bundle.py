"""``stella advisory bundle``: observations carried to where there is no network."""

import json
from pathlib import Path
from typing import Annotated

import typer

from stella.advisory.observation import (
    Manifest,
    Observations,
    apply_bundle,
    create_bundle,
    read_manifest,
)
from stella.cli.advisory_sync import frozen_alone
from stella.cli.written import checked_output, unreadable, unwritable, write
from stella.trust import load_public_key, load_signer

app = typer.Typer(no_args_is_help=True, help="Carry feeds to machines without a network.")

Store = Annotated[Path, typer.Option(help="Directory of the observations.")]
File = Annotated[Path, typer.Argument(help="The bundle.")]


@app.command()
def create(
    *,
    store: Store,
    sign: Annotated[Path, typer.Option(help="Key to sign the bundle with.")],
    to: Annotated[Path, typer.Option(help="Write the bundle to this file.")],
    since: Annotated[
        int | None,
        typer.Option(help="Only what changed since this generation, at which the other side is."),
    ] = None,
    feed: Annotated[list[str] | None, typer.Option(help="Only this feed; may be repeated.")] = None,
) -> None:
    """Write a signed bundle of all that counts now; says which generation it is."""
    with Observations(store) as opened:
        try:
            manifest = create_bundle(opened, to, load_signer(sign), since=since, feeds=feed or [])
        except OSError as error:
            raise unwritable(to, error) from None
        generation = opened.generation
    lines = [*_lines(manifest), f"next      --since {generation}"]
    write("".join(f"{line}\n" for line in lines), None)


@app.command()
def apply(
    bundle: File,
    *,
    store: Store,
    key: Annotated[list[Path], typer.Option(help="Public key to trust; may be repeated.")],
    into: Annotated[
        Path | None, typer.Option(help="Also put the snapshot into this directory, alone.")
    ] = None,
    may_go_back: Annotated[
        bool, typer.Option(help="Also where a feed in it is older than the one here.")
    ] = False,
) -> None:
    """Verify the whole bundle, then take it over at once; the snapshot is that of the other side."""
    keys = [load_public_key(one) for one in key]
    with Observations(store) as opened:
        try:
            manifest = apply_bundle(opened, bundle, keys, may_go_back=may_go_back)
        except OSError as error:
            raise unreadable(bundle, error) from None
        lines = _lines(manifest)
        if into is not None:
            lines.append(f"file      {frozen_alone(opened, into)}")
    write("".join(f"{line}\n" for line in lines), None)


@app.command()
def show(
    bundle: File,
    *,
    output: Annotated[str, typer.Option("-o", "--output", help="table|json")] = "table",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Say what a bundle claims to hold. No signature is looked at."""
    checked_output(output, ("table", "json"))
    try:
        manifest = read_manifest(bundle)
    except OSError as error:
        raise unreadable(bundle, error) from None
    if output == "json":
        feeds = [
            {"name": one.name, "checkedAt": one.checked_at, "documents": len(one.documents)}
            for one in manifest.feeds
        ]
        claimed = {"base": manifest.base, "state": manifest.state, "feeds": feeds}
        write(json.dumps(claimed, indent=2) + "\n", to)
    else:
        write("".join(f"{line}\n" for line in _lines(manifest)), to)


def _lines(manifest: Manifest) -> list[str]:
    return [
        *(
            f"feed      {one.name}, {len(one.documents)} documents, of {one.checked_at}"
            for one in manifest.feeds
        ),
        f"base      {manifest.base or 'none: it is whole'}",
        f"state     {manifest.state}",
    ]
