"""What deliveries lead to: the queue, handled in the order in which it came, some at a time.

Each is handled in the transaction that says so: killed in the middle, it is queued still.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from stella.app.runs.firing import start_told
from stella.blob import Blobs
from stella.environment.followed.model import Followed
from stella.environment.followed.push import ask_for_looks, followers_of
from stella.environment.followed.store import list_followed
from stella.finding.scan import request_scan
from stella.hub.deliveries import end_deliveries, find_delivery, waiting_deliveries
from stella.hub.delivery import WAITS_S, Delivery, failed, handled
from stella.hub.lifecycle import DeliveryState
from stella.hub.store import find_integration
from stella.identity import NoSuchUser, Permission, permissions_of, user_by_name
from stella.image import MalformedReference, Reference, parse_reference
from stella.kernel import Json, StellaError, time_text
from stella.plugin.contract.ci import BuildState
from stella.plugin.contract.webhook import EndedBuild, PressedChoice, PushedCommits, PushedImage
from stella.plugin.wire import from_wire
from stella.promotion.approval.approve import approve_promotion, reject_promotion
from stella.promotion.model import Person
from stella.record import Bell, Database, Tx
from stella.record.errors import DatabaseUnusable
from stella.release.push import take_push
from stella.trust import Signer
from stella.workflow.definition.kinds import Kinds

T = TypeVar("T")
_TOGETHER = 50
_SHOWN_MAX = 5
_LEAD_ON = frozenset({"images", "builds", "commits"})
"""What of a delivery something may follow from."""

_log = logging.getLogger("stella.webhooks")


@dataclass(frozen=True, slots=True)
class Handling:
    """What handling needs from outside.

    kinds: the types of steps that workflows have now. may_press: whether buttons approve and reject.
    looks: rung when a followed repository is to be looked at now.
    """

    database: Database
    blobs: Blobs
    signer: Signer
    kinds: Callable[[], Kinds]
    may_press: bool = False
    looks: Bell = field(default_factory=Bell)


def handle_waiting(handling: Handling, is_over: Callable[[], bool]) -> int:
    """Handle every delivery whose time has come; how many. Another thread must not do so as well."""
    done, woken = 0, frozenset[str]()
    while not is_over():
        with handling.database.transaction(actor="webhook") as tx:
            waiting = waiting_deliveries(tx, _TOGETHER)
            followed = _followed(tx, waiting)
            meant = _meant(followed, [one for one in waiting if one.id not in woken])
            plain = () if meant else _until_choices(waiting)
            end_deliveries(tx, [_ended(tx, handling, one, followed) for one in plain])
        if meant:
            # Apart, and before: a look holds its repository's row while it applies what images and
            # builds change too. Killed between the two, it is woken twice.
            _wake(handling, meant)
            woken = frozenset(one.id for one in waiting)
            continue
        done += len(plain)
        if len(plain) < len(waiting):
            _handle_choices(handling, waiting[len(plain)])
            done += 1
        elif len(waiting) < _TOGETHER:
            return done  # those were all; whatever came since has rung
    return done


def _followed(tx: Tx, deliveries: Sequence[Delivery]) -> tuple[Followed, ...]:
    """What is followed, read once for all of them; nothing where none speaks of commits."""
    if not any("commits" in one.content for one in deliveries):
        return ()
    return tuple(one.followed for one in list_followed(tx).values())


def _meant(followed: Sequence[Followed], deliveries: Sequence[Delivery]) -> list[str]:
    """Those of ``followed`` to which these say that something was pushed."""
    if not followed:
        return []
    pushes = [
        (pushed.repository, pushed.reference)
        for one in deliveries
        if "commits" in one.content
        for pushed in _read(PushedCommits, one.content, "commits")
    ]
    return followers_of(followed, pushes)


def _wake(handling: Handling, names: Sequence[str]) -> None:
    with handling.database.transaction(actor="webhook") as tx:
        ask_for_looks(tx, names)
    handling.looks.ring()


def _until_choices(waiting: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
    """Those before the first one that somebody pressed: that one is done in their own name."""
    for number, one in enumerate(waiting):
        if "choices" in one.content:
            return waiting[:number]
    return waiting


def _ended(
    tx: Tx, handling: Handling, delivery: Delivery, followed: Sequence[Followed]
) -> Delivery:
    """How it stands once it was tried; what it led to is stored, or nothing of it."""
    try:
        if not _LEAD_ON & delivery.content.keys():
            return handled(tx, delivery, _done(tx, delivery, followed))  # it only says something
        with tx.part():
            outcome = _done(tx, delivery, followed)
            started = start_told(tx, handling.kinds, delivery)
            outcome += "".join(f"; {one.trigger}: {one.run or one.code}" for one in started)
    except DatabaseUnusable:
        raise
    except Exception as error:  # noqa: BLE001 - one delivery's trouble is not the others'
        return _failed(tx, delivery, error)
    return handled(tx, delivery, outcome)


def _failed(tx: Tx, delivery: Delivery, error: Exception) -> Delivery:
    if isinstance(error, StellaError):
        why, may_help = f"{error} ({error.code})", error.retry_may_help
    else:
        _log.error("the delivery %s", delivery.id, exc_info=error)
        why, may_help = f"a bug here: {type(error).__name__}", True
    wait_s = WAITS_S[min(delivery.attempts, len(WAITS_S) - 1)]
    next_at = time_text(tx.now + timedelta(seconds=wait_s)) if may_help else None
    return failed(tx, delivery, why, next_at)


# ---------------------------------------------------------------- images, commits, builds


def _done(tx: Tx, delivery: Delivery, followed: Sequence[Followed]) -> str:
    told = [
        *(_image(tx, one) for one in _read(PushedImage, delivery.content, "images")),
        *(_commits(one) for one in _read(PushedCommits, delivery.content, "commits")),
        *(_build(tx, one) for one in _read(EndedBuild, delivery.content, "builds")),
    ]
    more = len(told) - _SHOWN_MAX
    said = "; ".join(told[:_SHOWN_MAX]) + (f"; and {more} more" if more > 0 else "")
    meant = _meant(followed, [delivery])
    return f"{said}; looked at: {', '.join(meant[:_SHOWN_MAX])}" if meant else said


def _image(tx: Tx, pushed: PushedImage) -> str:
    if not pushed.host:
        return f"{pushed.repository}:{pushed.tag} was pushed, of which registry is not said"
    text = f"{pushed.host}/{pushed.repository}:{pushed.tag}@{pushed.digest}"
    image = _reference(text)
    if image is None or image.host != pushed.host:
        return f"what was pushed is no image reference: {text}"
    named = take_push(tx, image, pushed.at)
    if named is None:
        return f"{pushed.repository}:{pushed.tag} was pushed before what the tag names now"
    return f"{pushed.repository}:{pushed.tag} was pushed, {pushed.digest[:19]}"


def _commits(pushed: PushedCommits) -> str:
    by = f" by {pushed.by}" if pushed.by else ""
    what = "was removed" if not pushed.after.strip("0") else f"is {pushed.after[:12]} now"
    return f"{pushed.reference} of {pushed.repository} {what}{by}"


def _build(tx: Tx, build: EndedBuild) -> str:
    told = f"build {build.build} of {build.pipeline} {build.state.value}"
    if build.commit:
        told += f" at {build.commit[:12]}"
    if build.state is not BuildState.SUCCEEDED or not build.images:
        return told
    noted = [one for one in build.images if _note(tx, one)]
    return f"{told}, images: {len(noted)} of {len(build.images)} are scanned"


def _note(tx: Tx, text: str) -> bool:
    """Scan a build's image; where it says a tag, that names it now."""
    image = _reference(text)
    if image is None or image.digest is None:
        return False
    if image.tag is None:
        request_scan(tx, text, "push")
        return True
    return take_push(tx, image) is not None


