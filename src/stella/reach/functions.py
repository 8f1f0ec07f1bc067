"""Is a vulnerable function linked into a program in Go?

Linked reads as reachable: whatever calls it, the linker saw a way there. What is not linked cannot be
run, which is the one proof of "unreachable" there is here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stella.advisory import Import, Record
from stella.reach.evidence import Asked, Evidence
from stella.reach.model import Method, Reach, Reached, ReachWhy
from stella.sbom import Component
from stella.sbom.ecosystem.go_functions import asked_names, is_linked

_LISTED_MAX = 20
_LIBRARY = "stdlib"
_NO_MAIN = frozenset({"", "command-line-arguments"})
"""What a program that was built from single files calls its package: it can be any."""
_ALSO = {"android": "linux", "illumos": "solaris", "ios": "darwin"}
"""GOOS -> another one whose files are built for it as well. Source: Go's go/build, Context.matchTag."""


@dataclass(frozen=True, slots=True)
class _Said:
    """Of one program."""

    reach: Reach
    reason: str
    path: str = ""
    symbols: tuple[str, ...] = ()


def functions_reach(evidence: Evidence, component: Component, record: Record) -> Reached:
    """Whether what ``record`` names is linked into a program that ``component`` is in.

    Reachable where one program has it, unreachable where every place of the component is a program
    that is known not to.
    """
    places = [place.path for place in component.occurrences]
    said = [_of_place(evidence, path, component.name, record) for path in places]
    if not said:
        return _answer([_Said(Reach.UNKNOWN, "no program is known that it is in")])
    for reach in (Reach.REACHABLE, Reach.UNKNOWN):
        if some := [one for one in said if one.reach is reach]:
            return _answer(some)
    return _answer(said)


def _answer(said: list[_Said]) -> Reached:
    symbols = sorted({symbol for one in said for symbol in one.symbols})
    why = ReachWhy(
        Method.GO_FUNCTIONS,
        reason="; ".join(dict.fromkeys(one.reason for one in said))[:1000],
        files=tuple(dict.fromkeys(one.path for one in said if one.path))[:_LISTED_MAX],
        symbols=tuple(symbols[:_LISTED_MAX]),
    )
    return Reached(said[0].reach, why)


def _of_place(evidence: Evidence, path: str, module: str, record: Record) -> _Said:
    program = evidence.program(path)
    if program is None:
        return _Said(Reach.UNKNOWN, "it is named by a file that is no program", path)
    if record.imports is None:
        return _Said(
            Reach.UNKNOWN, "the snapshot was made before advisories' functions were kept", path
        )
    said = _named(program, module, record.imports) if record.imports else _all_of(program, module)
    if said.reach is Reach.UNREACHABLE and program.said.unread:
        reason = f"no function of it was found, but {program.said.unread}"
        return _Said(Reach.UNKNOWN, reason, path)
    return _Said(said.reach, said.reason, path, said.symbols)


def _all_of(program: Asked, module: str) -> _Said:
    """What names no functions means all of the module: whether any of its packages is linked."""
    if module == _LIBRARY:
        return _Said(
            Reach.REACHABLE, "the advisory names no functions, and Go's own library is linked"
        )
    for name in _names_of(program, module):
        first = program.first_below(name) or program.vendored_below(name)
        if first:
            return _linked_package(first)
    if _is_below(program.said.main, module):
        return _linked_package(program.said.main)
    if _may_be_main(program, module):
        return _Said(Reach.UNKNOWN, _UNNAMED)
    return _Said(Reach.UNREACHABLE, "no function of the module is linked")


_UNNAMED = "no function of it was found, but the program does not say which package is its own"


def _linked_package(path: str) -> _Said:
    return _Said(
        Reach.REACHABLE, f"the advisory names no functions, and the package {path} is linked"
    )


def _named(program: Asked, module: str, imports: tuple[Import, ...]) -> _Said:
    found: list[str] = []
    odd: list[str] = []
    whole = elsewhere = linked = asked = 0
    for one in imports:
        if not _is_for(program, one):
            elsewhere += 1
            continue
        asked += len(one.symbols)
        held = [kept for kept in _functions_of(program, module, one.path) if kept is not None]
        linked += bool(held)
        whole += bool(held) and not one.symbols
        found += [
            f"{one.path}.{symbol}"
            for symbol in one.symbols
            if any(is_linked(kept, name) for kept in held for name in asked_names(symbol))
        ]
        odd += [symbol for symbol in one.symbols if held and not asked_names(symbol)]
    if found:
        number = f"{len(found)} of {asked} vulnerable functions"
        return _Said(Reach.REACHABLE, f"{number} linked", symbols=tuple(found))
    if whole:
        return _Said(Reach.REACHABLE, "a package that is vulnerable as a whole is linked")
    if odd:
        return _Said(Reach.UNKNOWN, f"{odd[0][:80]!r} of the advisory is no name of a function")
    if elsewhere < len(imports) and _may_be_main(program, module):
        return _Said(Reach.UNKNOWN, _UNNAMED)
    if elsewhere == len(imports):
        reason = "it is only in builds for another system or architecture"
    elif linked:
        reason = f"none of {asked} vulnerable functions is linked"
    else:
        reason = "no vulnerable package is linked"
    return _Said(Reach.UNREACHABLE, reason)


def _may_be_main(program: Asked, module: str) -> bool:
    """Whether a package of the module may be the one that is called ``main`` within."""
    said = program.said
    return said.main in _NO_MAIN and module != _LIBRARY and said.module in {"", module}


def _is_for(program: Asked, one: Import) -> bool:
    """Whether it is built for the program's system; one that is not known may be any."""
    said = program.said
    systems = {said.system, _ALSO.get(said.system, said.system)}
    return (not one.systems or not said.system or not systems.isdisjoint(one.systems)) and (
        not one.architectures or not said.architecture or said.architecture in one.architectures
    )


def _functions_of(program: Asked, module: str, path: str) -> Iterator[bytes | None]:
    """The functions of the package under each name that it can be linked by."""
    if module == _LIBRARY:
        # What Go's library holds of others' is called so.
        yield program.functions(path)
        yield program.functions(f"vendor/{path}")
        if path == program.said.main:
            yield program.functions("main")
        return
    for name in _names_of(program, path):
        yield program.functions(name)
        if name == program.said.main:
            yield program.functions("main")
        for vendored in program.vendored(name):
            yield program.functions(vendored)


def _names_of(program: Asked, path: str) -> Iterator[str]:
    """The path itself, and what it is called where its module replaces another one."""
    yield path
    for module, names in program.said.replaced.items():
        if _is_below(path, module):
            for name in names:
                yield name + path[len(module) :]


def _is_below(path: str, module: str) -> bool:
    return path == module or path.startswith(f"{module}/")
