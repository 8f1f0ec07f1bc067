"""A VEX repository as a directory: a document for each package, and the index of them."""

from pathlib import Path

from stella.cli.errors import UnwritableOutput
from stella.cli.written import read, write
from stella.kernel import Remedy
from stella.vex import Document, OpenVex, UnusableStatement, openvex_bytes, parse_vex
from stella.vex.repository import ABOUT, INDEX, about_bytes, index_bytes, place_of


def put_into(directory: Path, document: Document, at: str) -> None:
    """Add the document's statements to those of each package that they are about.

    at: RFC 3339, of the change. Raises UnusableStatement where no package can be listed,
    UnwritableOutput, UnreadableFile, MalformedVex. The index is written last.
    """
    places = {
        place
        for statement in document.statements
        for product in statement.products
        for purl in product.target.purls
        if (place := place_of(purl)) is not None
    }
    if not places:
        raise UnusableStatement(
            "the document names no package that a repository could list",
            remedy=Remedy("Name products by purls; images with their repository_url."),
        )
    index, about = directory / INDEX, directory / ABOUT
    listed = index_bytes(read(index) if index.is_file() else None, dict(places), at)
    for _, location in sorted(places):
        path = directory / location
        made = _with(path, document, location, at)
        _make(path.parent)
        write(made, path)
    if not about.is_file():
        write(about_bytes(directory.resolve().name), about)
    write(listed, index)


def _with(path: Path, document: Document, location: str, at: str) -> bytes:
    """The package's document with the statements that are about it."""
    mine = tuple(
        statement
        for statement in document.statements
        if any(
            (place := place_of(purl)) is not None and place[1] == location
            for product in statement.products
            for purl in product.target.purls
        )
    )
    if not path.is_file():
        return openvex_bytes(OpenVex(document.author, document.at or at, mine, role=document.role))
    before = parse_vex(read(path))
    revision = next(iter(before.version), 1)
    statements = tuple(dict.fromkeys((*before.statements, *mine)))
    if len(statements) == len(before.statements):
        return read(path)
    return openvex_bytes(
        OpenVex(before.author, at, statements, before.id, revision + 1, before.role)
    )


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableOutput(
            f"{directory} cannot be made: {error.strerror}",
            remedy=Remedy("Name a directory that can be written to."),
            path=str(directory),
        ) from None
