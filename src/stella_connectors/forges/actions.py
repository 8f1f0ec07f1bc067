"""GitHub Actions, by GitHub's REST API. A pipeline is a workflow: ``OWNER/NAME/FILE.yml``.

A workflow run keeps none of its inputs where they can be looked for, but its title: the workflow takes
the input ``stella_key`` and begins with ``run-name: ${{ inputs.stella_key }}``.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from stella.sdk import Build, BuildState, Connection, Json
from stella.sdk.json_service import shown
from stella_connectors.forges.common import Forge
from stella_connectors.forges.github import GitHubForge, bearer, who

_WORKFLOW = re.compile(r"(?P<repository>[^/]+/[^/]+)/(?P<file>[A-Za-z0-9][A-Za-z0-9._-]{0,150})\Z")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}\Z")
_NEWEST = 100
_ATTESTATIONS_MAX = 20
_LOOKS_MAX = 10
_LOOK_S = 1.0
_WAITING = frozenset({"queued", "waiting", "requested", "pending"})
_CONCLUSIONS = {
    "success": BuildState.SUCCEEDED,
    "neutral": BuildState.SUCCEEDED,
    "failure": BuildState.FAILED,
    "cancelled": BuildState.CANCELLED,
    "skipped": BuildState.CANCELLED,
    "timed_out": BuildState.FAILED,
}


def open_actions(connection: Connection) -> "Actions":
    """The endpoint is the API's: ``https://api.github.com``."""
    return Actions(connection)


class Actions:
    """``stella.sdk.Ci``. Safe for several threads. wait: lets seconds pass."""

    def __init__(
        self, connection: Connection, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._forge = GitHubForge(connection, "GitHub Actions", bearer)
        self._key_input = str(connection.config.get("key_input") or "stella_key")
        self._wait = wait

    def close(self) -> None:
        """Close every connection."""
        self._forge.close()

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """The inputs have to be those of the workflow; GitHub refuses any other."""
        at, file = self._workflow(pipeline)
        asked = self._of_key(pipeline, key)
        if asked is not None:
            return asked
        body: dict[str, Json] = {
            "ref": self._forge.reference(reference),
            "inputs": {**parameters, self._key_input: key},
            "return_run_details": True,
        }
        path = f"repos/{at}/actions/workflows/{file}/dispatches"
        made = self._forge.post(path, body, f"workflow {pipeline[:120]}")
        if isinstance(made, dict) and "workflow_run_id" in made:
            number = self._forge.field(made, int, "workflow_run_id")
            return self.build(pipeline, str(number))
        for _ in range(_LOOKS_MAX):  # a server that is older does not say which
            asked = self._of_key(pipeline, key)
            if asked is not None:
                return asked
            self._wait(_LOOK_S)
        raise self._forge.unreachable(
            "it has begun no run that bears the key",
            f"Let the workflow begin with run-name: ${{{{ inputs.{self._key_input} }}}}.",
        )

    def build(self, pipeline: str, build_id: str) -> Build:
        """``stella.sdk.Ci``."""
        at, what = self._workflow(pipeline)[0], f"build {build_id[:80]!r}"
        if not _NUMBER.match(build_id):
            raise self._forge.not_there(what)
        return self._shown(pipeline, self._forge.get(f"repos/{at}/actions/runs/{build_id}", what))

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """``stella.sdk.Ci``."""
        found = self._runs(pipeline, max(1, min(limit, _NEWEST)))
        return tuple(self._shown(pipeline, one) for one in found)[:limit]

    def cancel(self, pipeline: str, build_id: str) -> None:
        """GitHub says 409 of one that has ended."""
        at, forge = self._workflow(pipeline)[0], self._forge
        self.build(pipeline, build_id)
        url = forge.url(f"repos/{at}/actions/runs/{build_id}/cancel")
        reply = forge.ask("POST", url, forge.headers())
        if reply.status != 409:
            forge.refuse(reply, f"build {build_id}")

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """What GitHub's attestations say of the artifacts that the run left, as Sigstore bundles."""
        at, forge = self._workflow(pipeline)[0], self._forge
        self.build(pipeline, build_id)
        what = f"build {build_id}"
        found = forge.get(f"repos/{at}/actions/runs/{build_id}/artifacts?per_page=100", what)
        made: list[bytes] = []
        for one in forge.field(found, list, "artifacts"):
            digest = one.get("digest") if isinstance(one, dict) else None
            if not isinstance(digest, str) or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
                continue
            url = forge.url(f"repos/{at}/attestations/{digest}?per_page=100")
            reply = forge.ask("GET", url, forge.headers(), bytes_max=8 * 1024 * 1024)
            if reply.status == 404:
                continue
            forge.refuse(reply, f"attestations of {what}")
            told = forge.field(forge.parsed(reply), list, "attestations")
            made += [json.dumps(forge.field(each, dict, "bundle")).encode() for each in told]
        return tuple(made[:_ATTESTATIONS_MAX])

    def check(self) -> str:
        """Who we are there."""
        return who(self._forge)

    def _workflow(self, pipeline: str) -> tuple[str, str]:
        found = _WORKFLOW.match(pipeline)
        if found is None:
            raise self._forge.not_there(f"workflow {pipeline[:80]!r}")
        return self._forge.repository(found["repository"]), quote(found["file"])

    def _runs(self, pipeline: str, count: int) -> list[object]:
        at, file = self._workflow(pipeline)
        query = urlencode({"per_page": str(count)})
        path = f"repos/{at}/actions/workflows/{file}/runs?{query}"
        found = self._forge.get(path, f"workflow {pipeline[:120]}")
        return self._forge.field(found, list, "workflow_runs")

    def _of_key(self, pipeline: str, key: str) -> Build | None:
        for one in self._runs(pipeline, _NEWEST):
            if self._forge.field(one, str, "display_title") == key:
                return self._shown(pipeline, one)
        return None

    def _shown(self, pipeline: str, found: object) -> Build:
        forge = self._forge
        status = forge.field(found, str, "status")
        state, ended = BuildState.RUNNING, None
        if status in _WAITING:
            state = BuildState.QUEUED
        elif status == "completed":
            conclusion = forge.field(found, str, "conclusion")
            state = _CONCLUSIONS.get(conclusion, BuildState.ERRORED)
            ended = forge.time(found, "updated_at")
        return Build(
            id=str(forge.field(found, int, "id")),
            pipeline=pipeline,
            state=state,
            commit=forge.id_in(found, "head_sha"),
            url=shown(forge.field(found, dict).get("html_url"), 500),
            started_at=_started(forge, found),
            ended_at=ended,
        )


def _started(forge: Forge, found: object) -> datetime | None:
    told = forge.field(found, dict)
    return forge.time(told, "run_started_at") if told.get("run_started_at") is not None else None
