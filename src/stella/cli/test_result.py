"""``stella test-result``: what tests said of an image. What is about files needs no server."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_list, show_one
from stella.cli.scan_target import RegistryAccess, open_registry
from stella.cli.trusted import named_keys
from stella.cli.written import read, write
from stella.client import open_client
from stella.image import parse_reference
from stella.kernel import Digest, Remedy
from stella.tested import UnsignedTestResult, sign_tested
from stella.tested.attached import publish_tests
from stella.tested.errors import malformed_result
from stella.tested.hearing import bare_tested, said_by
from stella.tested.junit import predicate_of
from stella.trust import load_signer, verify_bundle

app = typer.Typer(no_args_is_help=True, help="What tests said of an image, and whose word it is.")

Statement = Annotated[Path, typer.Argument(help="A statement of test results.", metavar="FILE")]
Id = Annotated[str, typer.Argument(help="Its id on the server.", metavar="ID")]

_COLUMNS: dict[str, Column] = {
    "id": "id",
    "result": "result",
    "suites": lambda row: ", ".join(row["suites"]),
    "failed": "failed",
    "signer": lambda row: row["signer"] or ("unknown" if row["isSigned"] else "not signed"),
    "source": "source",
    "by": "by",
    "at": "at",
    "state": "state",
    "image": "image",
}


@app.command()
def create(
    files: Annotated[
        list[Path], typer.Argument(help="JUnit XML of test runners.", metavar="FILE...")
    ],
    *,
    image: Annotated[
        str, typer.Option(help="The image that was tested: its digest, or HOST/PATH@DIGEST.")
    ],
    suite: Annotated[
        str, typer.Option(help="The name of it all; by default each suite's own in the files.")
    ] = "",
    url: Annotated[str, typer.Option(help="Where the run can be looked at.")] = "",
    sign: Annotated[Path | None, typer.Option(help="Key to sign the statement with.")] = None,
    to: To = None,
) -> None:
    """Make an in-toto statement of reports; signed where there is a key.

    The exit code is 0 also where tests failed: that is what it says, and the gate judges it.
    """
    name, digest = _image(image)
    predicate = predicate_of([read(file) for file in files], suite=suite, url=url)
    content = bare_tested(name, digest, predicate)
    write((sign_tested(load_signer(sign), content) if sign else content) + b"\n", to)


@app.command()
def attach(
    file: Statement,
    image: Annotated[str, typer.Argument(help="Where the image lies: HOST/PATH[:TAG|@DIGEST].")],
    *,
    sign: Annotated[Path | None, typer.Option(help="Key to sign it with.")] = None,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    ca_file: Annotated[str | None, typer.Option(help="PEM of the registry's authority.")] = None,
    username: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_PASSWORD")] = None,
) -> None:
    """Attach a signed statement to the image that it is about, in its registry."""
    reference = parse_reference(image)
    registry = open_registry(
        reference.host, RegistryAccess(plain_http, ca_file, username, password)
    )
    signer = load_signer(sign) if sign else None
    write(f"{publish_tests(registry, reference, read(file), signer)}\n", None)


@app.command()
def verify(
    file: Statement,
    *,
    key: Annotated[
        list[Path] | None, typer.Option(help="Public key whose signature counts. Repeat.")
    ] = None,
    trusted_root: Annotated[
        Path | None, typer.Option("--trusted-root", help="Whose keys to believe.")
    ] = None,
    image: Annotated[str, typer.Option(help="The image that it must be about.")] = "",
    to: To = None,
) -> None:
    """Check the signature of a statement, and say what it says; exit code 1 unless all passed."""
    keys = named_keys(key, trusted_root)
    if not keys:
        raise UnsignedTestResult(
            "nobody is named whose signature would count",
            remedy=Remedy("Give --key or --trusted-root."),
        )
    wanted = _image(image)[1] if image else None
    statement = verify_bundle(read(file), keys, subject=wanted)
    said = said_by(statement)
    counted = f"{said.passed} passed, {said.warned} warned, {said.failed} failed"
    lines = [
        f"result    {said.result} ({counted})",
        f"suites    {', '.join(said.suites) or 'none named'}",
        *(f"failed    {one}" for one in said.failed_tests),
        f"signed by {statement.key_id}",
        f"about     {statement.subject_name} {statement.subject}",
    ]
    write("".join(f"{line}\n" for line in lines), to)
    if said.result != "PASSED":
        raise typer.Exit(1)


@app.command()
def upload(
    files: Annotated[list[Path], typer.Argument(help="Statements.", metavar="FILE...")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Hand statements to the server; of those that nobody signed, you are the word."""
    with open_client() as client:
        rows = [
            client.post("/test-results", {"document": read(one).decode(errors="replace")})
            for one in files
        ]
    show_list(rows, _COLUMNS, output=output, to=to)


@app.command("list")
def list_(
    *,
    image: Annotated[str, typer.Option(help="Digest of an index or platform.")] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """List what the server was handed or found beside images, the newest first."""
    with open_client() as client:
        found = list(client.items("/test-results", image=image or None))
    show_list(found, _COLUMNS, output=output, to=to)


@app.command()
def withdraw(
    result: Id,
    *,
    reason: Annotated[str, typer.Option(help="Why it counts no more.")],
    output: Output = "table",
    to: To = None,
) -> None:
    """Let a result on the server count no more."""
    with open_client() as client:
        ended = client.post(f"/test-results/{quote(result, safe='')}/withdraw", {"reason": reason})
    show_one(ended, _COLUMNS, output=output, to=to)


def _image(text: str) -> tuple[str, Digest]:
    """What to call it, and its digest. Raises MalformedTestResult for a tag alone."""
    if text.startswith("sha256:"):
        return text, Digest(text)
    reference = parse_reference(text)
    if reference.digest is None:
        raise malformed_result(f"{text[:200]} names no digest; stella image resolve tells it")
    return f"{reference.host}/{reference.repository}", reference.digest
