"""The whole release flow on one page: fact -> the use cases that follow from it.

A handler is a use case in a transaction of its own, done at least once: the fact's id is its cause,
and what a cause has left already is not left again. A wait (for a person, a scan, an agent) is the
state of a row; the fact that ends it is a line of this table.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from stella.app.carrying import ServerStops, Work
from stella.app.going_on import (
    go_on_after_hold,
    go_on_from,
    go_on_into,
    go_on_through,
    stop_at_hold,
)
from stella.app.heard import (
    beside_image,
    index_scanned,
    judge_all_standings,
    judge_all_tested,
    judge_new_standing,
    judge_standings,
    judge_tested,
    judge_tested_standings,
    judge_weighed,
    tests_beside,
    weigh_all,
    weigh_fed,
    weigh_scanned,
    weigh_touched,
)
from stella.app.judged_anew import (
    judge_after,
    judge_before_end,
    judge_of_commits,
    judge_of_environment,
    judge_of_lifecycle,
    judge_of_on_call,
    judge_of_release,
    judge_of_revision,
    judge_scanned,
)
from stella.app.parts import end_part, planned_part
from stella.app.runs.events import HEARD
from stella.app.runs.firing import start_triggered
from stella.app.runs.take import (
    begin_next_run,
    take_node,
    wake_by_message,
    wake_by_promotion,
    wake_by_scan,
    wake_parent,
)
from stella.app.step_calls import attempt_step, worn_out
from stella.app.tickets import look_up_asked
from stella.blob.errors import BlobsUnusable
from stella.deployment.errors import AgentSilent
from stella.deployment.finish import finish_step, order_target, take_target
from stella.deployment.plan import (
    plugin_of_target,
    reach_of_target,
    read_plan,
    target_plan_of,
)
from stella.deployment.start import next_turn, take_turn
from stella.deployment.step_store import find_step
from stella.deployment.steps import begin_step, is_worn_out, note_trouble
from stella.deployment.store import (
    TargetDeployment,
    find_deployment,
    find_target,
    list_target_deployments,
)
from stella.evidence.keep import keep_deployment_packet, keep_promotion_packet
from stella.evidence.keep_take_down import keep_take_down_packet
from stella.finding.chain import keep_chain
from stella.finding.lifecycle import ScanState
from stella.finding.scan import record_scan, record_scan_failure, request_scan, scan_now
from stella.finding.store import scan_by_id, scan_of_platform
from stella.fleet import find_order, issue_order, read_log
from stella.kernel import Digest, Remedy, StellaError, time_text
from stella.ledger import LedgerTaken
from stella.ledger.errors import LedgerUnusable
from stella.notify import queue_messages
from stella.notify.events import FACTS as TOLD
from stella.plugin.order import Purpose
from stella.plugin.planned import refuse_unplanned
from stella.promotion.close import Ending, close_promotion, let_go
from stella.promotion.lifecycle import State
from stella.promotion.store import every_promotion
from stella.record import StoredFact, Tx, fact_by_id, seal
from stella.record.errors import DatabaseUnusable, NotSealedYet
from stella.release.store import find_release
from stella.sbom import traits_of_sbom
from stella.tested.apply import take_attached_tests
from stella.vex.apply import take_attached_vex
from stella.workflow import Step

_TROUBLES = (DatabaseUnusable, BlobsUnusable, NotSealedYet, LedgerUnusable, LedgerTaken)
"""They pass: a full disk, a database that is away, another server that writes."""
_SCAN_ATTEMPTS = 3
_LOG_PAGE = 1000
_TROUBLE_WAIT_S = 2.0

_log = logging.getLogger("stella.flows")


Handler: TypeAlias = Callable[[Work, StoredFact], None]


def scan_image(work: Work, fact: StoredFact) -> None:
    """Scan what was pushed or asked for; a registry that does not answer is tried again."""
    with work.database.read(fact.tenant) as tx:
        asked = scan_by_id(tx, fact.subject)
    if asked is None or asked.state is not ScanState.PENDING:
        return
    host = asked.reference.partition("/")[0]
    for attempt in range(1, _SCAN_ATTEMPTS + 1):
        try:
            registry = work.open_registry(host)
            found = scan_now(
                registry,
                asked.reference,
                work.layers,
                blobs=work.blobs,
                signer=work.sbom_signer,
                snapshot=work.snapshot(),
            )
            beside = beside_image(registry, asked.reference, found)
            tests = tests_beside(registry, asked.reference, found)
            break
        except BlobsUnusable:
            raise  # a full disk says nothing about the image
        except StellaError as refusal:
            if refusal.retry_may_help and attempt < _SCAN_ATTEMPTS:
                time.sleep(work.wait_s * attempt)
                continue
            with work.because(fact) as tx:
                record_scan_failure(tx, fact.subject, refusal)
            return
    with work.because(fact) as tx:
        record_scan(tx, fact.subject, found)
        for one in found:
            traits = traits_of_sbom(work.blobs.get(Digest(one.sbom)))
            layers = traits.layers if traits else ()
            keep_chain(tx, one.platform_digest, asked.reference, layers, one.created)
            index_scanned(tx, work.blobs, one.platform_digest)
        take_attached_vex(
            tx,
            work.blobs,
            beside,
            own_keys=work.deciding.own_keys,
            scan=fact.subject,
            reference=asked.reference,
            image=found[0].image,
        )
        take_attached_tests(
            tx,
            work.blobs,
            tests,
            own_keys=work.deciding.own_keys,
            scan=fact.subject,
            reference=asked.reference,
        )


def scan_release(work: Work, fact: StoredFact) -> None:
    """Scan the images of a new release that nobody has scanned yet."""
    with work.because(fact) as tx:
        for component in find_release(tx, fact.subject).components:
            known = [scan_of_platform(tx, platform.digest) for platform in component.platforms]
            if None in known:
                request_scan(tx, component.pinned, "release")


def judge(work: Work, fact: StoredFact) -> None:
    """Judge a promotion's gates, unless images of it are being scanned: that comes first."""
    judge_scanned(work, fact, fact.subject)


