"""EPSS, https://www.first.org/epss/data_stats: how likely each CVE is exploited in the next 30 days."""

import re
from decimal import ROUND_HALF_UP, Decimal

from stella.advisory.format.item import Likelihood

_LINE = re.compile(
    rb"(CVE-[0-9]{4}-[0-9]{4,19}),([0-9](?:\.[0-9]{1,20})?(?:e-[0-9]{1,2})?),[0-9.e+-]{1,24}\s*\Z"
)
_DATE = re.compile(rb"score_date:([0-9]{4}-[0-9]{2}-[0-9]{2})")
_HEADER = b"cve,epss,percentile"
_PPM = 1_000_000


def is_epss(content: bytes) -> bool:
    """Whether the columns are those of EPSS."""
    return any(line.strip() == _HEADER for line in content[:2_000].splitlines()[:3])


def read_epss(content: bytes) -> tuple[Likelihood, int]:
    """The scores in parts of a million, rounded half up; and how many lines could not be read."""
    ppm: dict[str, int] = {}
    broken = 0
    lines = content.splitlines()
    start = next(n for n, line in enumerate(lines) if line.strip() == _HEADER)
    for line in lines[start + 1 :]:
        found = _LINE.match(line)
        if found is None:
            broken += bool(line.strip())
            continue
        probability = Decimal(found[2].decode())
        score = int((probability * _PPM).to_integral_value(ROUND_HALF_UP))
        if score > _PPM:
            broken += 1
        else:
            ppm[found[1].decode()] = score
    scored = _DATE.search(b"\n".join(lines[:start]))
    return Likelihood(ppm, scored[1].decode() if scored else ""), broken
