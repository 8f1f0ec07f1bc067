"""How bad, in one word: from a CVSS 3 vector where there is one, else from what the record says."""

import math
import re

# CVSS 3.1 specification, section 7.4, https://www.first.org/cvss/v3.1/specification-document
_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES = {
    "U": {"N": 0.85, "L": 0.62, "H": 0.27},
    "C": {"N": 0.85, "L": 0.68, "H": 0.5},
}
_VECTOR = re.compile(r"CVSS:3\.[01](?:/[A-Za-z]{1,3}:[A-Za-z])+\Z")

_SCORE = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,8}))?\Z")

_WORDS = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "moderate": "medium",
    "medium": "medium",
    "low": "low",
    "negligible": "low",
    "unimportant": "low",
    "none": "none",
}


def severity_of_vector(vector: str) -> str | None:
    """The word for the base score of a CVSS 3.0 or 3.1 vector, or None where it is none."""
    score = base_score(vector)
    if score is None:
        return None
    for least, word in ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low")):
        if score >= least:
            return word
    return "none"


def severity_of_word(word: str) -> str | None:
    """Our word for a feed's, or None where it does not rate."""
    return _WORDS.get(word.strip().lower())


def severity_of_score(score: str) -> str | None:
    """The word for a score such as ``7.5``, or None where it is none."""
    found = _SCORE.match(score.strip())
    if found is None:
        return None
    tenths = int(found[1]) * 10 + int((found[2] or "0")[0])
    if tenths > 100:
        return None
    for least, word in ((90, "critical"), (70, "high"), (40, "medium"), (1, "low")):
        if tenths >= least:
            return word
    return "none"


def base_score(vector: str) -> float | None:
    """The base score, 0.0 to 10.0 in tenths, or None where the vector is not CVSS 3."""
    if not _VECTOR.match(vector):
        return None
    parts = dict(part.split(":") for part in vector.split("/")[1:])
    try:
        weights = {name: table[parts[name]] for name, table in _WEIGHTS.items()}
        is_changed = {"U": False, "C": True}[parts["S"]]
        privileges = _PRIVILEGES[parts["S"]][parts["PR"]]
    except KeyError:
        return None
    missed = (1 - weights["C"]) * (1 - weights["I"]) * (1 - weights["A"])
    base = 1 - missed
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if is_changed else 6.42 * base
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weights["AV"] * weights["AC"] * privileges * weights["UI"]
    total = impact + exploitability
    return _rounded_up(min(1.08 * total if is_changed else total, 10.0))


def _rounded_up(score: float) -> float:
    """To the next tenth, as appendix A of the specification does it, free of floating point dust."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (math.floor(whole / 10_000) + 1) / 10
