"""What is linked in one image, as a document: made by a scan, kept beside the bill of materials.

Of the names of functions only the first bytes of a hash are kept: another name with the same ones
reads as linked, so that a collision never makes anything seem unreachable.
"""

from base64 import b64decode, b64encode
from binascii import Error as NoBase64

import msgspec

from stella.kernel import Digest, Json, MalformedDigest, Remedy, canonical_json
from stella.reach.errors import MalformedEvidence
from stella.sbom import Linked


class _Part(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Camel case outside, unknown keys refused."""


class Program(_Part, frozen=True, omit_defaults=True):
    """One program in Go. packages: import path -> hashes of its functions, in base64.

    unread: why a function may be missing, empty where none can be. main: import path of the package
    that is called ``main`` within. replaced: module -> under which other names it was linked.
    """

    paths: tuple[str, ...]
    packages: dict[str, str]
    unread: str = ""
    main: str = ""
    replaced: dict[str, tuple[str, ...]] = {}
    system: str = ""
    architecture: str = ""


class _Document(_Part, frozen=True):
    image: str
    programs: tuple[Program, ...]
    schema: int = 1


_decoder = msgspec.json.Decoder(_Document)


class Evidence:
    """The document, and which parts of it were asked for since it was opened."""

    def __init__(self, image: Digest, programs: tuple[Program, ...]) -> None:
        self.image = image
        self.programs = programs
        self._places = {path: n for n, one in enumerate(programs) for path in one.paths}
        self._asked: list[set[str] | None] = [None] * len(programs)

    def program(self, path: str) -> "Asked | None":
        """The program at ``path``; None where none was read there."""
        number = self._places.get(path)
        if number is None:
            return None
        asked = self._asked[number]
        if asked is None:
            asked = self._asked[number] = set()
        return Asked(self.programs[number], asked)

    def part(self) -> bytes | None:
        """A document that answers what was asked so far as this one does; None where nothing was."""
        parts = [
            msgspec.structs.replace(
                program,
                packages={path: program.packages[path] for path in sorted(asked)},
            )
            for program, asked in zip(self.programs, self._asked, strict=True)
            if asked is not None
        ]
        return _bytes(self.image, tuple(parts)) if parts else None


class Asked:
    """One program, which remembers what it was asked for and had."""

    def __init__(self, program: Program, asked: set[str]) -> None:
        self.said = program
        self._asked = asked

    def functions(self, path: str) -> bytes | None:
        """The hashes of the package's functions; None where none of it is linked."""
        kept = self.said.packages.get(path)
        if kept is None:
            return None
        self._asked.add(path)
        return b64decode(kept)

    def first_below(self, module: str) -> str:
        """The first package of the module that is linked; empty for none."""
        below = f"{module}/"
        for path in sorted(self.said.packages):
            if path == module or path.startswith(below):
                self._asked.add(path)
                return path
        return ""

    def vendored(self, path: str) -> list[str]:
        """Packages that somebody else's tree holds a copy of, as before there were modules."""
        ending = f"/vendor/{path}"
        return [one for one in sorted(self.said.packages) if one.endswith(ending)]

    def vendored_below(self, module: str) -> str:
        """The first package of the module in such a copy that is linked; empty for none."""
        place = f"/vendor/{module}"
        for path in sorted(self.said.packages):
            _, found, rest = path.partition(place)
            if found and rest[:1] in {"", "/"}:
                self._asked.add(path)
                return path
        return ""


def evidence_document(image: Digest, linked: Linked) -> bytes | None:
    """What is linked in ``image`` as canonical JSON; None where nothing is known of any program."""
    programs = tuple(
        Program(
            paths=one.paths,
            packages={
                path: b64encode(names).decode() for path, names in one.functions.packages.items()
            },
            unread=one.functions.unread,
            main=one.functions.main,
            replaced=one.functions.replaced,
            system=one.functions.system,
            architecture=one.functions.architecture,
        )
        for one in linked.programs
    )
    return _bytes(image, programs) if programs else None


def parse_evidence(content: bytes) -> Evidence:
    """The document. Raises MalformedEvidence."""
    try:
        said = _decoder.decode(content)
        for program in said.programs:
            for names in program.packages.values():
                b64decode(names, validate=True)
        return Evidence(Digest(said.image), said.programs)
    except (
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
        NoBase64,
        ValueError,
        MalformedDigest,
    ) as error:
        raise MalformedEvidence(
            f"not a document of what is linked: {str(error)[:200]}",
            remedy=Remedy("Scan the image again.", command="stella scan REFERENCE --upload"),
        ) from None


def _bytes(image: Digest, programs: tuple[Program, ...]) -> bytes:
    plain: dict[str, Json] = msgspec.to_builtins(_Document(image.text, programs))
    return canonical_json(plain)
