"""What the doctor asks of images: can those that run still be had, to deploy them again?"""

from collections.abc import Callable, Mapping

from stella.image.model import Reference
from stella.kernel import Digest, Outcome, Seen, StellaError
from stella.plugin.contract.registry import Registry


def images_are_there(
    images: Mapping[str, Reference], open_registry: Callable[[str], Registry]
) -> list[Seen]:
    """Each manifest is in its registry, byte for byte. images: what it is of -> by its digest."""
    found, silent = [], set[str]()
    for about, reference in images.items():
        if reference.host in silent:
            continue  # said once, and waited for once
        digest = reference.digest
        assert digest is not None, "an image that runs is known by its digest"
        try:
            raw = open_registry(reference.host).manifest(reference.repository, digest.text)
            if Digest.of(raw.content) == digest:
                continue
            detail = f"{reference.repository}@{digest.text} is another image there"
        except StellaError as refusal:
            if refusal.retry_may_help:
                fix = refusal.remedy.command or refusal.remedy.advice
                found.append(Seen(Outcome.UNKNOWN, str(refusal), fix, about))
                silent.add(reference.host)
                continue
            detail = str(refusal)
        fix = f"Push it again from where it was built: {reference.host}/{reference.repository}"
        found.append(Seen(Outcome.BLOCKED, detail, f"{fix}@{digest.text}", about))
    return found or [Seen(Outcome.PASS, f"{len(images)} images are in their registries")]