def judge_what_waited(work: Work, fact: StoredFact) -> None:
    """A scan has ended: judge the promotions that waited for it."""
    with work.database.read(fact.tenant) as tx:
        waiting = list(every_promotion(tx, states=frozenset({State.EVALUATING})))
    for promotion in waiting:
        judge_scanned(work, fact, promotion.id)


def begin_deployment(work: Work, fact: StoredFact) -> None:
    """Deploy what was approved, or let it wait for its turn."""
    with work.because(fact) as tx:
        take_turn(tx, fact.subject, work.deciding, work.evidence_signer)
    begin_next(work, fact)


def begin_next(work: Work, fact: StoredFact) -> None:
    """The environment may be free: the first in its queue that still may go begins."""
    environment, goes_on = str(fact.data["environment"]), True
    while goes_on:
        with work.because(fact) as tx:
            goes_on = next_turn(tx, environment, work.deciding, work.evidence_signer)


def take_step(work: Work, fact: StoredFact) -> None:
    """A step's turn: call it, again where that may help, and tell how it ended."""
    while True:
        with work.because(fact) as tx:
            found = find_step(tx, fact.subject)
            if is_worn_out(found):
                finish_step(tx, found.id, worn_out(found))
                return
            begun = begin_step(tx, found.id)
            if begun is None:
                return
            deployment = find_deployment(tx, begun.deployment)
        plan = read_plan(work.blobs.get(Digest(deployment.plan)))
        how = attempt_step(work.call_step, plan, deployment, begun)
        if how.ending is not Ending.SUCCEEDED and work.stopping.is_set():
            raise ServerStops  # the plugin ended because the server does
        with work.because(fact) as tx:
            if not how.retry_may_help or begun.attempts >= begun.attempts_max:
                finish_step(tx, begun.id, how)
                return
            note_trouble(tx, begun.id, how.code, how.message)
        if work.stopping.wait(work.wait_s * begun.attempts):
            raise ServerStops


