"""A registry reports a push: note what the tag names now, so that drift from it can be shown."""

from stella.image import Reference
from stella.kernel import Digest
from stella.record.transaction import Tx
from stella.release.facts import ImagePushed
from stella.release.model import Release
from stella.release.store import TagSeen, see_tag, tag_names


def note_push(tx: Tx, *, host: str, repository: str, tag: str, digest: Digest) -> Reference:
    """Note that ``tag`` names ``digest`` now; the image by digest."""
    name = f"{host}/{repository}"
    before = see_tag(tx, name, tag, digest.text)
    reference = Reference(host, repository, None, digest)
    tx.add(ImagePushed(str(reference), name, tag, digest.text, before))
    return reference


def tag_drift(tx: Tx, release: Release) -> dict[str, TagSeen]:
    """Component -> what its tag names now, where that is no longer what was sealed."""
    drifted = {}
    for one in release.components:
        seen = tag_names(tx, f"{one.host}/{one.repository}", one.tag) if one.tag else None
        if seen is not None and seen.digest != one.digest:
            drifted[one.name] = seen
    return drifted
