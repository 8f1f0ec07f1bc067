"""What Nomad does with a job, watched to its end: evaluation, deployment, allocations."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stella.sdk import (
    Host,
    PullDigestMismatch,
    PullFailed,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
    StellaError,
    UnhealthyAfterStart,
)
from stella.sdk.pulls import says_tampered
from stella_connectors.nomad.api import Nomad

SUCCESSFUL, FAILED, CANCELLED = "successful", "failed", "cancelled"
_ENDS = frozenset({SUCCESSFUL, FAILED, CANCELLED})
_POLL_S = 0.25
_FIND_S = 30.0
_GONE_S = 300.0
# Events of a task that say why it does not run; Nomad's client, "Task Events".
_TELLING = frozenset(
    {
        "Alloc Unhealthy",
        "Driver Failure",
        "Failed Artifact Download",
        "Failed Validation",
        "Setup Failure",
        "Template",
        "Terminated",
    }
)


class Watch:
    """timeout_s: for one deployment; it is failed then, and Nomad does what the job says of that.

    promotes_itself: groups whose canaries are left to Nomad.
    """

    def __init__(
        self,
        nomad: Nomad,
        host: Host,
        timeout_s: float,
        promotes_itself: frozenset[str] = frozenset(),
    ) -> None:
        self._nomad = nomad
        self._host = host
        self._timeout_s = timeout_s
        self._promotes_itself = promotes_itself

    def evaluation(self, evaluation: str) -> Mapping[str, Any]:
        """The evaluation, once it is decided. Raises UnhealthyAfterStart where that failed."""
        index, until = 0, time.monotonic() + self._timeout_s
        while True:
            seen = self._nomad.evaluation(evaluation, index)
            one: Mapping[str, Any] = seen.value or {}
            index = seen.index
            status = one.get("Status")
            if status in {"complete", "blocked"}:
                for group, why in (one.get("FailedTGAllocs") or {}).items():
                    self._host.log(f"no node has room for {group}: {_placement(why)}")
                return one
            if status in {"failed", "canceled"}:
                raise UnhealthyAfterStart(
                    f"Nomad's evaluation {evaluation[:8]} {status}: {one.get('StatusDescription')}",
                    remedy=Remedy("See why.", f"nomad eval status {evaluation[:8]}"),
                )
            self._pause(index, until, f"the evaluation {evaluation[:8]} is undecided")

    def deployment_of(self, version: int, evaluation: Mapping[str, Any] | None) -> str | None:
        """The deployment of that version of the job; None where Nomad makes none."""
        until = time.monotonic() + _FIND_S
        while True:
            latest = self._nomad.latest_deployment()
            if latest is not None and latest.get("JobVersion") == version:
                return str(latest["ID"])
            if evaluation is not None and not evaluation.get("DeploymentID"):
                return None
            if time.monotonic() > until:
                return None
            self._host.wait(_POLL_S)

    def deployment(self, deployment: str) -> Mapping[str, Any]:
        """The deployment once it has ended; canaries are promoted when all of them are healthy."""
        index, said, is_failed = 0, "", False
        until = time.monotonic() + self._timeout_s
        self._host.log(f"watching Nomad's deployment {deployment[:8]}")
        while True:
            seen = self._nomad.deployment(deployment, index)
            one: Mapping[str, Any] = seen.value or {}
            index = seen.index
            line = _line(one)
            if line != said:
                said = line
                self._host.log(line)
            if one.get("Status") in _ENDS:
                return one
            if not is_failed and self._is_hopeless(one, until):
                is_failed = True
                until = time.monotonic() + self._timeout_s
                self._ask("failing", lambda: self._nomad.fail(deployment), deployment)
            elif self._may_be_promoted(one):
                self._ask("promoting", lambda: self._nomad.promote(deployment), deployment)
            self._pause(index, until + _GONE_S, f"the deployment {deployment[:8]} does not end")

    def gone(self) -> None:
        """Until nothing of the job runs. Raises ServiceUnreachable where that takes too long."""
        until = time.monotonic() + _GONE_S
        while any(is_there(one) for one in self._nomad.allocations()):
            if time.monotonic() > until:
                raise ServiceUnreachable(
                    f"Nomad has not stopped the job after {_GONE_S:g} s",
                    remedy=Remedy("See why on its nodes.", "nomad job status"),
                    service="nomad",
                )
            self._host.wait(_POLL_S)

    def why(self, version: int) -> StellaError | None:
        """Why the allocations of that version do not run, from what their tasks tell."""
        told = [*_events(self._nomad.allocations(), version)]
        for line in told[-20:]:
            self._host.log(line)
        bad = next((one for one in told if says_tampered(one)), None)
        if bad is not None:
            return PullDigestMismatch(
                f"digest mismatch: a node got other bytes than the digest promises ({bad[:300]})",
                remedy=Remedy(
                    "Take the registry for tampered with or broken; compare it with a copy."
                ),
            )
        pull = next((one for one in told if "failed to pull" in one.lower()), None)
        if pull is not None:
            return PullFailed(
                f"a node could not pull its image: {pull[:300]}",
                remedy=Remedy("See that the nodes reach the registry and the image is there."),
            )
        return None

    def _is_hopeless(self, one: Mapping[str, Any], until: float) -> bool:
        """Whether waiting on makes no sense: changed bytes stay changed; or it took too long."""
        told = _events(self._nomad.allocations(), int(one.get("JobVersion") or 0))
        if any(map(says_tampered, told)):
            self._host.log("a node got other bytes than the digest promises: failing it")
            return True
        if time.monotonic() > until:
            self._host.log(f"not done after {self._timeout_s:g} s: failing it")
            return True
        return False

    def _may_be_promoted(self, one: Mapping[str, Any]) -> bool:
        """Whether all canaries are there and healthy, and it is not Nomad itself that promotes them."""
        waiting = [
            state
            for group, state in (one.get("TaskGroups") or {}).items()
            if (state.get("DesiredCanaries") or 0) > 0
            and not state.get("Promoted")
            and group not in self._promotes_itself
        ]
        return bool(waiting) and all(
            len(state.get("PlacedCanaries") or ()) >= state["DesiredCanaries"]
            and state.get("HealthyAllocs", 0) >= state["DesiredCanaries"]
            for state in waiting
        )

    def _ask(self, doing: str, what: Callable[[], None], deployment: str) -> None:
        """Where Nomad does not take it, as where it has ended meanwhile, it goes on being watched."""
        self._host.log(f"{doing} {deployment[:8]}")
        try:
            what()
        except (ServiceRefused, ServiceUnreachable) as refusal:
            self._host.log(f"{refusal.code}: {refusal}")
            self._host.wait(1.0)

    def _pause(self, index: int, until: float, what: str) -> None:
        if time.monotonic() > until:
            raise ServiceUnreachable(
                f"Nomad does not decide: {what}",
                remedy=Remedy("See what its servers do.", "nomad server members"),
                service="nomad",
            )
        if not index:  # nothing to block on
            self._host.wait(_POLL_S)


def is_there(allocation: Mapping[str, Any]) -> bool:
    """Whether it runs, or may still begin to."""
    return allocation.get("ClientStatus") in {"pending", "running", "unknown"}


def _events(allocations: Iterable[Mapping[str, Any]], version: int) -> Iterable[str]:
    for one in allocations:
        if one.get("JobVersion") != version:
            continue
        for task, state in sorted((one.get("TaskStates") or {}).items()):
            for event in state.get("Events") or ():
                if event.get("Type") in _TELLING:
                    text = event.get("DisplayMessage") or event.get("Message") or ""
                    yield f"{one.get('Name')} {task} | {event['Type']}: {text}"


def _line(one: Mapping[str, Any]) -> str:
    groups = []
    for name, state in sorted((one.get("TaskGroups") or {}).items()):
        healthy, total = state.get("HealthyAllocs", 0), state.get("DesiredTotal", 0)
        canaries = state.get("DesiredCanaries") or 0
        waits = f", {canaries} canaries" if canaries and not state.get("Promoted") else ""
        sick = f", {state['UnhealthyAllocs']} unhealthy" if state.get("UnhealthyAllocs") else ""
        groups.append(f"{name} {healthy} of {total} healthy{sick}{waits}")
    return f"{one.get('StatusDescription') or one.get('Status')}: {'; '.join(groups)}"


def _placement(why: Mapping[str, Any]) -> str:
    reasons = {**(why.get("ConstraintFiltered") or {}), **(why.get("DimensionExhausted") or {})}
    told = ", ".join(f"{name} ({count} nodes)" for name, count in sorted(reasons.items()))
    return told or f"{why.get('NodesEvaluated', 0)} nodes were looked at"