def send_order(work: Work, fact: StoredFact) -> None:
    """A target's turn: sign its order for its agent."""
    with work.because(fact) as tx:
        part = find_target(tx, fact.subject)
        planned, intent = planned_part(part, work.blobs.get(Digest(part.plan)))
        plugin = plugin_of_target(planned)
        try:
            if plugin is not None:
                refuse_unplanned(tx, plugin)
            order = issue_order(
                tx,
                work.order_signer,
                agent_name=part.agent,
                deployment=part.deployment,
                target=part.target,
                purpose=Purpose(part.purpose),
                intent=intent,
                plan=target_plan_of(planned),
                sticker=work.blobs.get(Digest(part.sticker)) if part.sticker else None,
                expires_at=tx.now + work.order_life,
                plugin=plugin,
                reach=reach_of_target(planned),
            )
        except StellaError as refusal:  # no such agent, or one not trusted; a plugin that may not
            end_part(tx, part, Ending.ERRORED, code=refusal.code, message=refusal.told)
            return
        order_target(tx, part.id, order.id, planned.project)


def note_taken(work: Work, fact: StoredFact) -> None:
    """The agent has begun."""
    with work.because(fact) as tx:
        take_target(tx, _ordered(tx, fact).id)


def end_target(work: Work, fact: StoredFact) -> None:
    """The agent has reported how it ended."""
    from stella.plugin.wire import to_wire

    with work.because(fact) as tx:
        result = find_order(tx, fact.subject).result
        assert result is not None, "a finished order has a result"
        running = [to_wire(one) for one in result.running]
        end_part(
            tx,
            _ordered(tx, fact),
            Ending(result.outcome.value),
            code=result.code or "",
            message=result.message or "",
            running=[one for one in running if isinstance(one, dict)],
        )


def expire_target(work: Work, fact: StoredFact) -> None:
    """Nobody carried it out in time."""
    was_taken = bool(fact.data["was_taken"])
    message = (
        "the agent took the order and was not heard again"
        if was_taken
        else "the agent did not take the order in time; is it running? (stella agent list)"
    )
    with work.because(fact) as tx:
        part = _ordered(tx, fact)
        end_part(tx, part, Ending.ERRORED, code=AgentSilent.code, message=message)


def close_with_deployment(ending: Ending, work: Work, fact: StoredFact) -> None:
    """The promotion ends as its deployment did."""
    with work.because(fact) as tx:
        close_promotion(tx, str(fact.data["promotion"]), fact.subject, ending)


def let_environment_go(work: Work, fact: StoredFact) -> None:
    """A promotion ended that may have been a rollback which never began."""
    with work.because(fact) as tx:
        let_go(tx, fact.subject)


def prove_promotion(work: Work, fact: StoredFact) -> None:
    """Close the packet of an ended promotion."""
    _seal(work, fact)
    with work.because(fact) as tx:
        keep_promotion_packet(tx, fact.subject, work.proving)


def prove_deployment(work: Work, fact: StoredFact) -> None:
    """Close the packet of an ended deployment."""
    _seal(work, fact)
    with work.because(fact) as tx:
        logs = _logs(tx, fact.subject)
        keep_deployment_packet(tx, fact.subject, logs, work.proving)


def prove_take_down(work: Work, fact: StoredFact) -> None:
    """Close the packet of an ended take-down."""
    _seal(work, fact)
    with work.because(fact) as tx:
        keep_take_down_packet(tx, fact.subject, _logs(tx, fact.subject), work.proving)


def publish_packet(work: Work, fact: StoredFact) -> None:
    """Log what a closed packet states, so that others can verify it by the log."""
    work.publishing.packet(fact)


