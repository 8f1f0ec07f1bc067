"""What the doctor asks of bills of materials: is each that findings rest on kept, byte for byte?"""

from collections.abc import Callable, Mapping

from stella.kernel import Digest, Outcome, Seen, StellaError


def sboms_are_kept(
    sboms: Mapping[str, tuple[Digest, str]], read: Callable[[Digest], bytes]
) -> list[Seen]:
    """Each is there and unchanged. sboms: what it is of -> its digest, and the image that was scanned.

    read: a blob by its digest, verified.
    """
    found = []
    for about, (digest, image) in sboms.items():
        try:
            read(digest)
        except StellaError as refusal:
            found.append(
                Seen(
                    Outcome.BLOCKED,
                    f"{digest.text}: {refusal}",
                    f"stella scan {image} --upload",
                    about,
                )
            )
    return found or [Seen(Outcome.PASS, f"{len(sboms)} are kept")]
