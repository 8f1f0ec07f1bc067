"""Declarative documents -> followed repositories. What is wrong with one is said all at once."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from stella.environment.document import malformed, read_spec
from stella.environment.followed.files import pattern_faults
from stella.environment.followed.model import KIND, Followed
from stella.kernel import Json
from stella.kernel.names import NAME

_FILES_MAX = 200
_CHARACTERS_MAX = 255
_BRANCH = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*\Z")
_NAME_MAX = 60


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    integration: str
    repository: str
    files: tuple[str, ...]
    branch: str = "HEAD"
    kinds: tuple[str, ...] = ()
    prune: bool = True
    signed: bool = msgspec.field(default=False, name="signedCommits")


def parse_followed(name: str, spec: Mapping[str, Json], beside: frozenset[str]) -> Followed:
    """beside: the kinds that ``kinds`` may name. Raises MalformedDocument with every reason."""
    read = read_spec(KIND, name, spec, _Spec)
    if reasons := [*_faults(name, read, beside)]:
        raise malformed(KIND, name, "; ".join(reasons[:20]))
    return Followed(
        name,
        read.integration,
        read.repository,
        read.branch,
        read.files,
        tuple(sorted(set(read.kinds))),
        read.prune,
        read.signed,
    )


def _faults(name: str, read: _Spec, beside: frozenset[str]) -> Iterator[str]:
    if len(name) > _NAME_MAX:
        yield f"its name has more than {_NAME_MAX} letters"
    if not NAME.match(read.integration):
        yield "spec.integration names no integration"
    if not 0 < len(read.repository) <= _CHARACTERS_MAX:
        yield f"spec.repository is a path of 1 to {_CHARACTERS_MAX} characters"
    if len(read.branch) > _CHARACTERS_MAX or not _BRANCH.match(read.branch):
        yield "spec.branch names no branch and no tag"
    yield from _file_faults(read.files)
    for kind in read.kinds:
        if kind not in beside:
            yield f"spec.kinds: {kind[:40]!r} is none of {', '.join(sorted(beside))}"


def _file_faults(files: tuple[str, ...]) -> Iterator[str]:
    if not 0 < len(files) <= _FILES_MAX:
        yield f"spec.files are 1 to {_FILES_MAX} paths, folders or patterns"
    if len(set(files)) < len(files):
        yield "spec.files names one twice"
    for path in files:
        parts = path.removesuffix("/").split("/")
        if len(path) > _CHARACTERS_MAX or not all(parts) or {".", ".."} & set(parts):
            yield f"spec.files: {path[:80]!r} is no path within a repository"
        else:
            yield from (f"spec.files: {why}" for why in pattern_faults(path))
