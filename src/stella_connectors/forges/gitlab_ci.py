"""GitLab CI, by GitLab's REST API. A pipeline is a project: ``GROUP/NAME``; a build is one pipeline there.

The key is the variable STELLA_KEY of the pipeline, by which it is found again among the newest.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from stella.sdk import Build, BuildState, Connection, Json
from stella.sdk.json_service import shown
from stella_connectors.forges.common import Forge
from stella_connectors.forges.gitlab import private_token

KEY = "STELLA_KEY"
_NUMBER = re.compile(r"[1-9][0-9]{0,18}\Z")
_LOOKED_AT = 20
_NEWEST = 100
_JOBS_MAX = 50
_STATES = {
    "created": BuildState.QUEUED,
    "waiting_for_resource": BuildState.QUEUED,
    "preparing": BuildState.QUEUED,
    "pending": BuildState.QUEUED,
    "scheduled": BuildState.QUEUED,
    "manual": BuildState.QUEUED,
    "running": BuildState.RUNNING,
    "canceling": BuildState.RUNNING,
    "success": BuildState.SUCCEEDED,
    "failed": BuildState.FAILED,
    "canceled": BuildState.CANCELLED,
    "skipped": BuildState.CANCELLED,
}


def open_gitlab_ci(connection: Connection) -> "GitLabCi":
    """The endpoint is the server's own address."""
    return GitLabCi(connection)


class GitLabCi:
    """``stella.sdk.Ci``. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._forge = Forge(connection, "GitLab CI", private_token, is_nested=True)
        self._provenance = str(connection.config.get("provenance") or "provenance.json")

    def close(self) -> None:
        """Close every connection."""
        self._forge.close()

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """``stella.sdk.Ci``."""
        at, forge = self._at(pipeline), self._forge
        for one in self._listed(pipeline, _LOOKED_AT, "&source=api"):
            number = forge.field(one, int, "id")
            said = forge.get(f"{at}/pipelines/{number}/variables", f"build {number}")
            for variable in forge.field(said, list):
                if forge.field(variable, str, "key") == KEY and variable.get("value") == key:
                    return self.build(pipeline, str(number))
        given: list[Json] = [{"key": name, "value": text} for name, text in parameters.items()]
        body: Json = {
            "ref": forge.reference(reference),
            "variables": [*given, {"key": KEY, "value": key}],
        }
        made = forge.post(f"{at}/pipeline", body, f"project {pipeline[:120]}")
        return self._shown(pipeline, made)

    def build(self, pipeline: str, build_id: str) -> Build:
        """``stella.sdk.Ci``."""
        at, what = self._at(pipeline), f"build {build_id[:80]!r}"
        if not _NUMBER.match(build_id):
            raise self._forge.not_there(what)
        return self._shown(pipeline, self._forge.get(f"{at}/pipelines/{build_id}", what))

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """Each is asked for by itself: the list does not say when they ran."""
        found = self._listed(pipeline, max(1, min(limit, _NEWEST)))[:limit]
        numbers = [self._forge.field(one, int, "id") for one in found]
        return tuple(self.build(pipeline, str(number)) for number in numbers)

    def cancel(self, pipeline: str, build_id: str) -> None:
        """GitLab takes it of one that has ended, and does nothing."""
        at = self._at(pipeline)
        self.build(pipeline, build_id)
        self._forge.post(f"{at}/pipelines/{build_id}/cancel", None, f"build {build_id}")

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """The file that the configuration names, of each job that left it among its artifacts."""
        at, forge = self._at(pipeline), self._forge
        self.build(pipeline, build_id)
        path = f"{at}/pipelines/{build_id}/jobs?per_page={_JOBS_MAX}"
        named = quote(forge.path(self._provenance))
        made = []
        for job in forge.field(forge.get(path, f"build {build_id}"), list):
            if not isinstance(job, dict) or not isinstance(job.get("artifacts_file"), dict):
                continue
            url = f"{at}/jobs/{forge.field(job, int, 'id')}/artifacts/{named}"
            reply = forge.ask("GET", forge.url(url), forge.headers())
            if reply.status != 404:
                forge.refuse(reply, f"file {self._provenance[:200]}")
                made.append(reply.body)
        return tuple(made)

    def check(self) -> str:
        """Whose token it is."""
        found = self._forge.get("api/v4/user", "our own account")
        return shown(self._forge.field(found, str, "username"), 100)

    def _at(self, pipeline: str) -> str:
        return f"api/v4/projects/{self._forge.repository(pipeline)}"

    def _listed(self, pipeline: str, count: int, more: str = "") -> list[object]:
        path = f"{self._at(pipeline)}/pipelines?order_by=id&sort=desc&per_page={count}{more}"
        return self._forge.field(self._forge.get(path, f"project {pipeline[:120]}"), list)

    def _shown(self, pipeline: str, found: object) -> Build:
        forge = self._forge
        return Build(
            id=str(forge.field(found, int, "id")),
            pipeline=pipeline,
            state=_STATES.get(forge.field(found, str, "status"), BuildState.ERRORED),
            commit=forge.id_in(found, "sha"),
            url=shown(forge.field(found, dict).get("web_url"), 500),
            started_at=self._time(found, "started_at"),
            ended_at=self._time(found, "finished_at"),
        )

    def _time(self, found: object, name: str) -> datetime | None:
        told = self._forge.field(found, dict)
        return self._forge.time(told, name) if told.get(name) is not None else None
