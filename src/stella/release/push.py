"""A registry reports a push: note what the tag names now, so that drift from it can be shown."""

from datetime import datetime

from stella.finding.scan import request_scan
from stella.image import Reference
from stella.kernel import Digest, time_text
from stella.record.transaction import Tx
from stella.release.facts import ImagePushed
from stella.release.model import Release
from stella.release.store import TagSeen, see_tag, tag_names


def note_push(
    tx: Tx, *, host: str, repository: str, tag: str, digest: Digest, at: str | None = None
) -> Reference:
    """Note that ``tag`` names ``digest``, since ``at`` or now; the image by digest."""
    name = f"{host}/{repository}"
    before = see_tag(tx, name, tag, digest.text, at)
    reference = Reference(host, repository, None, digest)
    tx.add(ImagePushed(str(reference), name, tag, digest.text, before))
    return reference


def take_push(tx: Tx, image: Reference, pushed_at: datetime | None = None) -> Reference | None:
    """Note the push of ``image``, which has tag and digest, and scan it; the image by digest.

    pushed_at: when it was, as its registry says; None where it says nothing. None is given back for a
    push that a later one has overtaken on the way: the tag names something else since.
    """
    assert image.tag is not None, image
    assert image.digest is not None, image
    at = tx.now if pushed_at is None else min(pushed_at, tx.now)
    known = tag_names(tx, f"{image.host}/{image.repository}", image.tag)
    if known is not None and pushed_at is not None and time_text(at) < known.at:
        return None
    named = note_push(
        tx,
        host=image.host,
        repository=image.repository,
        tag=image.tag,
        digest=image.digest,
        at=time_text(at),
    )
    request_scan(tx, str(named), "push")
    return named


def tag_drift(tx: Tx, release: Release) -> dict[str, TagSeen]:
    """Component -> what its tag names now, where that is no longer what was sealed."""
    drifted = {}
    for one in release.components:
        seen = tag_names(tx, f"{one.host}/{one.repository}", one.tag) if one.tag else None
        if seen is not None and seen.digest != one.digest:
            drifted[one.name] = seen
    return drifted
