"""Look at everything, and mend what may be mended."""

from collections.abc import Iterable, Iterator, Sequence

from stella.doctor.errors import NoSafeFix, NotLookedAt, UnknownCheck
from stella.doctor.facts import FaultMended
from stella.doctor.model import Area, Check, Finding, Mended
from stella.kernel import Outcome, Remedy, Seen, StellaError
from stella.record import Database


def examine(checks: Iterable[Check], areas: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Every check by area, of these areas where any are named. Raises UnknownCheck for another.

    One that a refusal ends is blocked by it, one that breaks is unknown; the others go on.
    """
    wanted = _areas(areas)
    order = list(Area)
    chosen = sorted(
        (one for one in checks if one.area in wanted), key=lambda c: order.index(c.area)
    )
    return tuple(finding for check in chosen for finding in _findings(check))


def mend(
    database: Database, checks: Sequence[Check], names: Sequence[str], *, actor: str, by: str = ""
) -> tuple[FaultMended, ...]:
    """Mend what ``names`` say; without any, all that is safe. Each change is a fact.

    by: who asked, where ``actor`` is the system itself. Raises UnknownCheck, NoSafeFix; what a fix
    raises ends it, and what was changed until then is a fact.
    """
    made: list[FaultMended] = []
    try:
        for check in _chosen(checks, names):
            assert check.mend is not None, check.id
            for one in check.mend():
                made.append(_fact(check, one, by))  # noqa: PERF401 - what was done before it broke counts
    finally:
        if made:
            with database.transaction(actor=actor) as tx:
                tx.add(*made)
    return tuple(made)


def _fact(check: Check, one: Mended, by: str) -> FaultMended:
    return FaultMended(check.id, one.about, one.before, one.after, by)


def _chosen(checks: Sequence[Check], names: Sequence[str]) -> list[Check]:
    if not names:
        return [one for one in checks if one.mend is not None and not one.is_named_only]
    known = {one.id: one for one in checks}
    for name in names:
        if name not in known:
            raise UnknownCheck(
                f"there is no check {name[:80]!r}",
                remedy=Remedy("See which there are.", "stella doctor -o json"),
                check=name[:80],
            )
        if known[name].mend is None:
            raise NoSafeFix(
                f"{name} is not for a program to mend",
                remedy=Remedy("Do what its fix line says.", "stella doctor"),
                check=name,
            )
    return [known[name] for name in dict.fromkeys(names)]


def _areas(areas: Sequence[str]) -> frozenset[Area]:
    strange = sorted(set(areas) - {one.value for one in Area})
    if strange:
        raise UnknownCheck(
            f"there is no area {strange[0][:40]!r}",
            remedy=Remedy(f"There are {', '.join(Area)}."),
            area=strange[0][:40],
        )
    return frozenset(Area(one) for one in areas) or frozenset(Area)


def _findings(check: Check) -> Iterator[Finding]:
    for seen in _looked(check):
        yield Finding(
            check=check.id,
            area=check.area,
            name=f"{check.title} {seen.about}".strip(),
            why=check.why,
            how=check.how,
            outcome=seen.outcome,
            detail=seen.detail,
            fix=seen.fix,
            can_fix=seen.outcome is not Outcome.PASS and check.mend is not None,
        )


def _looked(check: Check) -> Sequence[Seen]:
    try:
        return check.look()
    except NotLookedAt as refusal:
        return [Seen(Outcome.UNKNOWN, str(refusal), refusal.remedy.advice)]
    except StellaError as refusal:
        fix = refusal.remedy.command or refusal.remedy.advice
        return [Seen(Outcome.BLOCKED, str(refusal), fix)]
    except Exception as error:  # noqa: BLE001 - one that breaks must not take the others with it
        detail = f"this check broke: {type(error).__name__}"
        return [Seen(Outcome.UNKNOWN, detail, "See the server's log, and say so to its makers.")]
