"""What is in an image: components, each with where it was read from."""

from dataclasses import dataclass, field

from stella.kernel import Digest
from stella.sbom.traits import Traits


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One place a component was seen. path: absolute in the image. layer: the diff id that brought it."""

    path: str
    layer: Digest | None
    layer_index: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Component:
    """One installed package.

    type: purl type ("deb", "pypi", "npm"). is_declared: a lock file asks for it, and nothing was
        found that is it, installed. source_name, source_version: of the distribution's
        source package, equal to name and version where it has none (Debian advisories match these).
    distro: "debian-12" for OS packages, "" otherwise; the advisory ecosystem follows from it.
    evidence: the database or metadata file it was read from ("/var/lib/dpkg/status").
    """

    purl: str
    type: str
    name: str
    version: str
    source_name: str
    source_version: str
    distro: str = ""
    licence: str = ""
    evidence: str = ""
    occurrences: tuple[Occurrence, ...] = ()
    is_declared: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Partial:
    """Something that could not be read. Reported, never a silent miss."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything found in one platform image (or directory). Components sorted, without duplicates.

    subject: the platform manifest's digest, or of the directory's listing. entrypoint: ENTRYPOINT + CMD.
    traits: None where nobody has looked: of directories, and of documents that do not say.
    """

    subject: Digest
    name: str
    platform: str
    distro: str
    components: tuple[Component, ...]
    partial: tuple[Partial, ...] = ()
    entrypoint: tuple[str, ...] = ()
    user: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    traits: Traits | None = None
