"""Catalogue of an image -> what its programs are linked of: what a question about reachability needs."""

from dataclasses import dataclass

import msgspec

from stella.sbom.catalogue import Catalogue
from stella.sbom.facts import GoFunctions, LanguagePackages
from stella.sbom.loaded import NOTHING, Closure
from stella.sbom.rootfs import resolved

_encoder = msgspec.msgpack.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class LinkedProgram:
    """One program in Go. paths: absolute in the image, sorted; several where links lead to it."""

    paths: tuple[str, ...]
    functions: GoFunctions


@dataclass(frozen=True, slots=True)
class Linked:
    """What the programs of one image are linked of. programs: in order of their first path.

    closure: what is loaded for the one that is run; empty where that is not known.
    """

    programs: tuple[LinkedProgram, ...] = ()
    closure: Closure = NOTHING


def linked_in(found: Catalogue, closure: Closure) -> Linked:
    """What is linked in the image that ``found`` is the catalogue of."""
    by_file: dict[bytes, tuple[GoFunctions, list[str]]] = {}
    for path in sorted(found.files):
        seen = resolved(found.files, path)
        if seen and isinstance(seen.facts, LanguagePackages) and seen.facts.functions is not None:
            functions = seen.facts.functions
            # By what it says, for links and copies are one program whether just read or kept.
            said = _encoder.encode(functions)
            by_file.setdefault(said, (functions, []))[1].append(f"/{path}")
    programs = [LinkedProgram(tuple(paths), functions) for functions, paths in by_file.values()]
    return Linked(tuple(sorted(programs, key=lambda one: one.paths)), closure)
