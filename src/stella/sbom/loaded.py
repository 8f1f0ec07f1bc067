"""Entry point -> every library that the dynamic linker loads for it. Nothing is executed.

What a program opens by itself later (dlopen), or runs, is not among them: who is not in the list may
still be loaded. Source: ld.so(8), and musl's ldso/dynlink.c.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stella.sbom.catalogue import Catalogue, owners_of
from stella.sbom.entry.resolve import paths_of
from stella.sbom.facts import ElfLinks, LayerFacts, LoaderPaths
from stella.sbom.rootfs import resolved
from stella.sbom.stack import Stack
from stella.sbom.traits import EntryPoint

_FILES_MAX = 2_000
_CHAIN_MAX = 40
_PLACES_MAX = 200_000
_MISSING_MAX = 1_000
_VARIABLES_MAX = 4
_DEFAULTS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32")
_MUSL_DEFAULTS = ("/lib", "/usr/local/lib", "/usr/lib")
_MUSL = "/ld-musl-"


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file. by: path of the file that asks for it, empty for what is run. package: purl, or empty."""

    path: str
    by: str
    package: str


@dataclass(frozen=True, slots=True)
class Closure:
    """What is loaded, in order of path. missing: names that were not found, sorted."""

    files: tuple[Loaded, ...]
    missing: tuple[str, ...]


NOTHING = Closure((), ())


def closure_of(
    layers: Sequence[LayerFacts],
    found: Catalogue,
    entry: EntryPoint | None,
    environment: Sequence[str],
) -> Closure:
    """What is loaded for ``entry`` of the image made of ``layers``, bottom first."""
    starts = sorted(paths_of(entry)) if entry else []
    search = _Search(layers, found, environment)
    for start in starts:
        search.begin(start)
    search.walk()
    owners = owners_of(found, {path.lstrip("/") for path in search.by})
    files = [
        Loaded(path, by, owners.get(path.lstrip("/"), "")) for path, by in sorted(search.by.items())
    ]
    return Closure(tuple(files), tuple(sorted(search.missing)))


class _Search:
    def __init__(
        self, layers: Sequence[LayerFacts], found: Catalogue, environment: Sequence[str]
    ) -> None:
        self._stack = Stack(layers)
        self._layers = layers
        self._configured = _configured(found)
        self._environment = _library_path(environment)
        self._waiting: deque[str] = deque()
        self._links: dict[str, ElfLinks] = {}
        self._left = _PLACES_MAX
        self.by: dict[str, str] = {}
        self.missing: set[str] = set()

    def begin(self, path: str) -> None:
        """What is run: a program, or a script of which only the file counts."""
        lies = self._stack.find(path.lstrip("/"))
        if lies is not None:
            self._take(lies.path, lies.layer, "")

    def walk(self) -> None:
        """Follow what each file asks for, in the order of the dynamic linker."""
        while self._waiting and len(self.by) < _FILES_MAX and self._left > 0:
            path = self._waiting.popleft()
            links = self._links[path]
            if links.interpreter:
                self._want(links.interpreter, path, links, "")
            loader = self._loader(path)
            for name in links.needed:
                self._want(name, path, links, loader)

    def _want(self, name: str, by: str, links: ElfLinks, loader: str) -> None:
        for place in self._places(name, by, links, loader):
            self._left -= 1
            if self._left < 0:
                return  # not looked for to the end: nobody can say that it is missing
            lies = self._stack.find(place.lstrip("/"))
            if lies is None:
                continue
            asked = self._layers[lies.layer].linked.get(lies.path)
            if asked is None and not name.startswith("/"):
                continue
            if asked is None or asked.kind == links.kind:
                self._take(lies.path, lies.layer, by)
                return
        if len(self.missing) < _MISSING_MAX:
            self.missing.add(name)

    def _take(self, path: str, layer: int, by: str) -> None:
        whole = f"/{path}"
        if whole in self.by:
            return
        self.by[whole] = by
        links = self._layers[layer].linked.get(path)
        if links is not None:
            self._links[whole] = links
            self._waiting.append(whole)

    def _loader(self, path: str) -> str:
        """The dynamic linker that the program was begun with."""
        for one in self._chain(path):
            if self._links[one].interpreter:
                return self._links[one].interpreter
        return ""

    def _chain(self, path: str) -> Iterator[str]:
        """From the file to the program that is run."""
        for _ in range(_CHAIN_MAX):
            if not path:
                return
            yield path
            path = self.by[path]

    def _places(self, name: str, by: str, links: ElfLinks, loader: str) -> Iterator[str]:
        if "/" in name:
            yield name
            return
        is_musl = _MUSL in loader
        searched: list[tuple[str, str]] = []
        if is_musl:
            searched += [("", one) for one in self._environment]
            for one in self._chain(by):
                paths = self._links[one].runpath or self._links[one].rpath
                searched += [(one, path) for path in paths]
        else:
            if not links.runpath:
                searched += [(one, path) for one in self._chain(by) for path in self._rpath_of(one)]
            searched += [("", one) for one in self._environment]
            searched += [(by, path) for path in links.runpath]
        configured = self._configured[is_musl]
        if is_musl:
            searched += [("", one) for one in configured or _MUSL_DEFAULTS]
        else:
            searched += [("", one) for one in (*configured, *_DEFAULTS)]
        for origin, path in searched:
            for place in _expanded(path, origin):
                yield f"{place.rstrip('/')}/{name}"

    def _rpath_of(self, path: str) -> tuple[str, ...]:
        links = self._links[path]
        return () if links.runpath else links.rpath


def _expanded(path: str, origin: str) -> Iterator[str]:
    """``$ORIGIN`` and ``$LIB`` of a search path; what holds another variable is no place."""
    if path.count("$") > _VARIABLES_MAX:
        return
    folder = origin.rpartition("/")[0]
    for word in ("ORIGIN", "{ORIGIN}"):
        path = path.replace(f"${word}", folder)
    for library in ("lib", "lib64") if "$LIB" in path or "${LIB}" in path else ("",):
        place = path.replace("${LIB}", library).replace("$LIB", library)
        if place.startswith("/") and "$" not in place:
            yield _normal(place)


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def _configured(found: Catalogue) -> Mapping[bool, Collection[str]]:
    """The directories that the image's files name: for glibc's linker, and for musl's."""
    listed: dict[bool, dict[str, None]] = {False: {}, True: {}}
    for path in sorted(found.files):
        if path.startswith("etc/ld"):
            seen = resolved(found.files, path)
            if seen and isinstance(seen.facts, LoaderPaths):
                listed[path.startswith("etc/ld-musl-")].update(dict.fromkeys(seen.facts.paths))
    return listed


def _library_path(environment: Sequence[str]) -> tuple[str, ...]:
    for text in environment:
        name, _, value = text.partition("=")
        if name == "LD_LIBRARY_PATH":
            return tuple(one for one in value.replace(";", ":").split(":") if one)[:64]
    return ()
