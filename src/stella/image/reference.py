"""Image references: ``host/repository[:tag][@digest]``."""

import re

from stella.image.errors import MalformedReference
from stella.image.model import Reference
from stella.kernel import Digest, MalformedDigest, Remedy

_REFERENCE_CHARACTERS_MAX = 1024
_HOST_CHARACTERS_MAX = 255
_REPOSITORY_CHARACTERS_MAX = 255

# Grammar: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*\Z")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?\Z")


def parse_reference(text: str) -> Reference:
    """The reference that ``text`` names; without tag and digest the tag is ``latest``.

    The host must be written out: with several registries in play a default host is a guess.
    Raises MalformedReference.
    """
    if not text or len(text) > _REFERENCE_CHARACTERS_MAX or not text.isprintable() or " " in text:
        raise _malformed(text, "it is empty, too long or holds characters that no reference has")
    rest, at, digest_text = text.partition("@")
    digest = _digest(text, digest_text) if at else None
    host, slash, path = rest.partition("/")
    if not slash or not _is_host(host):
        raise MalformedReference(
            f"the reference does not name its registry: {text[:120]!r}",
            remedy=Remedy(
                "Write the registry's host first, such as docker.io/library/"
                f"{rest[:60]} or 127.0.0.1:5000/{rest[:60]}."
            ),
            reference=text[:200],
        )
    repository, colon, tag_text = path.partition(":")
    if len(host) > _HOST_CHARACTERS_MAX or not _HOST.match(host):
        raise _malformed(text, f"{host[:80]!r} is no host name")
    if len(repository) > _REPOSITORY_CHARACTERS_MAX or not _REPOSITORY.match(repository):
        raise _malformed(text, f"{repository[:80]!r} is no repository (lower case, a/b-c.d)")
    if colon and not _TAG.match(tag_text):
        raise _malformed(text, f"{tag_text[:80]!r} is no tag")
    tag = tag_text if colon else (None if digest else "latest")
    return Reference(host, repository, tag, digest)


def _is_host(part: str) -> bool:
    """Docker's rule: the first part is a host if it has a dot or a port, or is ``localhost``."""
    return "." in part or ":" in part or part == "localhost"


def _digest(text: str, digest_text: str) -> Digest:
    try:
        return Digest(digest_text)
    except MalformedDigest:
        raise _malformed(text, f"{digest_text[:80]!r} is no sha256 digest") from None


def _malformed(text: str, why: str) -> MalformedReference:
    return MalformedReference(
        f"not an image reference: {text[:120]!r}: {why}",
        remedy=Remedy("Write host/repository:tag or host/repository@sha256:..."),
        reference=text[:200],
    )