def announce(work: Work, fact: StoredFact) -> None:
    """Queue what people are told of it. Who sends it is beside the flow, and never holds it up."""
    with work.because(fact) as tx:
        queue_messages(tx, fact, work.url, work.blobs)


_FLOWS: Mapping[str, Sequence[Handler]] = {
    "ScanRequested": (scan_image,),
    "ReleaseSealed": (scan_release,),
    "PromotionRequested": (look_up_asked, judge),
    "ImageScanned": (weigh_scanned, judge_what_waited, wake_by_scan),
    "ScanFailed": (judge_what_waited, wake_by_scan),
    "VexApplied": (weigh_touched,),
    "VexWithdrawn": (weigh_touched,),
    "VexFeedTaken": (weigh_fed,),
    "VexIssuerApplied": (weigh_all, judge_all_tested),
    "VexIssuerDeleted": (weigh_all, judge_all_tested),
    "TestResultTaken": (judge_tested, judge_tested_standings),
    "TestResultWithdrawn": (judge_tested, judge_tested_standings),
    "FindingsWeighed": (judge_weighed, judge_standings),
    "FindingsMatched": (judge_weighed, judge_standings),
    "PolicyApplied": (judge_all_standings,),
    "EnvironmentApplied": (judge_all_standings, go_on_into, judge_before_end),
    "EnvironmentHeld": (stop_at_hold,),
    "LifecycleApplied": (judge_of_lifecycle, go_on_through),
    "LifecycleDeleted": (judge_of_lifecycle,),
    "OnCallScheduleApplied": (judge_of_on_call,),
    "ShiftTaken": (judge_of_on_call,),
    "ShiftReturned": (judge_of_on_call,),
    "CommitsRecorded": (judge_of_commits,),
    "AddressAdded": (judge_of_commits,),
    "AddressRemoved": (judge_of_commits,),
    "EnvironmentResumed": (go_on_after_hold,),
    "ApprovalGiven": (judge,),
    "BreakGlassAgreed": (judge,),
    "ReleaseWithdrawn": (judge_of_release,),
    "ReleaseRevised": (judge_of_revision,),
    "WaiverApproved": (judge_of_environment, judge_new_standing),
    "WaiverEnded": (judge_of_environment, judge_new_standing),
    "WaiverLapsed": (judge_of_environment, judge_new_standing),
    "PromotionApproved": (begin_deployment,),
    "StepReady": (take_step,),
    "TargetReady": (send_order,),
    "OrderTaken": (note_taken,),
    "OrderFinished": (end_target,),
    "OrderExpired": (expire_target,),
    "DeploymentSucceeded": (
        partial(close_with_deployment, Ending.SUCCEEDED),
        judge_new_standing,
        go_on_from,
        prove_deployment,
    ),
    "DeploymentFailed": (partial(close_with_deployment, Ending.FAILED), prove_deployment),
    "DeploymentErrored": (partial(close_with_deployment, Ending.ERRORED), prove_deployment),
    "TakeDownSucceeded": (begin_next, prove_take_down),
    "TakeDownFailed": (begin_next, prove_take_down),
    "TakeDownErrored": (begin_next, prove_take_down),
    "PromotionBlocked": (let_environment_go, judge_after, wake_by_promotion, prove_promotion),
    "PromotionRejected": (let_environment_go, judge_after, wake_by_promotion, prove_promotion),
    "PromotionCancelled": (let_environment_go, judge_after, wake_by_promotion, prove_promotion),
    "PromotionExpired": (let_environment_go, judge_after, wake_by_promotion, prove_promotion),
    "PromotionSuperseded": (let_environment_go, judge_after, wake_by_promotion, prove_promotion),
    "PromotionErrored": (
        let_environment_go,
        begin_next,
        judge_after,
        wake_by_promotion,
        prove_promotion,
    ),
    "PromotionDeployed": (begin_next, judge_after, wake_by_promotion, prove_promotion),
    "PromotionFailed": (begin_next, judge_after, wake_by_promotion, prove_promotion),
    "MessageSent": (wake_by_message,),
    "MessageFailed": (wake_by_message,),
    "NodeReady": (take_node,),
    "RunSucceeded": (wake_parent, begin_next_run),
    "RunFailed": (wake_parent, begin_next_run),
    "EvidenceSealed": (publish_packet,),
    "RunErrored": (wake_parent, begin_next_run),
    "RunCancelled": (wake_parent, begin_next_run),
}
"""Fact -> what follows, in this order: what moves others on, then the packet of what ended.

A packet that cannot be closed ends the run of its fact, and nobody else waits for it.
"""

