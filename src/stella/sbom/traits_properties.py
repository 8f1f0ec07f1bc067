"""Traits -> properties of a bill of materials' subject, one JSON value each."""

from collections.abc import Iterator

import msgspec

from stella.sbom.traits import Traits

PREFIX = "stella:image:"


def trait_properties(traits: Traits | None) -> Iterator[tuple[str, str]]:
    """Name and value of each; none at all where nobody has looked."""
    if traits is None:
        return
    yield f"{PREFIX}user", _text(traits.user)
    for name, one in (("entry", traits.entry), ("base", traits.base)):
        if one is not None:
            yield f"{PREFIX}{name}", _text(one)
    if traits.provenance_unknown:
        yield f"{PREFIX}provenance-unknown", traits.provenance_unknown
    if traits.distro:
        yield f"{PREFIX}distro", traits.distro
    for layer in traits.layers:
        yield f"{PREFIX}layer", layer
    for name, several in (
        ("privileged", traits.privileged),
        ("secret", traits.secrets),
        ("provenance", traits.provenance),
    ):
        for item in several:
            yield f"{PREFIX}{name}", _text(item)


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