# ---------------------------------------------------------------- choices


def _handle_choices(handling: Handling, delivery: Delivery) -> None:
    """What somebody pressed, done as if they had asked here, by the same rules."""
    try:
        _press(handling, delivery.id)
    except DatabaseUnusable:
        raise
    except Exception as error:  # noqa: BLE001 - one delivery's trouble is not the others'
        with handling.database.transaction(actor="webhook") as tx:
            now = find_delivery(tx, delivery.id, lock=True)
            if now.state is DeliveryState.QUEUED:
                end_deliveries(tx, [_failed(tx, now, error)])


def _press(handling: Handling, delivery: str) -> None:
    with handling.database.read() as tx:
        waiting = find_delivery(tx, delivery)
        choices = _read(PressedChoice, waiting.content, "choices")
        person, why = None, "the setting button_approvals is off, and nothing was done"
        if handling.may_press:
            person, why = _presser(tx, waiting.integration, choices)
    actor = person.id if person is not None else "webhook"
    with handling.database.transaction(actor=actor) as tx:
        now = find_delivery(tx, delivery, lock=True)
        if now.state is not DeliveryState.QUEUED:
            return  # another server was first
        if person is None:
            told = [f"{one.by} pressed {one.choice}: {why}" for one in choices]
        else:
            source = f"by a button ({waiting.integration})"
            told = [_pressed(handling, tx, person, one, source) for one in choices]
        end_deliveries(tx, [handled(tx, now, "; ".join(told[:_SHOWN_MAX]))])


