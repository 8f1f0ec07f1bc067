"""What a gate wants to know of an image beside its packages. Plain data, as documents hold it."""

from enum import StrEnum

import msgspec

NO_DISTRO = "none"
"""Instead of a distribution: a program alone, as it is put on ``scratch``."""


class Answer(StrEnum):
    """Unknown has a reason beside it, and is never a no."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure we are which program is run."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class Where(StrEnum):
    """Where a secret lies."""

    FILE = "file"
    COMMAND = "command"
    ENVIRONMENT = "environment"
    HISTORY = "history"
    LABEL = "label"
    USER = "user"


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """Camel case outside. Paths are absolute, layers diff ids with their index from the bottom."""


class RunUser(_Part, frozen=True):
    """As whom the container begins. name: as the image says it, empty for none, which is root.

    uid: None where it is not known, reason then says why.
    """

    name: str
    uid: int | None
    root: Answer
    reason: str = ""


class Privileged(_Part, frozen=True):
    """A file whose runner gets more power than they have. mode: octal, four digits.

    package: purl of the system package that brought it, empty for none.
    """

    path: str
    mode: str
    uid: int
    gid: int
    capabilities: tuple[str, ...]
    package: str
    layer: str
    layer_index: int


class Secret(_Part, frozen=True):
    """Something secret: by which rule, and where; never what it is.

    path: of the file, the variable's name, the number of the word of ENTRYPOINT and CMD, or that of the
    step of the build. line: from 1 on, 0 for what has none. deleted: a layer above takes the file away,
    and who pulls the image still has it.
    """

    rule: str
    where: Where
    path: str
    line: int
    layer: str
    layer_index: int | None
    deleted: bool


class Step(_Part, frozen=True):
    """One program on the way to the one that is run.

    path: in the image, empty where it is not known. how: why it is this one. package: purl, or empty.
    """

    what: str
    path: str
    how: str
    package: str
    layer_index: int | None


class EntryPoint(_Part, frozen=True):
    """What is run in the end. program: path of the program or of what its interpreter is given.

    interpreter: path, empty where the program needs none. module: instead of a path, where it is named
    by that (``python -m``). user: whom a step on the way becomes, empty for none. package: purl of who
    brought the program, or empty. reason: why it is not certain.
    """

    program: str
    interpreter: str
    module: str
    user: str
    package: str
    confidence: Confidence
    reason: str
    steps: tuple[Step, ...]


class Base(_Part, frozen=True):
    """The image that this one was built on. how: who says so."""

    name: str
    digest: str
    how: str


class Provenance(_Part, frozen=True):
    """What an attestation says of the build. Its signature was not looked at.

    digest: of the attestation's manifest. how: where it hangs.
    """

    predicate_type: str
    builder: str
    source: str
    revision: str
    digest: str
    how: str


class Traits(_Part, frozen=True):
    """Of one platform image. Each list sorted, without duplicates; layers from the bottom on.

    provenance_unknown: why there may be more of it, empty where there is not. distro: ``none`` where
    nothing in the image is of one.
    """

    user: RunUser
    privileged: tuple[Privileged, ...] = ()
    secrets: tuple[Secret, ...] = ()
    entry: EntryPoint | None = None
    base: Base | None = None
    provenance: tuple[Provenance, ...] = ()
    provenance_unknown: str = ""
    layers: tuple[str, ...] = ()
    distro: str = ""
