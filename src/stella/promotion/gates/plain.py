"""The gates that need no policy language: order of environments, origin of images, freeze windows."""

from msgspec import UNSET

from stella.promotion.model import (
    DecisionInput,
    FreezeInput,
    Gate,
    GateState,
    OverrideInput,
    Reason,
)

END = "end"
"""The gate of an environment's end, which nobody's word lets anything through."""


def order_gate(given: DecisionInput) -> Gate:
    """Has this very set of digests succeeded in the environment before?

    A rollback goes back to what ran here already, which is the better proof.
    """
    environment = given.environment
    if given.rollback and environment.ran_before:
        return _passed("order", f"ran here before ({environment.ran_before})")
    if environment.order is None:
        return _passed("order", "the first environment")
    if environment.order.deployment:
        return _passed(
            "order",
            f"{given.release.name} {given.release.version} succeeded in {environment.order.after}",
        )
    before = environment.order.after
    if environment.order.under_way is not UNSET:
        return _waits_for(given, before, environment.order.under_way)
    message = (
        f"{given.release.name} {given.release.version} has not succeeded in {before},"
        f" which comes before {environment.name}"
    )
    command = f"stella promote {given.release.id} --env {before}"
    return _blocked("order", "environment-order", message, f"promote it to {before}: {command}")


def _waits_for(given: DecisionInput, before: str, promotion: str) -> Gate:
    """It is on its way to the environment before: then here."""
    message = (
        f"{given.release.name} {given.release.version} is on its way to {before} ({promotion})"
    )
    fix = "wait until it has succeeded there; it is judged again then by itself"
    state = GateState.WAITING
    reason = Reason(rule="environment-order", outcome=state.value, message=message, fix=fix)
    return Gate(name="order", state=state, summary=message, reasons=(reason,), unblocks=fix)


def end_gates(given: DecisionInput) -> tuple[Gate, ...]:
    """Is the environment there still? No gate where it has no end."""
    ends_at, place = given.environment.ends_at, given.environment.name
    if ends_at is UNSET:
        return ()
    if given.now < ends_at:
        said = f"{place} is there until {ends_at}"
        return (Gate(name=END, state=GateState.PASS, summary=said, due=ends_at),)
    message = f"{place} is over since {ends_at}: nothing is let in any more"
    fix = "apply it with a later endsAt, or promote to another environment"
    return (_blocked(END, "environment-end", message, fix),)


def freeze_gate(given: DecisionInput) -> Gate:
    """Does a freeze window hold now that nobody but the one who asks has overridden?"""
    freezes = given.environment.freezes
    if not freezes:
        return _passed("freeze", "no freeze window holds")
    overridden = {one.id: _override(given, one) for one in freezes}
    reasons = tuple(_frozen(given, one) for one in freezes if overridden[one.id] is None)
    if not reasons:
        said = "; ".join(
            f"{freeze} until {_end(freezes, freeze)} overridden by {one.by.name}: {one.reason}"
            for freeze, one in overridden.items()
            if one is not None
        )
        return _passed("freeze", said)
    return Gate(
        name="freeze",
        state=GateState.BLOCKED,
        summary=reasons[0].message,
        reasons=reasons,
        unblocks=reasons[0].fix,
    )


def _override(given: DecisionInput, freeze: FreezeInput) -> OverrideInput | None:
    """The first by another person than the one who asks: it takes two, and so none where nobody asks."""
    if freeze.overrides is UNSET or given.automatic is not UNSET:
        return None
    others = (one for one in freeze.overrides if one.by.id != given.requested_by.id)
    return next(others, None)


def _end(freezes: tuple[FreezeInput, ...], name: str) -> str:
    return next(one.ends_at for one in freezes if one.id == name)


def _frozen(given: DecisionInput, freeze: FreezeInput) -> Reason:
    place = given.environment.name
    if freeze.id.startswith("frz_"):
        fix = f"wait until {freeze.ends_at}, or end it: stella freeze end {freeze.id}"
    else:
        fix = (
            f"wait until {freeze.ends_at}, or let another person override it: stella freeze override"
            f" {freeze.id} --env {place} --release {given.release.id} -m TEXT"
        )
    return Reason(
        rule="freeze-window",
        outcome=GateState.BLOCKED.value,
        message=f"{place} is frozen until {freeze.ends_at}: {freeze.reason}",
        fix=fix,
        who=f"{freeze.by}, or an operator",
    )


def origin_gates(given: DecisionInput) -> tuple[Gate, ...]:
    """May images come from where they do? No gate where no registry is bound to environments."""
    environment = given.environment
    if not environment.bound:
        return ()
    reasons = tuple(
        Reason(
            rule="registry-bound",
            outcome=GateState.BLOCKED.value,
            message=f"{one.component} comes from {one.integration},"
            f" which is for {', '.join(one.environments)} alone",
            component=one.component,
            fix=f"bring the image to a registry for {environment.name},"
            f" or let `environments` of {one.integration} name it",
            who="an operator",
        )
        for one in environment.bound
        if environment.name not in one.environments
    )
    if not reasons:
        return (_passed("origin", f"every registry is for {environment.name}"),)
    return (
        Gate(
            name="origin",
            state=GateState.BLOCKED,
            summary=reasons[0].message,
            reasons=reasons,
            unblocks=reasons[0].fix,
        ),
    )


def _passed(name: str, summary: str) -> Gate:
    return Gate(name=name, state=GateState.PASS, summary=summary)


def _blocked(name: str, rule: str, message: str, fix: str) -> Gate:
    reason = Reason(rule=rule, outcome=GateState.BLOCKED.value, message=message, fix=fix)
    return Gate(
        name=name, state=GateState.BLOCKED, summary=message, reasons=(reason,), unblocks=fix
    )
