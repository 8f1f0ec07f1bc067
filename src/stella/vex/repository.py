"""A VEX repository's index: which document speaks of which package.

Source: github.com/aquasecurity/vex-repo-spec 0.1; ``index.json`` lies beside ``vex-repository.json``.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from stella.kernel import Json, canonical_json
from stella.vex.identify import read_purl
from stella.vex.plain import malformed, mappings, name, read_object

INDEX = "index.json"
ABOUT = "vex-repository.json"
PACKAGES_MAX = 100_000


def locations(index: bytes) -> dict[str, str]:
    """Where each document lies below the repository, and of which package (purl) it speaks.

    Raises MalformedVex for an index that is none, or that leads out of the repository.
    """
    found: dict[str, str] = {}
    for place, one in mappings(read_object(index).get("packages")):
        location, package = name(one.get("location")), name(one.get("id"))
        path = PurePosixPath(location)
        if not location or path.is_absolute() or ".." in path.parts:
            raise malformed(f"{INDEX}: packages[{place}] leads to no place in the repository")
        found[str(path)] = package
        if len(found) > PACKAGES_MAX:
            raise malformed(f"{INDEX} lists more than {PACKAGES_MAX} documents")
    if not found:
        raise malformed(f"{INDEX} lists no documents")
    return found


def place_of(purl: str) -> tuple[str, str] | None:
    """What the package of ``purl`` is called in an index, and where its document lies.

    None where it cannot be listed: no purl, or an image without its repository. A version is no part of it.
    """
    read = read_purl(purl)
    if read is None:
        return None
    if read.type == "oci":
        repository = dict(read.qualifiers).get("repository_url", "").lower()
        path, package = f"oci/{repository}", f"pkg:oci/{read.name}?repository_url={repository}"
        if not repository:
            return None
    else:
        path = "/".join(part for part in (read.type, read.namespace, read.name) if part)
        package = f"pkg:{path}"
    location = PurePosixPath("pkg", path, "openvex.json")
    if not path.isprintable() or any(part in {"", ".", ".."} for part in path.split("/")):
        return None
    return package, str(location)


def index_bytes(before: bytes | None, added: Mapping[str, str], at: str) -> bytes:
    """The index with ``added`` (package -> location) in it. at: RFC 3339, of the change.

    Raises MalformedVex for an index ``before`` that is none.
    """
    known = {package: location for location, package in locations(before).items()} if before else {}
    packages: list[Json] = [
        {"id": package, "location": location}
        for package, location in sorted({**known, **added}.items())
    ]
    return canonical_json({"updated_at": at, "packages": packages})


def about_bytes(name: str) -> bytes:
    """The ``vex-repository.json`` of a new repository, which its publisher completes with an address."""
    version: Json = {"spec_version": "0.1", "locations": [], "update_interval": "24h"}
    return canonical_json({"name": name, "description": "", "versions": [version]})
