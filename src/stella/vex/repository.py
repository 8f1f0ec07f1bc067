"""A VEX repository's index: which document speaks of which package.

Source: github.com/aquasecurity/vex-repo-spec 0.1; ``index.json`` lies beside ``vex-repository.json``.
"""

from pathlib import PurePosixPath

from stella.vex.plain import malformed, mappings, name, read_object

INDEX = "index.json"
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
