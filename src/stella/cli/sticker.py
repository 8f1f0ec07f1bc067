"""``stella sticker``: what the file on a target says runs there, and whether that is so signed."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.output import Column, Output, To, show_one
from stella.cli.written import read
from stella.kernel import Digest, MalformedDigest
from stella.trust import (
    STICKER,
    BadSignature,
    MalformedEnvelope,
    TrustRoot,
    WrongStatement,
    verify_document,
)

app = typer.Typer(no_args_is_help=True, help="The signed note on a target.")

_FIELDS = (
    "release",
    "version",
    "releaseDigest",
    "environment",
    "target",
    "deployment",
    "takenDown",
    "evidence",
    "at",
    "simulated",
)


@app.callback()
def sticker() -> None:
    """The signed note on a target."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="stella.version.json, from a target.")],
    *,
    trusted_root: Annotated[
        Path, typer.Option("--trusted-root", help="Whose keys to believe: GET /trust/root.")
    ],
    output: Output = "table",
    to: To = None,
) -> None:
    """Check a sticker's signature, with no server; ends with 1 where it does not hold."""
    root = TrustRoot.from_json(read(trusted_root))
    content = read(file)
    try:
        said = verified(content, root)
    except (BadSignature, MalformedEnvelope, WrongStatement) as refusal:
        _show({"good": False, "because": str(refusal), "code": refusal.code}, output=output, to=to)
        raise typer.Exit(1) from None
    _show({"good": True, **said}, output=output, to=to)


def verified(content: bytes, root: TrustRoot) -> dict[str, Any]:
    """What the sticker says, signed by the root's evidence key, about its own release.

    Raises BadSignature, MalformedEnvelope, WrongStatement.
    """
    keys = [root.keys["evidence"]] if "evidence" in root.keys else []
    return verify_document(content, keys, subject=_subject(content), predicate_type=STICKER)


def _subject(content: bytes) -> Digest | None:
    """The release that it names: the signature has to be about that one, where it names any."""
    try:
        return Digest(json.loads(content)["releaseDigest"])
    except (ValueError, KeyError, TypeError, RecursionError, MalformedDigest):
        return None


def _show(answer: dict[str, Any], *, output: str, to: Path | None) -> None:
    columns: dict[str, Column] = {"good": "good"}
    columns |= {key: key for key in ("because", "code", *_FIELDS) if key in answer}
    if "components" in answer:
        columns["components"] = lambda row: [
            f"{name} {digest}" for name, digest in row["components"].items()
        ]
    show_one(answer, columns, output=output, to=to, name="release" if answer["good"] else "code")
