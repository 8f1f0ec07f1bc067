"""Is a statement about this component in this image, and how exactly? Nothing is guessed by a name.

An image is named by digest, or by its repository; a component by its purl. What a statement names must
agree; what it leaves out does not matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from stella.vex.identify import Purl, read_purl
from stella.vex.model import Product, Target

_BUILT_INTO = frozenset({"golang", "cargo"})
"""Their modules lie in the program's own file: what shares it with a program is a part of that."""
_CODENAMES = {
    ("debian", "buster"): "10",
    ("debian", "bullseye"): "11",
    ("debian", "bookworm"): "12",
    ("debian", "trixie"): "13",
    ("ubuntu", "trusty"): "14.04",
    ("ubuntu", "xenial"): "16.04",
    ("ubuntu", "bionic"): "18.04",
    ("ubuntu", "focal"): "20.04",
    ("ubuntu", "jammy"): "22.04",
    ("ubuntu", "noble"): "24.04",
}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "x86": "386", "i386": "386", "i686": "386"}


@dataclass(frozen=True, slots=True)
class Part:
    """A component as far as statements can name it. source: name and version of its source package.

    files: where it lies, of which programs in one file are told.
    """

    purl: str
    source: tuple[str, str] = ("", "")
    files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ImageSubject:
    """One platform image, and everything a statement may call it by.

    digest: the platform manifest's. indexes: digests of the indexes that hold it. repositories:
    ``host/path`` where it was found. platform: "linux/amd64", or "" if unknown. links: BOM-Links
    (``urn:cdx:SERIAL/VERSION``) of its bill of materials. parts: its components by purl.
    """

    digest: str
    indexes: frozenset[str] = frozenset()
    repositories: frozenset[str] = frozenset()
    platform: str = ""
    links: frozenset[str] = frozenset()
    parts: Mapping[str, Part] = field(default_factory=dict)

    @cached_property
    def programs(self) -> dict[tuple[str, str, str], tuple[Part, ...]]:
        """Type, namespace and name -> the components so called, of the types that are programs."""
        found: dict[tuple[str, str, str], tuple[Part, ...]] = {}
        for part in self.parts.values():
            read = read_purl(part.purl)
            if read is not None and read.type in _BUILT_INTO:
                key = (read.type, read.namespace, read.name)
                found[key] = (*found.get(key, ()), part)
        return found


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """How exactly a product was meant; more is more exact. image: 3 this manifest, 2 its index,
    1 its repository, 0 not said. program: in which of its programs. version: that a version is
    named; words: how many qualifiers.
    """

    image: int = 0
    program: bool = False
    version: bool = False
    words: int = 0

    @property
    def shown(self) -> str:
        """For people: what it is that the statement is about."""
        where = {3: "in this image", 2: "in this image's index", 1: "in this repository"}
        what = "this version" if self.version else "every version"
        inside = "in this program, " if self.program else ""
        return f"{what}, {inside}{where.get(self.image, 'wherever it is')}"


def scope_of(products: Iterable[Product], image: ImageSubject, purl: str) -> Scope | None:
    """The most exact way in which one of ``products`` is the component ``purl`` of ``image``.

    None where none of them is.
    """
    part = image.parts.get(purl) or Part(purl)
    found = [scope for one in products if (scope := _scope(one, image, part)) is not None]
    return max(found, default=None)


def _scope(product: Product, image: ImageSubject, part: Part) -> Scope | None:
    at = _image_rank(product.target, image)
    inside = _best(product.subcomponents, part)
    if at:
        if not product.subcomponents:
            return Scope(at)
        return None if inside is None else Scope(at, False, *inside)
    if product.subcomponents:
        if inside is None or not _is_in_program(product.target, image, part):
            return None
        return Scope(0, True, *inside)
    itself = _best([product.target], part)
    return None if itself is None else Scope(0, False, *itself)


def _image_rank(target: Target, image: ImageSubject) -> int:
    """3, 2, 1 as ``Scope.image``; 0 where it names another image, or none.

    Where digests are named they alone count: a repository beside them does not widen it, but an
    architecture beside them does narrow it.
    """
    if image.links & set(target.others):
        return 3
    purls = [read for text in target.purls if (read := read_purl(text)) and read.type == "oci"]
    if purls and not any(_fits(one, image) for one in purls):
        return 0
    exact = [one for one in purls if one.version]
    if exact or target.digests:
        ranks = [_digest_rank(one, image) for one in target.digests]
        return max([0, *ranks, *(_oci_rank(one, image) for one in exact)])
    return min((_oci_rank(one, image) for one in purls), default=0)


