"""Until when does the distribution get security updates? A table, and a judgement that takes the day."""

import re
from functools import cache
from pathlib import Path

import msgspec

from stella.kernel import Remedy
from stella.sbom.errors import MalformedLifetimes
from stella.sbom.traits import NO_DISTRO, Answer

LIFETIMES_BYTES_MAX = 1_000_000
_TABLE = Path(__file__).with_name("lifetimes.json")
_DAY = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])\Z")
_ROLLING = "rolling"


class Lifetime(msgspec.Struct, frozen=True, rename="camel"):
    """How long ``distro`` lasts. until: the last day, ``2028-06-30``; ``rolling`` for one without releases,
    ``none`` for no distribution at all.

    until is empty where it is not known; source says who says so, or why nobody does.
    """

    distro: str
    until: str
    source: str


class Lifetimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Distributions and their last days. source, read: where it is from, and when it was looked up.

    A name holds for what is more exact: ``rhel-9`` for ``rhel-9.4``.
    """

    source: str
    until: dict[str, str] = {}
    rolling: tuple[str, ...] = ()
    read: str = ""

    def over(self, other: "Lifetimes") -> "Lifetimes":
        """Our own lines, and ``other`` for what it does not name."""
        ours = {**self.until, **dict.fromkeys(self.rolling, _ROLLING)}
        theirs = {**other.until, **dict.fromkeys(other.rolling, _ROLLING)}
        merged = {name: until for name, until in theirs.items() if name not in ours} | ours
        return Lifetimes(
            source=f"{self.source}; else {other.source}",
            until={name: until for name, until in merged.items() if until != _ROLLING},
            rolling=tuple(name for name, until in merged.items() if until == _ROLLING),
            read=self.read or other.read,
        )

    def of(self, distro: str) -> Lifetime:
        """What is known of ``distro`` (``debian-12``, ``wolfi-20230201``)."""
        if not distro:
            return Lifetime("", "", "the image does not say which distribution it is")
        if distro == NO_DISTRO:
            return Lifetime(distro, NO_DISTRO, "the image holds nothing of a distribution")
        source = f"{self.source}, read {self.read}" if self.read else self.source
        name = distro
        while True:
            if name in self.until:
                return Lifetime(distro, self.until[name], source)
            if name in self.rolling:
                return Lifetime(distro, _ROLLING, source)
            end = max(name.rfind("."), name.rfind("-"))
            if end < 0:
                return Lifetime(distro, "", f"no table says how long {distro} lasts")
            name = name[:end]


def is_over(lifetime: Lifetime, today: str) -> Answer:
    """Whether there are no more updates on ``today``, ``2027-01-31`` or a time that begins so."""
    if lifetime.until in {_ROLLING, NO_DISTRO}:
        return Answer.NO
    if not lifetime.until:
        return Answer.UNKNOWN
    return Answer.YES if today[:10] > lifetime.until else Answer.NO


def parse_lifetimes(content: bytes) -> Lifetimes:
    """The table in JSON. Raises MalformedLifetimes."""
    if len(content) > LIFETIMES_BYTES_MAX:
        raise _malformed(f"it has {len(content)} bytes, {LIFETIMES_BYTES_MAX} are read")
    try:
        table = msgspec.json.decode(content, type=Lifetimes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(str(error)[:200]) from None
    if not table.source.strip():
        raise _malformed("it does not say where it is from - at `$.source`")
    for name, until in table.until.items():
        if not _DAY.match(until):
            raise _malformed(f"{name[:60]!r} lasts until {until[:40]!r}, which is no day")
    return table


@cache
def known_lifetimes() -> Lifetimes:
    """The table that comes with Stella."""
    return parse_lifetimes(_TABLE.read_bytes())


def read_lifetimes(file: Path | None) -> Lifetimes:
    """The operator's table over the one that comes with Stella; only the latter for None.

    Raises MalformedLifetimes, also where the file cannot be read.
    """
    if file is None:
        return known_lifetimes()
    try:
        with file.open("rb") as opened:
            content = opened.read(LIFETIMES_BYTES_MAX + 1)
    except OSError as error:
        raise _malformed(f"{file} cannot be read: {error.strerror}") from None
    return parse_lifetimes(content).over(known_lifetimes())


def _malformed(why: str) -> MalformedLifetimes:
    return MalformedLifetimes(
        f"not a table of lifetimes: {why}",
        remedy=Remedy('Write it as {"source": "...", "until": {"debian-12": "2028-06-30"}}.'),
        why=why,
    )
