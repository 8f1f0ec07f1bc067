"""The simple types of XML Schema that CycloneDX uses. Source: https://www.w3.org/TR/xmlschema-2/"""

import re
from calendar import monthrange
from decimal import Decimal
from functools import cache
from typing import Any

from stella.sbom.format.schemas import schema_table

_DATE = r"(?P<year>-?\d{4,9})-(?P<month>\d\d)-(?P<day>\d\d)"
_ZONE = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_HOURS = r"T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_SPACES = re.compile(r"[ \t\r\n]+")
_SHAPES = {
    "xs:boolean": re.compile(r"true|false|1|0"),
    "xs:date": re.compile(_DATE + _ZONE, re.ASCII),
    "xs:dateTime": re.compile(_DATE + _HOURS + _ZONE, re.ASCII),
    "xs:decimal": re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII),
    "xs:integer": re.compile(r"[+-]?\d+", re.ASCII),
    "xs:nonNegativeInteger": re.compile(r"\+?\d+|-0+", re.ASCII),
    "xs:positiveInteger": re.compile(r"\+?0*[1-9]\d*", re.ASCII),
}
_DIGITS_MAX = 64
_MATCHED_MAX = 16_384  # a pattern may take long over what is long


def simple_fault(text: str, kind: Any, named: dict[str, Any]) -> str | None:
    """Why ``text`` is not of the simple type ``kind``, None where it is.

    kind: a built-in type, a name in ``named`` or a rule written out.
    """
    if isinstance(kind, str):
        if kind == "spdx:licenseId":
            return None if _collapsed(text) in _licences() else "is no SPDX licence id"
        if not kind.startswith("xs:"):
            return simple_fault(text, named[kind], named)
        return _built_in_fault(text, kind)
    if "union" in kind:
        faults = [simple_fault(text, one, named) for one in kind["union"]]
        return None if None in faults else "has none of the forms that are allowed"
    return simple_fault(text, kind["base"], named) or _facet_fault(text, kind, named)


def is_collapsed(kind: Any, named: dict[str, Any]) -> bool:
    """Whether white space around a value of this type means nothing."""
    while not isinstance(kind, str) or not kind.startswith("xs:"):
        if isinstance(kind, str):
            if kind not in named:
                return True
            kind = named[kind]
        elif "union" in kind:
            return True
        else:
            kind = kind["base"]
    return kind not in {"xs:string", "xs:normalizedString", "xs:anyType"}


def _built_in_fault(text: str, kind: str) -> str | None:
    shape = _SHAPES.get(kind)
    if shape is None:
        return None
    found = shape.fullmatch(_collapsed(text))
    if found is None or (kind.startswith("xs:date") and not _is_day(found)):
        return f"is no {kind.removeprefix('xs:')}"
    is_whole = kind in {"xs:integer", "xs:nonNegativeInteger", "xs:positiveInteger"}
    return "is beyond what is read as a number" if is_whole and len(found[0]) > 18 else None


def _is_day(found: re.Match[str]) -> bool:
    month, day = int(found["month"]), int(found["day"])
    # The calendar repeats every 400 years.
    year = 2000 + int(found["year"]) % 400
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _facet_fault(text: str, rule: dict[str, Any], named: dict[str, Any]) -> str | None:
    value = _collapsed(text) if is_collapsed(rule, named) else text
    values = rule.get("values")
    if values and value not in values:
        return f"is none of {', '.join(sorted(values)[:12])}"
    pattern = _alternatives(rule)
    if pattern and not (len(value) <= _MATCHED_MAX and _pattern(pattern).fullmatch(value)):
        return "has not the form that is asked for"
    if not int(rule.get("minLength", 0)) <= len(value) <= int(rule.get("maxLength", len(value))):
        return "is too short or too long"
    return _range_fault(value, rule)


def _range_fault(value: str, rule: dict[str, Any]) -> str | None:
    if "minInclusive" not in rule and "maxInclusive" not in rule:
        return None
    if len(value) > _DIGITS_MAX:
        return "is too long for a number"
    low, high = rule.get("minInclusive", value), rule.get("maxInclusive", value)
    is_within = Decimal(low) <= Decimal(value) <= Decimal(high)
    return None if is_within else f"is not in {low} to {high}"


def _alternatives(rule: dict[str, Any]) -> str:
    """Several patterns of one rule are alternatives."""
    return "|".join(f"(?:{one})" for one in rule.get("patterns", ()))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


@cache
def _licences() -> frozenset[str]:
    return frozenset(schema_table("licences.xml"))


def _collapsed(text: str) -> str:
    return _SPACES.sub(" ", text).strip(" ")
