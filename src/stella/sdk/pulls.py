"""What engines say where the bytes of a pull are not what their digest promised."""

import re

# Docker Engine and containerd, whoever passes their words on.
_TAMPERED = re.compile(
    r"verification failed for digest|digest mismatch|does not match (?:expected )?digest"
    r"|unexpected commit digest|content digest .* mismatch|failed size validation"
    r"|unexpected commit size|invalid checksum digest",
    re.IGNORECASE,
)


def says_tampered(text: str) -> bool:
    """Whether an engine's words mean that it got other bytes than the digest promised."""
    return _TAMPERED.search(text) is not None
