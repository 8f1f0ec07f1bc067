"""One layer -> its facts, in one pass, with nothing written anywhere."""

from collections.abc import Iterable

from stella.kernel import Digest
from stella.sbom.facts import LayerFacts
from stella.sbom.inflate import PlainLayer
from stella.sbom.layer_pass import LayerPass
from stella.sbom.limits import DEFAULT_LIMITS, Limits
from stella.sbom.refusals import broken
from stella.sbom.tar import Reader


def read_layer(
    chunks: Iterable[bytes], *, digest: Digest, diff_id: Digest, limits: Limits = DEFAULT_LIMITS
) -> LayerFacts:
    """The facts of the layer whose compressed bytes are ``chunks``, both digests verified.

    Raises BrokenLayer (cut off, no archive, other digest), LayerTooLarge (bomb), UnsupportedLayer.
    """
    with PlainLayer(chunks, limits) as plain:
        reader = Reader(iter(plain), limits)
        pass_ = LayerPass(reader, limits)
        for entry in reader:
            pass_.take(entry)
    if plain.digest != digest:
        raise broken(f"its digest is {plain.digest}, the manifest promises {digest}")
    if plain.diff_id != diff_id:
        raise broken(f"its diff id is {plain.diff_id}, the configuration promises {diff_id}")
    return LayerFacts(
        digest=digest.text,
        diff_id=diff_id.text,
        compressed_bytes=plain.compressed_bytes,
        plain_bytes=plain.plain_bytes,
        entries=reader.entries,
        files=dict(sorted(pass_.files.items())),
        removed=tuple(sorted(pass_.removed)),
        opaque=tuple(sorted(pass_.opaque)),
        replaced=tuple(sorted(pass_.replaced)),
        partial=pass_.oddities(),
        programs=dict(sorted(pass_.programs.items())),
        sources=tuple(sorted(pass_.sources)),
        links=dict(sorted(pass_.links.items())),
        privileged=dict(sorted(pass_.privileged.items())),
        secrets=tuple(sorted(pass_.secrets)),
        linked=dict(sorted(pass_.linked.items())),
        libraries=tuple(sorted(pass_.libraries)),
    )
