"""What of Nomad's HTTP API is asked, and what its answers mean. Source: Nomad's API documentation, 1.9."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from stella.sdk import (
    ChangedByOthers,
    Host,
    HostResponse,
    NotThere,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
)
from stella.sdk.host_service import HostService, json_of
from stella.sdk.http import BUSY
from stella_connectors.nomad.settings import Place

WAIT_S = 5
"""How long Nomad holds back an answer where nothing changes. A stop need not wait for it."""
_NOT_FOUND = 404
_CONFLICT = "Enforcing job modify index"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a blocking query saw, and the index that the next one begins at."""

    value: Any
    index: int


class Nomad:
    """One Nomad, as the host of an agent reaches it. is_looking: only to see, without patience."""

    def __init__(self, host: Host, place: Place, *, is_looking: bool = False) -> None:
        headers = {"X-Nomad-Token": place.token} if place.token else {}
        service = HostService(
            host, place.address, headers, place.ca, plain_http=place.plain_http, patience_s=120.0
        )
        self._service = service.quick() if is_looking else service
        self._place = place

    # ------------------------------------------------------------ questions

    def job(self) -> dict[str, Any] | None:
        """The job as it is now, stopped ones included; None where there is none."""
        found: dict[str, Any] | None = self._found(f"job/{self._name}")
        return found

    def versions(self) -> list[dict[str, Any]]:
        """Every version of the job that Nomad keeps, the newest first."""
        found = self._found(f"job/{self._name}/versions")
        return list((found or {}).get("Versions") or ())

    def allocations(self) -> list[dict[str, Any]]:
        """Every allocation of the job that Nomad keeps."""
        found: Any = self._found(f"job/{self._name}/allocations")
        return list(found or ())

    def evaluation(self, evaluation: str, index: int) -> Seen:
        """An evaluation, once it is other than at ``index``, or after a while."""
        return self._blocking(f"evaluation/{quote(evaluation, safe='')}", index)

    def latest_deployment(self) -> dict[str, Any] | None:
        """The job's newest deployment."""
        found: dict[str, Any] | None = self._found(f"job/{self._name}/deployment")
        return found

    def deployment(self, deployment: str, index: int) -> Seen:
        """A deployment, once it is other than at ``index``, or after a while."""
        return self._blocking(f"deployment/{quote(deployment, safe='')}", index)

    def version(self) -> str:
        """Nomad's own version."""
        told: Any = self._asked("GET", "agent/self")
        version = (told or {}).get("config", {}).get("Version", {})
        return str(version.get("Version") if isinstance(version, dict) else version)

    # ------------------------------------------------------------ changes

    def register(
        self, job: Mapping[str, Any], index: int, *, preserves_counts: bool
    ) -> tuple[str, int | None]:
        """Register it where the job stands at ``index`` (0: there is none).

        The evaluation, and the index that it stands at now. Raises ChangedByOthers.
        """
        body = {
            "Job": job,
            "EnforceIndex": True,
            "JobModifyIndex": index,
            "PreserveCounts": preserves_counts,
        }
        told: Any = self._asked("POST", "jobs", body, changes=True) or {}
        return str(told.get("EvalID") or ""), told.get("JobModifyIndex")

    def revert(self, version: int, prior: int) -> str:
        """Bring that version back where ``prior`` is the present one: the evaluation."""
        name = self._place.job
        body = {"JobID": name, "JobVersion": version, "EnforcePriorVersion": prior}
        told: Any = self._asked("POST", f"job/{self._name}/revert", body, changes=True)
        return str((told or {}).get("EvalID") or "")

    def promote(self, deployment: str) -> None:
        """Let the canaries of a deployment count, all of them."""
        body = {"DeploymentID": deployment, "All": True}
        self._asked("POST", f"deployment/promote/{quote(deployment, safe='')}", body, changes=True)

    def fail(self, deployment: str) -> None:
        """End a deployment as failed."""
        self._asked("POST", f"deployment/fail/{quote(deployment, safe='')}", {}, changes=True)

    def deregister(self) -> str:
        """Stop the job, and keep its history: the evaluation."""
        told: Any = self._asked("DELETE", f"job/{self._name}", None, query={"purge": "false"})
        return str((told or {}).get("EvalID") or "")

    # ------------------------------------------------------------ exchanges

    @property
    def _name(self) -> str:
        return quote(self._place.job, safe="")

    def _found(self, path: str) -> Any:
        try:
            return self._asked("GET", path)
        except NotThere:
            return None

    def _blocking(self, path: str, index: int) -> Seen:
        query = {"index": str(index), "wait": f"{WAIT_S}s"} if index else {}
        answer = self._answer("GET", path, None, query, changes=False)
        at = answer.headers.get("x-nomad-index", "")
        found = int(at) if at.isdigit() else 0
        # An index that went back means that Nomad was restored: one begins anew.
        return Seen(json_of(answer), found if found >= index else 0)

    def _asked(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        changes: bool = False,
    ) -> Any:
        return json_of(self._answer(method, path, body, query or {}, changes=changes))

    def _answer(
        self, method: str, path: str, body: Any, query: Mapping[str, str], *, changes: bool
    ) -> HostResponse:
        asked = {**query, "namespace": self._place.namespace}
        if self._place.region:
            asked["region"] = self._place.region
        answer = self._service.ask(
            method,
            f"/v1/{path}?{urlencode(asked)}",
            b"" if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": "application/json"},
            timeout_s=WAIT_S + 25,
            changes=changes,
        )
        if 200 <= answer.status < 300:
            return answer
        raise self._refusal(answer, path)

    def _refusal(self, answer: HostResponse, path: str) -> Exception:
        said = answer.body.decode(errors="replace").strip()[:300]
        what = path.partition("?")[0]
        if answer.status in {401, 403}:
            return ServiceRefused(
                f"Nomad does not let us ask for {what}: {said} (HTTP {answer.status})",
                remedy=Remedy("Give a token whose policy has submit-job and read-job there."),
                service="nomad",
            )
        if answer.status == _NOT_FOUND:
            return NotThere(
                f"Nomad has no {what}: {said}",
                remedy=Remedy("Check the job's name, namespace and region."),
                service="nomad",
            )
        if _CONFLICT in said:
            return changed(self._place.job, said)
        if answer.status < 500 and answer.status not in BUSY:
            return ServiceRefused(
                f"Nomad does not take {what}: {said} (HTTP {answer.status})",
                remedy=Remedy("Correct the job.", "nomad job validate -json FILE"),
                service="nomad",
                status=answer.status,
            )
        return ServiceUnreachable(
            f"Nomad gives no usable answer to {what}: {said} (HTTP {answer.status})",
            remedy=Remedy("See that it has a leader.", "nomad server members"),
            service="nomad",
        )


def taken(job: str, project: str) -> ChangedByOthers:
    """The refusal to touch what belongs to another project, which no setting overrules."""
    return ChangedByOthers(
        f"the job {job} was changed by somebody else: it belongs to the project {project}",
        remedy=Remedy("Give the target's job another ID, or take that project down first."),
        job=job,
    )


def changed(job: str, how: str) -> ChangedByOthers:
    """The refusal to overwrite what somebody else did."""
    return ChangedByOthers(
        f"the job {job} was changed by somebody else: {how}",
        remedy=Remedy(
            "See what they did. Take it into the target's job, or undo it there; or let the target"
            " say changed_by_others: replace.",
            f"nomad job history -p {job}",
        ),
        job=job,
    )