def _digest_rank(digest: str, image: ImageSubject) -> int:
    if digest == image.digest:
        return 3
    return 2 if digest in image.indexes else 0


def _fits(purl: Purl, image: ImageSubject) -> bool:
    named = dict(purl.qualifiers)
    return "arch" not in named or _is_architecture(named["arch"], image.platform)


def _oci_rank(purl: Purl, image: ImageSubject) -> int:
    if not _fits(purl, image):
        return 0
    named = dict(purl.qualifiers)
    if purl.version:
        return _digest_rank(purl.version.lower(), image)
    # A tag is no identity, and a name without its repository could be anybody's.
    repository = _repository(named.get("repository_url", ""))
    if "tag" in named or not repository:
        return 0
    mine = {_repository(one) for one in image.repositories}
    is_whole = repository.rpartition("/")[2] == purl.name
    return 1 if (repository if is_whole else f"{repository}/{purl.name}") in mine else 0


@lru_cache(maxsize=4096)
def _repository(text: str) -> str:
    """``host/path`` in one spelling; the main registry of Docker has three names."""
    bare = text.removeprefix("https://").removeprefix("http://").strip("/").lower()
    host, slash, path = bare.partition("/")
    if host in {"index.docker.io", "registry-1.docker.io"}:
        host = "docker.io"
    if host == "docker.io" and path and "/" not in path:
        path = f"library/{path}"
    return f"{host}{slash}{path}"


def _is_architecture(named: str, platform: str) -> bool:
    mine = platform.split("/")[1] if platform.count("/") else ""
    return bool(mine) and _ARCHITECTURES.get(named, named) == mine


def _best(targets: Iterable[Target], part: Part) -> tuple[bool, int] | None:
    """(names a version, how many qualifiers) of the most exact target that is the component.

    Every purl of a target must agree: they are names of one thing, and the widest would win. What is
    named by a file's digest as well is that file alone, which is not known here.
    """
    found = []
    for target in targets:
        if target.digests:
            continue
        agree = [_same_component(read_purl(text), part) for text in target.purls]
        if agree and None not in agree:
            found.append(max(one for one in agree if one is not None))
    return max(found, default=None)


def _same_component(said: Purl | None, part: Part) -> tuple[bool, int] | None:
    mine = read_purl(part.purl)
    if said is None or mine is None or (said.type, said.namespace) != (mine.type, mine.namespace):
        return None
    named, own = dict(said.qualifiers), dict(mine.qualifiers)
    name, version = mine.name, mine.version
    if named.get("arch") in {"source", "src"} and mine.type in {"deb", "rpm"}:
        # Distributions speak of source packages so.
        del named["arch"]
        name, version = part.source
    if mine.type == "golang":  # written with and without it
        version = version.removeprefix("v")
    wanted = said.version.removeprefix("v") if mine.type == "golang" else said.version
    if said.name != name or wanted not in {"", version}:
        return None
    if any(not _agrees(key, value, own, mine) for key, value in named.items()):
        return None
    return bool(said.version), len(said.qualifiers)


def _agrees(key: str, value: str, own: Mapping[str, str], mine: Purl) -> bool:
    if key == "epoch":
        return own.get("epoch", "0") == value
    if key == "distro":
        return _distro(value, mine.namespace) == _distro(own.get("distro", ""), mine.namespace)
    return own.get(key) == value


def _distro(value: str, system: str) -> str:
    """``debian-12``, ``bookworm`` and ``12`` are one."""
    number = value.removeprefix(f"{system}-")
    return _CODENAMES.get((system, number), number)


def _is_in_program(target: Target, image: ImageSubject, part: Part) -> bool:
    """Whether a program that ``target`` names is in the image, and ``part`` nowhere but in it."""
    if not part.files:
        return False
    mine = read_purl(part.purl)
    files: set[str] = set()
    for text in target.purls:
        said = read_purl(text)
        if said is None or mine is None or said.type not in _BUILT_INTO or said.type != mine.type:
            continue
        for program in image.programs.get((said.type, said.namespace, said.name), ()):
            if _same_component(said, program) is not None:
                files |= program.files
    return part.files <= files
