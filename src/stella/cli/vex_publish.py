"""VEX for others: written anew in another format, beside an image, into a repository."""

import re
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.vex_out import document_time
from stella.cli.vex_repository import put_into
from stella.cli.vex_server import fetch_document
from stella.cli.written import checked_output, read, write
from stella.kernel import Remedy
from stella.vex import Heard, OpenVex, UnusableStatement, hear, openvex_bytes

File = Annotated[
    Path,
    typer.Argument(help="OpenVEX, CSAF or CycloneDX JSON, one signed, or the id of a server's."),
]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
Sign = Annotated[Path | None, typer.Option(help="Key to sign the document with.")]


def convert(
    file: File,
    *,
    output: Annotated[str, typer.Option("-o", "--output", help="openvex|spdx-json")],
    to: To = None,
) -> None:
    """Write a document anew: as OpenVEX 0.2.0, or as SPDX 3.0.1 relationships. Gaps stay behind."""
    from stella.vex.spdx import spdx_bytes

    document = heard_in(file).document
    if checked_output(output, ("openvex", "spdx-json")) == "spdx-json":
        content = spdx_bytes(document, document_time())
    else:
        content = openvex_bytes(
            OpenVex(
                document.author,
                document.at or document_time(),
                document.statements,
                id=document.id,
                version=next(iter(document.version), 1) or 1,
                role=document.role,
            )
        )
    write(content + b"\n", to)


def publish(
    file: Annotated[Path, typer.Argument(help="A signed document, or with --sign one to sign.")],
    image: Annotated[str, typer.Argument(help="The image's registry reference.")] = "",
    *,
    repository: Annotated[
        Path | None, typer.Option(help="Directory of a VEX repository, instead of an image.")
    ] = None,
    sign: Sign = None,
    log: Annotated[
        bool, typer.Option("--log", help="Have the server log what --sign signed, with its proof.")
    ] = False,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    ca_file: Annotated[str | None, typer.Option(help="PEM of the registry's authority.")] = None,
    username: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_PASSWORD")] = None,
) -> None:
    """Attach a signed document to an image in its registry, or put one into a VEX repository."""
    # Late: who asks for the help of ``stella vex`` owes no time to registries and keys.
    from stella.cli.logged import logged
    from stella.cli.scan_target import RegistryAccess, open_registry
    from stella.image import parse_reference
    from stella.trust import load_signer
    from stella.vex.attached import publish_vex

    if bool(image) is bool(repository):
        raise UnusableStatement(
            "where it is to be published is not said, or said twice",
            remedy=Remedy("Name an image, or a directory with --repository."),
        )
    if log and (sign is None or repository is not None):
        raise UnusableStatement(
            "what nobody signs here is not logged",
            remedy=Remedy("Name a key with --sign, and an image."),
        )
    if repository is not None:
        put_into(repository, heard_in(file).document, document_time())
        return
    reference = parse_reference(image)
    access = RegistryAccess(plain_http, ca_file, username, password)
    signer = load_signer(sign) if sign else None
    registry = open_registry(reference.host, access)
    digest = publish_vex(registry, reference, content_of(file), signer, log=logged if log else None)
    write(f"{digest}\n", None)


def heard_in(file: Path) -> Heard:
    """The document in the file, or the server's of that id. Raises UnreadableFile, MalformedVex."""
    return hear(content_of(file), ())


def content_of(file: Path) -> bytes:
    """The file, or the server's document of that id."""
    name = str(file)
    if re.fullmatch(r"vex_[0-9A-Z]{26}", name) and not file.exists():
        return fetch_document(name)
    return read(file)
