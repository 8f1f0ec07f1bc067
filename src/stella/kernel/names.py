"""The one form of the names that people give to things, and what a mistaken word may have meant."""

import re
from collections.abc import Collection

from stella.kernel.canonical import digest_of

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?\Z")
COMMIT_ID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
"""A commit's whole id, of SHA-1 or SHA-256."""
BAD_NAME = "its name is not lower-case letters, digits and hyphens"


def nearest(word: str, known: Collection[str]) -> str:
    """What to add to "unknown ...": the known word that was meant, or all of them."""
    import difflib

    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else f" (known: {', '.join(sorted(known))})"


def address_digest(address: str) -> str:
    """By which facts speak of a plain address: whoever may read facts may not read addresses."""
    return digest_of({"address": address}).text
