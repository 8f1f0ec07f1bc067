"""Is this version affected? Yes, no, or nobody can say: the third is an answer of its own."""

from dataclasses import dataclass

from stella.advisory.model import Record, Span
from stella.advisory.versions import Key, version_key


@dataclass(frozen=True, slots=True)
class Judged:
    """is_known: whether it could be decided; where not, ``is_affected`` is True: it is shown.

    fixed: the lowest version that mends it, "" where none is known. range: what hit, in words.
    """

    is_affected: bool
    is_known: bool = True
    fixed: str = ""
    range: str = ""


_NOT_AFFECTED = Judged(is_affected=False)


def judge(record: Record, version: str) -> Judged:
    """Whether the record's spans or its enumerated versions hold ``version``."""
    if record.is_unaffected:
        return _NOT_AFFECTED
    scheme, spans = record.scheme, record.spans
    own = version_key(scheme, version)
    doubtful: list[Span] = []
    if own is None:
        doubtful = list(spans)
    else:
        hits = []
        for span in spans:
            position = _position(scheme, span, own)
            if position:
                hits.append(span)
            elif position is None:
                doubtful.append(span)
        if hits:
            return Judged(True, fixed=_fix(record, own, hits), range=_words(hits))
    if record.versions and _is_listed(record, version, own):
        return Judged(True, fixed=_next_fix(record, own), range=f"listed: {version}")
    if own is None or doubtful or not (spans or record.versions):
        return Judged(True, False, _next_fix(record, own), _words(doubtful))
    return _NOT_AFFECTED


def why_not(record: Record, version: str) -> str:
    """Why a version that ``judge`` finds not affected is none, each range compared, in words."""
    if record.is_unaffected:
        return "the publisher says that it is not affected"
    own = version_key(record.scheme, version)
    words = [_passed(record.scheme, span, version, own) for span in record.spans]
    if record.versions:
        words.append(f"{version} is none of the {len(record.versions)} listed versions")
    return "; ".join(words)


def _passed(scheme: str, span: Span, version: str, own: Key) -> str:
    first = span.after or span.introduced
    if first != "0" or span.after:
        key = version_key(scheme, first)
        if key is not None and (own < key or (span.after and own == key)):
            where = "not after" if span.after else "below"
            return f"{version} is {where} {first}, where {span} begins"
    if span.fixed:
        return f"{version} is at or above {span.fixed}, which mends {span}"
    return f"{version} is above {span.last}, the last that is affected"


def holds(scheme: str, span: Span, version: str) -> bool:
    """Whether the span is known to hold the version."""
    own = version_key(scheme, version)
    return own is not None and _position(scheme, span, own) is True


def _position(scheme: str, span: Span, own: Key) -> bool | None:
    """Inside or outside; None where a bound that decides it cannot be read."""
    begun: bool | None = True
    if span.after:
        before = version_key(scheme, span.after)
        begun = None if before is None else before < own
    elif span.introduced != "0":
        first = version_key(scheme, span.introduced)
        begun = None if first is None else not own < first
    ended: bool | None = False
    bound = span.fixed or span.last
    if bound:
        last = version_key(scheme, bound)
        is_past = bool(last is not None and (not own < last if span.fixed else last < own))
        ended = None if last is None else is_past
    if begun is False or ended is True:
        return False
    return None if begun is None or ended is None else True


def _is_listed(record: Record, version: str, own: Key | None) -> bool:
    if version in record.versions:
        return True
    return own is not None and any(
        version_key(record.scheme, listed) == own for listed in record.versions
    )


def _fix(record: Record, own: Key, hits: list[Span]) -> str:
    """The end of the spans that hold the version; a fix that another span holds mends nothing."""
    fixed = _highest(record.scheme, [span.fixed for span in hits])
    if len(record.spans) == 1:
        return fixed
    for _ in record.spans:
        beyond = [span for span in record.spans if holds(record.scheme, span, fixed)]
        if not fixed or not beyond:
            return fixed
        fixed = _highest(record.scheme, [span.fixed for span in beyond])
    return fixed if version_key(record.scheme, fixed) != own else ""


def _highest(scheme: str, fixes: list[str]) -> str:
    """The last of them to be reached, "" where one span has no end. Unreadable ones win: no guess."""
    if not fixes or not all(fixes):
        return ""
    if len(fixes) == 1:
        return fixes[0]
    unreadable = [fix for fix in fixes if version_key(scheme, fix) is None]
    return unreadable[0] if unreadable else max(fixes, key=lambda fix: version_key(scheme, fix))


def _next_fix(record: Record, own: Key | None) -> str:
    """The first fix after ``own``, or the first that is named at all."""
    fixes = [span.fixed for span in record.spans if span.fixed]
    if own is None:
        return fixes[0] if fixes else ""
    keyed = [(version_key(record.scheme, fix), fix) for fix in fixes]
    later = [(key, fix) for key, fix in keyed if key is not None and own < key]
    if later:
        return min(later, key=lambda one: one[0])[1]
    return next((fix for key, fix in keyed if key is None), "")


def _words(spans: list[Span]) -> str:
    if len(spans) == 1:
        return str(spans[0])
    return " or ".join(map(str, spans)) or "no range is given"
