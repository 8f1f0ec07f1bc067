"""What of ECS's API is asked, and what its answers mean. Source: Amazon ECS API Reference, 2014-11-13."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from stella.sdk import (
    AwsSigning,
    Host,
    NotThere,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
    StellaError,
)
from stella.sdk.host_service import HostService, json_of
from stella_connectors.ecs.described import is_same
from stella_connectors.ecs.settings import Place, Wanted, tag_list, tagged_deployment

_TARGET = "AmazonEC2ContainerServiceV20141113"
_DESCRIBED_MAX = 100
_PAGES_MAX = 100
_WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0)
# Common error types of AWS, beside those of ECS.
_BUSY = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)
_NOT_THERE = frozenset({"ClusterNotFoundException", "ServiceNotFoundException"})
_BROKEN = frozenset({"ServerException", "InternalFailure", "ServiceUnavailable"})
_STALE = "ServiceNotActiveException"


class Ecs:
    """ECS of one region, as the host of an agent reaches it. is_looking: without patience."""

    def __init__(self, host: Host, place: Place, *, is_looking: bool = False) -> None:
        signing = AwsSigning(
            "ecs",
            place.region,
            place.access_key_id,
            place.secret_access_key,
            place.session_token,
        )
        service = HostService(
            host,
            place.endpoint,
            ca=place.ca,
            plain_http=place.plain_http,
            signing=signing,
            patience_s=120.0,
        )
        self._service = service.quick() if is_looking else service
        self._attempts = 1 if is_looking else len(_WAITS_S)
        self._host = host
        self._place = place

    # ------------------------------------------------------------ questions

    def service(self) -> dict[str, Any] | None:
        """The service with its tags; None where there is none, or no more."""
        told = self._ask("DescribeServices", services=[self._place.service], include=["TAGS"])
        found: list[dict[str, Any]] = told.get("services") or []
        return next((one for one in found if one.get("status") != "INACTIVE"), None)

    def tasks(self, *, stopped: bool = False) -> list[dict[str, Any]]:
        """Its tasks that shall run, or those that ended within the last hour."""
        listed = self._pages(
            "ListTasks",
            "taskArns",
            serviceName=self._place.service,
            desiredStatus="STOPPED" if stopped else "RUNNING",
        )
        arns = [*listed]
        found: list[dict[str, Any]] = []
        for at in range(0, len(arns), _DESCRIBED_MAX):
            part = arns[at : at + _DESCRIBED_MAX]
            found += self._ask("DescribeTasks", tasks=part, include=["TAGS"]).get("tasks") or ()
        return found

    def registered(self, wanted: Wanted) -> str | None:
        """The ARN of a revision of exactly that, where one of the last is it and has its tag."""
        told = self._call(
            "ListTaskDefinitions",
            {"familyPrefix": wanted.family, "sort": "DESC", "maxResults": 10},
        )
        for arn in told.get("taskDefinitionArns") or ():
            asked = {"taskDefinition": arn, "include": ["TAGS"]}
            one = self._call("DescribeTaskDefinition", asked)
            tags = {tag["key"]: tag.get("value") for tag in one.get("tags") or ()}
            if tags.get("stella.spec") != wanted.tags["stella.spec"]:
                continue
            # Whoever may register revisions may give them any tag: what it says is what counts.
            if is_same(wanted.task, one.get("taskDefinition") or {}):
                return str(arn)
            self._host.log(f"{arn} has the tag of what is wanted, and says something else")
        return None

    def version(self) -> str:
        """Whether it lets us in at all."""
        self._call("ListClusters", {"maxResults": 1})
        return "2014-11-13"

    # ------------------------------------------------------------ changes

    def register(self, wanted: Wanted, deployment: str) -> str:
        """A new revision with the sticker as its tags: its ARN."""
        tags = tag_list({**wanted.tags, **tagged_deployment(deployment)})
        told = self._call("RegisterTaskDefinition", {**wanted.task, "tags": tags}, changes=True)
        return str(told["taskDefinition"]["taskDefinitionArn"])

    def create(self, wanted: Wanted, arn: str, deployment: str) -> None:
        """The service. Twice for the same deployment makes one."""
        self._ask(
            "CreateService",
            **{
                **wanted.create,
                "serviceName": self._place.service,
                "taskDefinition": arn,
                "desiredCount": wanted.desired_count,
                "deploymentConfiguration": {
                    **wanted.create.get("deploymentConfiguration", {}),
                    **wanted.rollout,
                },
                "propagateTags": "TASK_DEFINITION",
                "tags": tag_list({**wanted.tags, **tagged_deployment(deployment)}),
                "clientToken": deployment[-36:],
            },
        )

    def update(self, wanted: Wanted, arn: str, count: int | None) -> None:
        """Bring the service to that task definition. Again it changes nothing."""
        more: dict[str, Any] = {} if count is None else {"desiredCount": count}
        if wanted.is_blue_green and "loadBalancers" in wanted.create:
            more["loadBalancers"] = wanted.create["loadBalancers"]
        self._ask(
            "UpdateService",
            service=self._place.service,
            taskDefinition=arn,
            deploymentConfiguration=wanted.rollout,
            propagateTags="TASK_DEFINITION",
            **more,
        )

    def tag(self, service: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """The sticker of the service itself."""
        asked = {"resourceArn": service["serviceArn"], "tags": tag_list(tags)}
        self._call("TagResource", asked)

    def scale(self, count: int) -> None:
        """Let so many tasks run."""
        self._ask("UpdateService", service=self._place.service, desiredCount=count)

    def delete(self) -> None:
        """The service, whatever still runs of it is stopped; its task definitions stay."""
        try:
            self._ask("DeleteService", service=self._place.service, force=True)
        except NotThere:
            return

    # ------------------------------------------------------------ exchanges

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._call(operation, {"cluster": self._place.cluster, **parameters})

    def _pages(self, operation: str, key: str, **parameters: Any) -> Iterator[str]:
        token: str | None = None
        for _ in range(_PAGES_MAX):
            more = {} if token is None else {"nextToken": token}
            told = self._ask(operation, **parameters, **more)
            yield from told.get(key) or ()
            token = told.get("nextToken")
            if not token:
                return
        raise _unreachable(f"{operation} has more than {_PAGES_MAX} pages")

    def _call(
        self, operation: str, parameters: Mapping[str, Any], *, changes: bool = False
    ) -> dict[str, Any]:
        """What it answers. changes: asked twice it does it twice. Raises what ``_refusal`` gives."""
        for attempt in range(self._attempts):
            answer = self._service.ask(
                "POST",
                "/",
                json.dumps(parameters).encode(),
                headers={
                    "Content-Type": "application/x-amz-json-1.1",
                    "X-Amz-Target": f"{_TARGET}.{operation}",
                },
                changes=changes,
            )
            told: Any = json_of(answer)
            if 200 <= answer.status < 300 and isinstance(told, dict):
                return told
            said = told if isinstance(told, dict) else {}
            kind = str(said.get("__type", "")).rpartition("#")[2].partition(":")[0]
            if kind not in _BUSY or attempt == self._attempts - 1:
                break
            self._host.wait(_WAITS_S[attempt])
        text = str(said.get("message") or said.get("Message") or "")[:300]
        raise _refusal(operation, answer.status, kind, text)


def _refusal(operation: str, status: int, kind: str, said: str) -> StellaError:
    what = f"{operation}: {kind or f'HTTP {status}'} {said}".rstrip()
    if kind in _NOT_THERE or kind == _STALE:
        return NotThere(
            f"ECS has no such thing for {what}",
            remedy=Remedy("Check the cluster, the service and the region."),
            service="ecs",
        )
    if kind in _BUSY or kind in _BROKEN or status >= 500 or not kind:
        return _unreachable(what)
    return ServiceRefused(
        f"ECS does not take {what}",
        remedy=Remedy("Correct the target, or what the agent's keys may do."),
        service="ecs",
        status=status,
    )


def _unreachable(what: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"ECS gives no usable answer to {what}",
        remedy=Remedy("Try again later; see the health of the region."),
        service="ecs",
    )
