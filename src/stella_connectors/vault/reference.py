"""What a path asks for: ``kv/shop/database``, or ``kv/shop/database?version=3``."""

import re
from dataclasses import dataclass

_VERSION = re.compile(r"version=([1-9][0-9]{0,8})\Z")
_LENGTH_MAX = 1024


@dataclass(frozen=True, slots=True)
class Reference:
    """path: as ``vault kv get`` takes it, without ``data/``. version: of a KV version 2 secret."""

    path: str
    version: str | None = None


def parse_reference(text: str) -> Reference | None:
    """None for what is no path of a secret."""
    path, mark, query = text.partition("?")
    found = _VERSION.match(query)
    segments = path.split("/")
    is_path = (
        len(text) <= _LENGTH_MAX
        and text.isprintable()
        and len(segments) > 1
        and not {"", ".", ".."} & set(segments)
        and (not mark or found is not None)
    )
    return Reference(path, found.group(1) if found else None) if is_path else None
