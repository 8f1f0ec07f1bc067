"""Where people are known: names, groups, and whether a password is theirs."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """Somebody. id: stays the same when the name changes (``entryUUID``, ``objectGUID``)."""

    id: str
    name: str
    display_name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()


class Directory(Protocol):
    """One directory. All calls raise ``ServiceUnreachable``, ``ServiceRefused`` (of our own login)."""

    def log_in(self, name: str, password: str) -> DirectoryEntry | None:
        """Who that is, where the password is theirs; None for any other name or password, an empty
        password, and an account that is locked.
        """
        ...

    def find(self, name: str) -> DirectoryEntry | None:
        """Who has that name; None where nobody has, or more than one."""
        ...

    def check(self) -> str:
        """Who we are there, in a few words."""
        ...