FLOWS: Mapping[str, Sequence[Handler]] = {
    kind: (
        *_FLOWS.get(kind, ()),
        *((start_triggered,) if kind in HEARD else ()),
        *((announce,) if kind in TOLD else ()),
    )
    for kind in sorted(_FLOWS.keys() | HEARD | TOLD)
}
"""The same, then the runs that triggers start, and last of all who is told. Kinds that are not listed
have no consequence.
"""

HANDLED = frozenset(FLOWS)
ONLY_HEARD = frozenset(kind for kind, does in FLOWS.items() if does == (start_triggered,))
"""From these nothing follows where no trigger and no step of a workflow hears of them."""


def steps_of(work: Work) -> dict[str, Sequence[Step]]:
    """The table for the durable runs: each handler as a step that takes the fact's id."""
    return {
        kind: tuple(_step(work, handler) for handler in handlers)
        for kind, handlers in FLOWS.items()
    }


def _step(work: Work, handler: Handler) -> Step:
    def step(fact_id: str) -> None:
        with work.database.read() as tx:
            fact = fact_by_id(tx, fact_id)
        assert fact is not None, f"the fact {fact_id} is gone"
        handler(work, fact)

    def patient_step(fact_id: str) -> None:
        # A disk that is full, a database that is away: not the fact's fault, and no reason to give
        # its consequences up. Whoever needs it done sees the same trouble, and ends it.
        while True:
            try:
                return step(fact_id)
            except _TROUBLES as trouble:
                if work.stopping.wait(_TROUBLE_WAIT_S):
                    raise ServerStops from trouble
                _log.warning("%s: %s (%s)", fact_id, trouble, trouble.code)

    plain = handler.func if isinstance(handler, partial) else handler
    patient_step.__name__ = getattr(plain, "__name__", "step")
    return patient_step


def _seal(work: Work, fact: StoredFact) -> None:
    """The fact has its place in the chain, so that a packet can hold it and all before it.

    Raises NotSealedYet where another server seals, and has not come to it.
    """
    seal(work.database, work.holder)
    with work.database.read(fact.tenant) as tx:
        found = fact_by_id(tx, fact.id)
    if found is None or found.position is None:
        raise NotSealedYet(
            f"another server seals, and has not sealed {fact.id} yet",
            remedy=Remedy("Wait: it is looked at again."),
            fact=fact.id,
        )


def _ordered(tx: Tx, fact: StoredFact) -> TargetDeployment:
    """The target deployment that an order is for."""
    wanted = (fact.data["target"], fact.data["purpose"])
    return next(
        one
        for one in list_target_deployments(tx, str(fact.data["deployment"]))
        if (one.target, one.purpose) == wanted
    )


def _logs(tx: Tx, deployment: str) -> dict[str, bytes]:
    """Target -> its log as text, one line a line, each with its time."""
    logs: dict[str, list[str]] = {}
    after = 0
    while True:
        page = read_log(tx, deployment, after=after, limit=_LOG_PAGE)
        for line in page:
            logs.setdefault(line.target, []).append(f"{time_text(line.at)} {line.line}\n")
            after = line.seq
        if len(page) < _LOG_PAGE:
            return {target: "".join(lines).encode() for target, lines in logs.items()}