def _presser(
    tx: Tx, integration: str, choices: Sequence[PressedChoice]
) -> tuple[Person | None, str]:
    """The user here who pressed; else why there is none."""
    if len({one.by for one in choices}) != 1:
        return None, "several people pressed in one delivery, and nothing was done"
    known = find_integration(tx, integration).integration.config.get("people")
    name = known.get(choices[0].by) if isinstance(known, Mapping) else None
    if not isinstance(name, str):
        return None, "nobody here: `people` of the integration does not name them"
    try:
        user = user_by_name(tx, name)
    except NoSuchUser:
        return None, f"`people` names {name}, and there is no such user"
    if user.disabled:
        return None, f"the user {name} is disabled"
    if Permission.PROMOTION_APPROVE not in permissions_of(user.roles):
        return None, f"the user {name} may not approve"
    return Person(user.id, user.name, tuple(role.value for role in user.roles)), ""


def _pressed(
    handling: Handling, tx: Tx, person: Person, pressed: PressedChoice, source: str
) -> str:
    """What came of it. source: kept as the comment, so that evidence shows how it was given."""
    promotion, _, plan = pressed.key.partition("@")
    comment = f"{source}: {pressed.comment}" if pressed.comment else source
    told = f"{person.name} pressed {pressed.choice} of {promotion}"
    try:
        with tx.part():
            if pressed.choice == "approve":
                approve_promotion(
                    tx,
                    person,
                    promotion,
                    plan_digest=plan,
                    comment=comment,
                    blobs=handling.blobs,
                    signer=handling.signer,
                )
            elif pressed.choice == "reject":
                reject_promotion(tx, person, promotion, comment)
            else:
                return f"{told}, which means nothing here"
    except DatabaseUnusable:
        raise
    except StellaError as refusal:
        return f"{told}: not done, {refusal} ({refusal.code})"
    return f"{told}: done"


def _reference(text: str) -> Reference | None:
    try:
        return parse_reference(text)
    except MalformedReference:
        return None


def _read(kind: type[T], content: Mapping[str, Json], name: str) -> list[T]:
    found = content.get(name) or []
    assert isinstance(found, list), "as it was written"
    return [from_wire(kind, one) for one in found]
