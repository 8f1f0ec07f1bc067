"""What is linked in one image, as a document: made by a scan, kept beside the bill of materials.

Of the names of functions only the first bytes of a hash are kept: another name with the same ones
reads as linked, so that a collision never makes anything seem unreachable.
"""

from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping

import msgspec

from stella.kernel import Digest, Json, MalformedDigest, Remedy, canonical_json
from stella.reach.errors import MalformedEvidence
from stella.sbom import Linked


class _Part(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Camel case outside, unknown keys refused."""


class Program(_Part, frozen=True, omit_defaults=True):
    """One program in Go. packages: import path -> hashes of its functions, in base64.

    unread: why a function may be missing, empty where none can be. main: import path of the package
    that is called ``main`` within, and module: its module. replaced: module -> under which other names
    it was linked.
    """

    paths: tuple[str, ...]
    packages: dict[str, str]
    unread: str = ""
    main: str = ""
    replaced: dict[str, tuple[str, ...]] = {}
    system: str = ""
    architecture: str = ""
    module: str = ""


class LoadedFile(_Part, frozen=True, omit_defaults=True):
    """What is run, or what the dynamic linker loads for it. by: who asks for it, empty for what is run.

    package: purl of who brought it, or empty.
    """

    path: str
    by: str = ""
    package: str = ""


class _Document(_Part, frozen=True, omit_defaults=True):
    image: str
    programs: tuple[Program, ...] = ()
    loaded: tuple[LoadedFile, ...] = ()
    missing: tuple[str, ...] = ()
    schema: int = 1


_CHAIN_MAX = 2_000
_decoder = msgspec.json.Decoder(_Document)


class Evidence:
    """The document, and which parts of it were asked for since it was opened."""

    def __init__(self, said: "_Document") -> None:
        programs = said.programs
        self.image = Digest(said.image)
        self.programs = programs
        self.missing = said.missing
        self._loaded = {one.path: one for one in said.loaded}
        self._chains = _chains(self._loaded)
        self._asked_loaded: set[str] = set()
        self._places = {path: n for n, one in enumerate(programs) for path in one.paths}
        self._asked: list[set[str] | None] = [None] * len(programs)
        self._copies = [tuple(p for p in one.packages if "/vendor/" in p) for one in programs]

    def program(self, path: str) -> "Asked | None":
        """The program at ``path``; None where none was read there."""
        number = self._places.get(path)
        if number is None:
            return None
        asked = self._asked[number]
        if asked is None:
            asked = self._asked[number] = set()
        return Asked(self.programs[number], asked, self._copies[number])

    @property
    def knows_start(self) -> bool:
        """Whether it is known what is loaded for the program that is run."""
        return bool(self._loaded)

    def chain_to(self, purl: str) -> tuple[str, ...]:
        """From what is run to a file of the package; empty where none is loaded."""
        starts = {path for path, one in self._loaded.items() if not one.by}
        chain = self._chains.get(purl, ())
        self._asked_loaded |= starts | set(chain)
        return chain

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
        loaded = tuple(self._loaded[path] for path in sorted(self._asked_loaded))
        document = _Document(self.image.text, tuple(parts), loaded)
        return _bytes(document) if parts or loaded else None


class Asked:
    """One program, which remembers what it was asked for and had. copies: packages in trees of others."""

    def __init__(self, program: Program, asked: set[str], copies: tuple[str, ...]) -> None:
        self.said = program
        self._asked = asked
        self._copies = sorted(copies)

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
        return [one for one in self._copies if one.endswith(ending)]

    def vendored_below(self, module: str) -> str:
        """The first package of the module in such a copy that is linked; empty for none."""
        place = f"/vendor/{module}"
        for path in self._copies:
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
            module=one.functions.module,
        )
        for one in linked.programs
    )
    loaded = tuple(LoadedFile(one.path, one.by, one.package) for one in linked.closure.files)
    document = _Document(image.text, programs, loaded, linked.closure.missing)
    return _bytes(document) if programs or loaded else None


def parse_evidence(content: bytes) -> Evidence:
    """The document. Raises MalformedEvidence."""
    try:
        said = _decoder.decode(content)
        for program in said.programs:
            for names in program.packages.values():
                b64decode(names, validate=True)
        return Evidence(said)
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


def _chains(loaded: Mapping[str, LoadedFile]) -> dict[str, tuple[str, ...]]:
    """Package -> the way to the file of it that the fewest steps lead to, the first of equals."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(loaded):
        purl = loaded[path].package
        if purl:
            chain = _chain(loaded, path)
            known = found.get(purl)
            if chain and (known is None or len(chain) < len(known)):
                found[purl] = chain
    return found


def _chain(loaded: Mapping[str, LoadedFile], path: str) -> tuple[str, ...]:
    """From what is run to ``path``; empty where a document leads in a circle."""
    chain: list[str] = []
    while path and len(chain) <= _CHAIN_MAX:
        if path not in loaded:
            return ()
        chain.append(path)
        path = loaded[path].by
    return () if path else tuple(reversed(chain))


def _bytes(document: _Document) -> bytes:
    plain: dict[str, Json] = msgspec.to_builtins(document)
    return canonical_json({"schema": 1, **plain})
