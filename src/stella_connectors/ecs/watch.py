"""What ECS does with a service, watched until it is steady, has failed, or went back."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stella.sdk import (
    Host,
    PullDigestMismatch,
    PullFailed,
    Remedy,
    ServiceUnreachable,
    StellaError,
    UnhealthyAfterStart,
)
from stella.sdk.pulls import says_tampered
from stella_connectors.ecs.api import Ecs

COMPLETED, FAILED = "COMPLETED", "FAILED"
_POLL_S = 2.0
_GONE_S = 300.0
_CRASHED, _NOT_STARTED = "EssentialContainerExited", "TaskFailedToStart"
_BY_SCHEDULER = "ServiceSchedulerInitiated"
_CRASHES_MIN = 3
_PULL = "CannotPullContainerError"
_TOLD_MAX = 10
_FAILED_EVENT = "deployment failed"


class Watch:
    """timeout_s: for one rollout. has_breaker: ECS counts failures itself, but for crashes."""

    def __init__(self, ecs: Ecs, host: Host, timeout_s: float, *, has_breaker: bool = True) -> None:
        self._counted = {_CRASHED} if has_breaker else {_CRASHED, _NOT_STARTED, _BY_SCHEDULER}
        self._ecs = ecs
        self._host = host
        self._timeout_s = timeout_s
        self._told: set[str] = set()
        self._events: list[str] = []

    def rollout(self, arn: str) -> str:
        """How the rollout to that task definition ended: empty where it is steady, else why not.

        Raises ServiceUnreachable where the service is gone.
        """
        until = time.monotonic() + self._timeout_s
        said = ""
        before = frozenset(str(one.get("taskArn")) for one in self._ecs.tasks(stopped=True))
        while True:
            service = self.look()
            deployments: Sequence[Mapping[str, Any]] = service.get("deployments") or ()
            mine = next((one for one in deployments if one.get("taskDefinition") == arn), None)
            if mine is None or (mine.get("status") != "PRIMARY" and not _is_failed(mine)):
                # ECS may have taken it back already, and forgotten it but for its events.
                told = next((one for one in reversed(self._events) if _FAILED_EVENT in one), "")
                return told or "it is no more what the service shall run"
            line = _line(mine)
            if line != said:
                said = line
                self._host.log(line)
            if _is_failed(mine):
                return str(mine.get("rolloutStateReason") or "its tasks failed")
            if mine.get("rolloutState", _state_of(deployments)) == COMPLETED:
                return ""
            hopeless = self._hopeless(arn, before, int(service.get("desiredCount") or 0))
            if hopeless:
                return hopeless
            if time.monotonic() > until:
                return f"it was not steady after {self._timeout_s:g} s"
            self._host.wait(_POLL_S)

    def look(self) -> dict[str, Any]:
        """The service now; its new events are logged. Raises ServiceUnreachable where it is gone."""
        service = self._ecs.service()
        if service is None:
            raise ServiceUnreachable(
                "the service is gone from ECS",
                remedy=Remedy("See who deleted it; then deploy again."),
                service="ecs",
            )
        for event in reversed(service.get("events") or ()):
            if event.get("id") not in self._told:
                self._told.add(event.get("id"))
                self._events.append(str(event.get("message")))
                self._host.log(self._events[-1])
        return service

    def since(self, service: Mapping[str, Any], last: int) -> None:
        """What the service has told until now is known, but for the ``last`` events."""
        events = service.get("events") or ()
        self._told |= {event.get("id") for event in events[last:]}

    def gone(self) -> None:
        """Until the service is no more, or inactive."""
        until = time.monotonic() + _GONE_S
        while self._ecs.service() is not None:
            if time.monotonic() > until:
                raise ServiceUnreachable(
                    f"ECS has not stopped the service after {_GONE_S:g} s",
                    remedy=Remedy("See its events."),
                    service="ecs",
                )
            self._host.wait(_POLL_S)

    def _hopeless(self, arn: str, before: frozenset[str], count: int) -> str:
        """Why waiting on makes no sense, where ECS itself would go on; empty while it does.

        Its breaker counts tasks that do not get as far as RUNNING or fail a health check, and none that
        run and then end, again and again.
        """
        ended = [one for one in self._ecs.tasks(stopped=True) if one.get("taskArn") not in before]
        if any(map(says_tampered, _reasons(ended, arn))):
            return "a task got other bytes than the digest promises"
        crashed = [
            one
            for one in ended
            if one.get("taskDefinitionArn") == arn
            and one.get("stopCode") in self._counted
            and (one["stopCode"] != _BY_SCHEDULER or _is_sick(one))
        ]
        if len(crashed) >= max(_CRASHES_MIN, math.ceil(count / 2)):
            return f"{len(crashed)} of its tasks ended by themselves"
        return ""

    def why(self, arn: str) -> StellaError | None:
        """Why tasks of that definition ended, as they tell."""
        told = [*dict.fromkeys(_reasons(self._ecs.tasks(stopped=True), arn))]
        for line in told[-_TOLD_MAX:]:
            self._host.log(line)
        bad = next((one for one in told if says_tampered(one)), None)
        if bad is not None:
            return PullDigestMismatch(
                f"digest mismatch: a task got other bytes than the digest promises ({bad[:300]})",
                remedy=Remedy(
                    "Take the registry for tampered with or broken; compare it with a copy."
                ),
            )
        pull = next((one for one in told if _PULL in one), None)
        if pull is not None:
            return PullFailed(
                f"a task could not pull its image: {pull[:300]}",
                remedy=Remedy(
                    "See that ECS reaches the registry, may pull, and the image is there."
                ),
            )
        if told:
            return UnhealthyAfterStart(
                f"its tasks do not stay: {told[-1][:300]}",
                remedy=Remedy("Read what its tasks say in the deployment's log."),
            )
        return None


def _state_of(deployments: Sequence[Mapping[str, Any]]) -> str:
    """How a rollout stands of which ECS does not say so: of a service behind a Classic Load Balancer."""
    one = deployments[0]
    is_up = one.get("runningCount") == one.get("desiredCount") and not one.get("pendingCount")
    return COMPLETED if len(deployments) == 1 and is_up else "IN_PROGRESS"


def _is_failed(deployment: Mapping[str, Any]) -> bool:
    return deployment.get("rolloutState") == FAILED


def _reasons(tasks: Iterable[Mapping[str, Any]], arn: str) -> Iterable[str]:
    for one in tasks:
        if one.get("taskDefinitionArn") != arn:
            continue
        if one.get("stopCode") not in {_BY_SCHEDULER, "UserInitiated"} or _is_sick(one):
            texts = [one.get("stoppedReason")]
            texts += [container.get("reason") for container in one.get("containers") or ()]
            yield from (str(text) for text in texts if text)


def _is_sick(task: Mapping[str, Any]) -> bool:
    """Whether a health check ended it, and no scaling."""
    return str(task.get("stoppedReason") or "").startswith("Task failed")


def _line(one: Mapping[str, Any]) -> str:
    failed = f", {one['failedTasks']} failed" if one.get("failedTasks") else ""
    return (
        f"{one.get('rolloutState', 'rolling out')}: {one.get('runningCount', 0)} of"
        f" {one.get('desiredCount', 0)} tasks run, {one.get('pendingCount', 0)} begin{failed}"
    )
