"""What the readers of package lists share: JSON that may be anything, and a bounded list of gaps."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from stella.sbom.facts import Unread

T = TypeVar("T")

_NOTED_MAX = 20


class Gaps(list[str]):
    """What of one file cannot be read: the first ones tell enough, a hostile file has millions."""

    def note(self, why: str) -> None:
        """Add it while there are few."""
        if len(self) < _NOTED_MAX:
            self.append(why)

    def first(self, listed: Sequence[T], most: int, what: str) -> Sequence[T]:
        """At most so many of them; that there are more is a gap. what: they are, in the plural."""
        if len(listed) > most:
            self.note(f"{len(listed)} {what}, of which {most} are read")
        return listed[:most]


def json_of(content: bytes, kind: type[T], name: str) -> T | Unread:
    """The content as ``kind`` says it is built. name: of the file, for people."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unread(f"no {name} that can be read: {str(error)[:100]}")
