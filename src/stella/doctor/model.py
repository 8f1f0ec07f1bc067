"""A check, what it found, and what was mended."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from stella.kernel import Outcome, Seen


class Area(StrEnum):
    """What part of a server a check is about."""

    SERVER = "server"
    DATABASE = "database"
    RECORDS = "records"
    KEYS = "keys"
    DISK = "disk"
    NETWORK = "network"
    AGENTS = "agents"
    RELEASES = "releases"
    PLUGINS = "plugins"
    INTEGRATIONS = "integrations"
    SECRETS = "secrets"
    ADVISORIES = "advisories"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Mended:
    """One thing that a fix changed. about: which one."""

    about: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. A room or a plugin brings it, ``app`` puts it into the table.

    id: ``area.word``, which no other check has. why: what goes wrong where it does not pass. how:
    what is looked at. mend: changes what cannot lose data, and says what; where all is well it
    changes nothing. is_named_only: mended only where somebody names it.
    """

    id: str
    area: Area
    title: str
    why: str
    how: str
    look: Callable[[], Sequence[Seen]]
    mend: Callable[[], Iterable[Mended]] | None = None
    is_named_only: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. fix: what to do; empty where it passed. can_fix: ``--fix`` does it."""

    check: str
    area: Area
    name: str
    why: str
    how: str
    outcome: Outcome
    detail: str
    fix: str
    can_fix: bool
