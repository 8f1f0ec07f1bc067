"""What the attestations that a build left say of it: who built it, from which commit, which images.

Read, not verified: it is the word of the build server. Source: slsa.dev/spec/v1.0/provenance and v0.2,
in-toto.io/Statement/v1, in a DSSE envelope, a Sigstore bundle, or as it is; one a line, where there are more.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from stella.sdk import Ci, Json, NotSupported, StellaError

_STATEMENTS_MAX = 10
_IMAGES_MAX = 100
_DEPENDENCIES_MAX = 50
_LETTERS_MAX = 200
_SLSA = "https://slsa.dev/provenance/"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def provenance_of(ci: Ci, pipeline: str, build_id: str) -> dict[str, Json]:
    """``provenance``: a list of what was said; ``provenanceUnknown``: why there is none, or may be more.

    It raises nothing: a build that succeeded has succeeded, whatever can be learned of it.
    """
    try:
        attestations = ci.provenance(pipeline, build_id)
    except NotSupported:
        return {"provenanceUnknown": "this build server keeps no attestations"}
    except StellaError as refusal:
        return {"provenanceUnknown": f"it cannot be fetched ({refusal.code})"}
    if not attestations:
        return {"provenanceUnknown": "the build left no attestation"}
    return said_by(attestations)


def said_by(attestations: Sequence[bytes]) -> dict[str, Json]:
    """The same, of attestations that were fetched. Never empty."""
    said: list[Json] = []
    images, strange, is_more = 0, 0, False
    for statement in (one for content in attestations for one in _statements(content)):
        read = None if statement is None else _read(statement)
        if read is None:
            strange += 1
            continue
        found = list(_images(statement or {}))
        shown = found[: _IMAGES_MAX - images]
        is_more |= len(shown) < len(found) or len(said) == _STATEMENTS_MAX
        images += len(shown)
        if len(said) < _STATEMENTS_MAX:
            said.append({**read, "images": list(dict.fromkeys(shown))})
    unknown = []
    if strange:
        unknown.append(f"{strange} of its attestations say nothing of a build that can be read")
    if is_more:
        unknown.append("it says more than is kept")
    return {
        **({"provenance": said} if said else {}),
        **({"provenanceUnknown": "; ".join(unknown)} if unknown or not said else {}),
    }


def _statements(content: bytes) -> Iterator[Mapping[str, object] | None]:
    """Those of one file; None for what is none."""
    whole = _json(content)
    if whole is not None:
        yield _statement(whole)
        return
    lines = [line for line in content.splitlines() if line.strip()]
    if len(lines) < 2:
        yield None
        return
    for line in lines[: 10 * _STATEMENTS_MAX]:
        yield _statement(_json(line))


def _statement(document: object) -> Mapping[str, object] | None:
    envelope = _at(document, "dsseEnvelope") or document
    payload = _at(envelope, "payload")
    if isinstance(payload, str):
        try:
            document = _json(base64.b64decode(payload, validate=True))
        except (binascii.Error, ValueError):
            return None
    return document if isinstance(document, dict) else None


def _read(statement: Mapping[str, object]) -> dict[str, Json] | None:
    """Builder and commit; None for what is no provenance."""
    kind, predicate = statement.get("predicateType"), statement.get("predicate")
    if not isinstance(kind, str) or not kind.startswith(_SLSA) or not isinstance(predicate, dict):
        return None
    if kind.startswith(f"{_SLSA}v0"):
        builder = _at(predicate, "builder", "id")
        sources = [_at(predicate, "invocation", "configSource"), *_list(predicate, "materials")]
    else:
        builder = _at(predicate, "runDetails", "builder", "id")
        sources = _list(predicate, "buildDefinition", "resolvedDependencies")
    return {"builder": _address(builder), "commit": _commit(sources)}


def _commit(sources: list[object]) -> str:
    for one in sources[:_DEPENDENCIES_MAX]:
        for name in ("gitCommit", "sha1"):
            found = _at(one, "digest", name)
            if isinstance(found, str) and _COMMIT.match(found):
                return found
    return ""


def _images(statement: Mapping[str, object]) -> Iterator[str]:
    """Its subjects: ``NAME@sha256:...``, or the digest alone where it has no name."""
    for one in _list(statement, "subject"):
        digest = _at(one, "digest", "sha256")
        if isinstance(digest, str) and _SHA256.match(digest):
            name = _address(_at(one, "name"))
            yield f"{name}@sha256:{digest}" if name else f"sha256:{digest}"


def _address(value: object) -> str:
    """A name or URL that can be shown, without who logs in there and what is asked there."""
    text = value if isinstance(value, str) and value.isprintable() else ""
    if "://" in text:
        try:
            parts = urlsplit(text)
        except ValueError:
            return ""
        place = parts.netloc.rpartition("@")[2]
        text = urlunsplit(parts._replace(netloc=place, query="", fragment=""))
    return text[:_LETTERS_MAX]


def _list(value: object, *names: str) -> list[object]:
    found = _at(value, *names)
    return found if isinstance(found, list) else []


def _at(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
