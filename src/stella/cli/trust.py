"""``stella trust``: who signed what, by anybody's Sigstore bundle, with no server and no network."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stella.cli.written import checked_output, read, write
from stella.kernel import Digest, MalformedDigest

# Late, within the command: who asks for help owes no time to cryptography.
if TYPE_CHECKING:
    from stella.trust.sigstore import Asked, Judgement, Rule, SigstoreRoot

app = typer.Typer(no_args_is_help=True, help="Whose signatures count, and whether one holds.")


@app.callback()
def trust() -> None:
    """Whose signatures count, and whether one holds."""


@app.command()
def verify(
    *,
    bundle: Annotated[Path, typer.Option(help="The Sigstore bundle, v0.1 to v0.3.")],
    artifact: Annotated[
        str | None, typer.Option(help="What it is about: a file, or sha256:HEX of an image.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The signer's public key, in PEM.")] = None,
    identity: Annotated[
        str | None, typer.Option(help="The signer's mail address or URL, as certified.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="The URL of who logged the signer in.")] = None,
    signers: Annotated[
        Path | None,
        typer.Option(help="Who may sign what, as a document, instead of one key or identity."),
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="The predicate type that it has to state.")
    ] = None,
    trusted_root: Annotated[
        Path | None,
        typer.Option(help="Whose logs, certificates and clocks to believe: trusted_root.json."),
    ] = None,
    log: Annotated[
        bool, typer.Option(help="Whether it has to stand in a log; --no-log with --key alone.")
    ] = True,
    output: Annotated[
        str, typer.Option("-o", "--output", help="table|json", metavar="FORMAT")
    ] = "table",
    to: Annotated[Path | None, typer.Option("--to", help="Write to this file.")] = None,
) -> None:
    """Check a Sigstore bundle offline, each check named; exit code 1 where one does not hold.

    Without --trusted-root, the root of Sigstore's public services counts.
    """
    from stella.trust.sigstore import judge_bundle, judge_by_signers

    is_json = checked_output(output, ("table", "json")) == "json"
    now = datetime.now(UTC)
    if signers is not None:
        if key or identity or issuer or type_:
            raise typer.BadParameter("who may sign is said by --signers, or by the others")
        found = judge_by_signers(
            read(bundle),
            _rules(signers),
            _root(trusted_root, is_needed=True),
            now,
            artifact=_artifact(artifact),
            needs_log=log,
        )
    else:
        asked = _asked(artifact, key, identity, issuer, type_, needs_log=log)
        root = _root(trusted_root, is_needed=log or key is None)
        found = judge_bundle(read(bundle), asked, root, now)
    lines = "\n".join(judgement_lines(found)) + "\n"
    write(json.dumps(judgement_json(found), indent=2) + "\n" if is_json else lines, to)
    if not found.good:
        raise typer.Exit(1)


@app.command()
def root(
    *, to: Annotated[Path | None, typer.Option("--to", help="Write to this file.")] = None
) -> None:
    """Fetch a server's trusted_root.json, by which cosign, sigstore and this command verify."""
    from stella.client import open_client

    with open_client() as client:
        write(client.content("/trust/sigstore-root"), to)


def judgement_json(found: "Judgement") -> dict[str, object]:
    """The whole answer."""
    return {"good": found.good, "checks": [asdict(one) for one in found.checks]}


def judgement_lines(found: "Judgement") -> list[str]:
    """One line a check, the verdict last."""
    width = max(len(one.name) for one in found.checks)
    lines = [
        f"{'good' if one.good else 'BAD ':<4}  {one.name:<{width}}  {one.detail}"
        + (f" ({one.code})" if one.code else "")
        for one in found.checks
    ]
    return [*lines, "verified" if found.good else "NOT VERIFIED"]


def _asked(
    artifact: str | None,
    key: Path | None,
    identity: str | None,
    issuer: str | None,
    type_: str | None,
    *,
    needs_log: bool,
) -> "Asked":
    from stella.trust.sigstore import Asked, Identity, load_key

    named = identity is not None and issuer is not None
    if (key is not None) == named or (identity is None) != (issuer is None):
        raise typer.BadParameter("whom do you trust? Either a key, or an identity and its issuer")
    if not needs_log and key is None:
        raise typer.BadParameter(
            "a certificate lives for minutes: without a log nobody knows when it signed"
        )
    signer = load_key(read(key)) if key else Identity(identity or "", issuer or "")
    return Asked(signer, _artifact(artifact), type_, needs_log=needs_log)


def _rules(path: Path) -> "tuple[Rule, ...]":
    """The rules in a YAML file, whose keys lie beside it. Raises MalformedEnvelope, UnusableKey."""
    import yaml

    from stella.trust.dsse import malformed
    from stella.trust.sigstore import read_signers

    try:
        document = yaml.safe_load(read(path))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise malformed(f"no document of signers: {error}") from error
    spec = document.get("spec") if isinstance(document, dict) else None
    names = [
        name
        for one in (spec if isinstance(spec, list) else ())
        if isinstance(one, dict)
        for name in one.get("keys") or ()
    ]
    return read_signers(document, {str(one): read(path.parent / str(one)) for one in names})


def _artifact(text: str | None) -> "bytes | Digest | None":
    if text is None:
        return None
    try:
        return Digest(text)
    except MalformedDigest:
        return read(Path(text))


def _root(path: Path | None, *, is_needed: bool) -> "SigstoreRoot":
    from stella.trust.sigstore import NOBODY, public_good_root, read_sigstore_root

    if path is not None:
        return read_sigstore_root(read(path))
    return public_good_root() if is_needed else NOBODY
