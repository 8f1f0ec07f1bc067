"""One order: is it ours, is it in time, was it done before? Then it is carried out."""

from dataclasses import dataclass
from datetime import datetime

from stella.agent.connectors import Connectors
from stella.agent.errors import ExpiredOrder, ForeignOrder, ReplayedOrder
from stella.agent.machine import Severed
from stella.agent.seen import broken, running_of, unbroken
from stella.agent.state import Identity, OrderNote, Phase, ProjectNote, StateDirectory
from stella.kernel import Fault, Now, Remedy, StellaError
from stella.sdk import (
    CannotTakeDown,
    Host,
    Running,
    StillRuns,
    TargetConnector,
    taking_down,
)
from stella.sdk.files import FileNotWritten
from stella.sdk.protocol import (
    NextReply,
    OrderContent,
    OrderOutcome,
    OrderResult,
    Purpose,
    read_order,
    references_of,
    to_wire,
)

STICKER_FILE = "stella.version.json"
_MESSAGE_LENGTH_MAX = 2000
# These say nothing about the release: it could not be tried.
_AGAIN_AFTER_S = (0.5, 2.0, 5.0)
_OF_PLUGINS = "ST-PLG-"
_ERRORED = frozenset({Fault.UNAVAILABLE, Fault.NOT_FOUND, Fault.NOT_AUTHENTICATED, Fault.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that this agent may carry out now. note: of an earlier try, None at the first."""

    content: OrderContent
    note: OrderNote | None


def accept(given: NextReply, identity: Identity, note: OrderNote | None, now: datetime) -> Accepted:
    """The order in ``given``, signed by a trusted key, for this agent, in time, not done before.

    An order that was begun here in time is gone on with after its time too: half-done is worse.
    Raises BadSignature, MalformedEnvelope, MalformedWire, WrongStatement, ForeignOrder,
    ExpiredOrder, ReplayedOrder.
    """
    content = read_order(given.bundle.encode(), identity.trusted_keys)
    if content.agent != identity.agent or content.order != given.order:
        raise ForeignOrder(
            f"the order {content.order[:60]} is for {content.agent[:60]}, not for this agent",
            remedy=Remedy("See who hands out orders between the control plane and this host."),
            order=content.order,
        )
    if note is not None and note.phase is Phase.TOLD:
        raise ReplayedOrder(
            f"the order {content.order} was carried out before, and its end was told",
            remedy=Remedy("See who hands out orders between the control plane and this host."),
            order=content.order,
        )
    if note is None and content.expires_at <= now:
        raise ExpiredOrder(
            f"the order {content.order} had to be begun before {content.expires_at.isoformat()}",
            remedy=Remedy("See that this host's clock is right, then deploy again."),
            order=content.order,
        )
    return Accepted(content, note)


def carry_out(
    accepted: Accepted,
    fence: int,
    *,
    state: StateDirectory,
    connectors: Connectors,
    host: Host,
    now: Now,
) -> OrderNote:
    """Do it and note how it ended, before anybody is told. ``Stopped`` passes through: it stays
    begun, and is gone on with.

    connectors: those that the order means. Where the disk takes no note, nothing is begun, and the
    refusal is how it ended. Raises FileNotWritten where it had been begun, or ended, before that.
    """
    content = accepted.content
    begun_at = accepted.note.begun_at if accepted.note else now()
    note = OrderNote(content.order, Phase.BEGUN, fence, content.expires_at, begun_at)
    try:
        state.note_order(note)
    except FileNotWritten as refusal:
        if accepted.note is not None:
            raise  # it was begun before: it is gone on with once there is room
        result = refused(refusal, begun_at, now())
        return OrderNote(content.order, Phase.DONE, fence, content.expires_at, begun_at, result)
    kind = content.plan.connector
    try:
        connector = connectors.target(kind)
        running = _converged(connector, content, host, state)
        if content.reach is not None:
            state.note_project(_note_of(content, names_of(content)))
        if content.reach is not None and content.purpose is Purpose.TAKE_DOWN:
            # Nothing is left to look for, and nobody goes there for that.
            state.forget_project(content.intent.project)
        result = _succeeded(begun_at, now(), running)
    except StellaError as refusal:
        result = refused(refusal, begun_at, now(), _running_anyway(connectors, content, host))
    except Exception as bug:  # noqa: BLE001 - a plugin's bug must not leave the order open
        host.log(f"{type(bug).__name__}: {bug}")  # masked there
        why = broken(kind, type(bug).__name__)
        result = refused(why, begun_at, now(), _running_anyway(connectors, content, host))
    host.log(f"{content.purpose} {result.outcome}")
    done = OrderNote(content.order, Phase.DONE, fence, content.expires_at, begun_at, result)
    state.note_order(done)
    return done


def names_of(content: OrderContent) -> tuple[str, ...]:
    """Every secret that an order names for what it deploys."""
    return tuple(sorted(references_of(to_wire(content.intent))))


def named_before(content: OrderContent, state: StateDirectory) -> tuple[str, ...]:
    """What the last order that succeeded named for the same target; a failure brings it back."""
    note = state.project_note(content.intent.project)
    return () if note is None or note.target != content.target else note.references


def _note_of(content: OrderContent, references: tuple[str, ...]) -> ProjectNote:
    by = content.order if content.reach is not None else None
    return ProjectNote(
        content.intent.project,
        content.plan.connector,
        content.target,
        content.plugin,
        content.reach,
        by,
        references,
    )


def _converged(
    connector: TargetConnector, content: OrderContent, host: Host, state: StateDirectory
) -> tuple[Running, ...]:
    """What runs once it is done. Where a host that was reached is lost in the middle, nobody knows how
    far it came: it is done again, as after a crash. Raises what the connector refuses with, and what
    keeps the host from being reached again.
    """
    for wait_s in (*_AGAIN_AFTER_S, None):
        try:
            return _done(connector, content, host, state)
        except Severed as cut:
            host.log(f"{cut.refusal.code}: {cut.refusal}")
            if wait_s is None or not cut.refusal.retry_may_help:
                raise cut.refusal from cut
            host.wait(wait_s)
    raise AssertionError("the last try returns or raises")


def _done(
    connector: TargetConnector, content: OrderContent, host: Host, state: StateDirectory
) -> tuple[Running, ...]:
    if content.reach is not None:
        # Only what was let in there once is looked at between orders, with the secrets that this takes.
        host.read(STICKER_FILE)
    state.note_project(_note_of(content, named_before(content, state)))
    if content.purpose is Purpose.TAKE_DOWN:
        return _take_down(connector, content, host)
    connector.apply(content.intent, content.plan, host)
    _place_sticker(content, host)
    return running_of(content.plan.connector, connector, content.intent.project, host)


def refused(
    refusal: StellaError, begun_at: datetime, ended_at: datetime, running: tuple[Running, ...] = ()
) -> OrderResult:
    """A refusal as the end of an order: a verdict, or it could not be tried."""
    is_errored = (
        refusal.fault in _ERRORED
        or refusal.code.startswith(_OF_PLUGINS)
        or isinstance(refusal, CannotTakeDown)
    )
    outcome = OrderOutcome.ERRORED if is_errored else OrderOutcome.FAILED
    message = refusal.told[:_MESSAGE_LENGTH_MAX]
    return OrderResult(outcome, begun_at, ended_at, refusal.code, message, running)


def _take_down(
    connector: TargetConnector, content: OrderContent, host: Host
) -> tuple[Running, ...]:
    """Take away what runs of the project; whatever the connector did, the sticker says so only then.

    Raises CannotTakeDown, StillRuns, and what the connector refuses with.
    """
    kind, project = content.plan.connector, content.intent.project
    taking = taking_down(connector)
    if taking is None:
        raise CannotTakeDown(
            f"the connector {kind} cannot take down what it started",
            remedy=Remedy("Use a version of it that can, or remove it on the host by hand."),
            connector=kind,
        )
    taking.remove(content.intent, content.plan, host)
    left = running_of(kind, connector, project, host)
    if left:
        raise StillRuns(
            f"{', '.join(one.name for one in left[:5])} of {project} is still there",
            remedy=Remedy("Look at the host, then take it down again.", "docker ps --all"),
            project=project,
        )
    _place_sticker(content, host)
    return left


def _place_sticker(content: OrderContent, host: Host) -> None:
    is_planned = any(action.verb == "place_sticker" for action in content.plan.actions)
    if is_planned and content.sticker is not None:
        path = host.write(STICKER_FILE, content.sticker.encode())
        host.log(f"sticker placed at {path}")


def _succeeded(begun_at: datetime, ended_at: datetime, running: tuple[Running, ...]) -> OrderResult:
    return OrderResult(OrderOutcome.SUCCEEDED, begun_at, ended_at, running=running)


def _running_anyway(
    connectors: Connectors, content: OrderContent, host: Host
) -> tuple[Running, ...]:
    """What runs after a failure, where that can be seen at all."""
    kind = content.plan.connector
    try:
        connector = unbroken(kind, lambda: connectors.target(kind))
        return running_of(kind, connector, content.intent.project, host)
    except (StellaError, Severed) as refusal:
        host.log(f"what runs now cannot be seen: {refusal}")
        return ()
