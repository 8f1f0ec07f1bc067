"""What a key of an object store is, for every store's connector alike."""

import re

LIST_MAX = 1000
"""As many as ``list`` gives at once."""

_KEY = re.compile(r"(?!.*(?:\A|/)\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z")
_PREFIX = re.compile(r"(?!.*(?:\A|/)\.{1,2}/)(?:[A-Za-z0-9._-]+/)*[A-Za-z0-9._-]*\Z")
_KEY_CHARACTERS_MAX = 512


def is_key(text: str) -> bool:
    """Whether it is one, as ``stella.sdk.ObjectStore`` says."""
    return len(text) <= _KEY_CHARACTERS_MAX and bool(_KEY.match(text))


def is_prefix(text: str) -> bool:
    """Whether a key could begin so; the empty one counts."""
    return len(text) <= _KEY_CHARACTERS_MAX and bool(_PREFIX.match(text))


def is_folder(text: str) -> bool:
    """Whether it can stand before every key: empty, or parts that each end with ``/``."""
    return not text or (text.endswith("/") and is_prefix(text))


def question_fault(prefix: str, after: str, limit: int) -> str:
    """What is wrong with the parameters of ``list``; empty for nothing."""
    if not is_prefix(prefix):
        return f"{prefix[:80]!r} is no beginning of a key"
    if after and not is_prefix(after):
        return f"{after[:80]!r} is no key"
    if not 1 <= limit <= LIST_MAX:
        return f"a limit of {limit} is not 1 to {LIST_MAX:,}"
    return ""


def key_fault(key: str) -> str:
    """What is wrong with a key; empty for nothing."""
    return "" if is_key(key) else f"{key[:80]!r} is no key of an object"


KEY_ADVICE = (
    "Write parts of A-Z a-z 0-9 . _ - with / between them, none of them . or .., "
    f"at most {_KEY_CHARACTERS_MAX} characters."
)
