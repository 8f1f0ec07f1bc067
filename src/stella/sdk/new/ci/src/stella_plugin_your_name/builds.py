"""A build server that is spoken to by HTTP; README.md says how the service answers.

Replace the paths, the header and ``_build`` by what your service has. ``JsonService`` stays: it opens
every socket by ``connection.connect``, bounds each answer, reads each field by its type, and makes
refusals that tell nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from stella.sdk import Build, BuildState, Connection, Json
from stella.sdk.json_service import JsonService, shown

_NUMBER = re.compile(r"[1-9][0-9]{0,15}\Z")
_PART = re.compile(r"(?!\.)[A-Za-z0-9._ ~-]{1,100}\Z")
# The service's own words, each as what it means here; any other is an error of the build.
_STATES = {
    "waiting": BuildState.QUEUED,
    "running": BuildState.RUNNING,
    "passed": BuildState.SUCCEEDED,
    "failed": BuildState.FAILED,
    "stopped": BuildState.CANCELLED,
}


class HttpBuilds:
    """``stella.sdk.Ci``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._service = JsonService(connection, "Your title", _login)

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._service.close()

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """This service takes our key itself. Where yours does not, look for a build that bears it."""
        at, what = self._pipeline(pipeline), f"pipeline {pipeline[:80]!r}"
        body: dict[str, Json] = {"reference": reference, "parameters": {**parameters}, "key": key}
        return self._build(pipeline, self._service.post(f"v1/{at}/-/builds", body, what))

    def build(self, pipeline: str, build_id: str) -> Build:
        """How it stands now."""
        path, what = self._path(pipeline, build_id), f"build {build_id[:80]!r}"
        return self._build(pipeline, self._service.get(path, what))

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """The newest ones first."""
        at, what = self._pipeline(pipeline), f"pipeline {pipeline[:80]!r}"
        found = self._service.get(f"v1/{at}/-/builds?limit={limit}", what)
        listed = self._service.field(found, list, "builds")
        return tuple(self._build(pipeline, one) for one in listed)[:limit]

    def cancel(self, pipeline: str, build_id: str) -> None:
        """The service takes it of one that has ended as well."""
        path = self._path(pipeline, build_id)
        self._service.post(f"{path}/stop", {}, f"build {build_id[:80]!r}")

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """The one file that a build may leave."""
        path, what = self._path(pipeline, build_id), f"build {build_id[:80]!r}"
        if not self._service.field(self._service.get(path, what), bool, "signed"):
            return ()
        return (self._service.content(f"{path}/provenance", what).body,)

    def check(self) -> str:
        """The name that the service knows us by."""
        found = self._service.get("v1/whoami", "our own name")
        return shown(self._service.field(found, str, "name"), 100)

    def _pipeline(self, pipeline: str) -> str:
        """As a part of a URL. What can be none is refused before it is sent."""
        parts = pipeline.split("/")
        if len(parts) > 20 or not all(_PART.match(one) for one in parts):
            raise self._service.not_there(f"pipeline {pipeline[:80]!r}")
        return quote(pipeline)

    def _path(self, pipeline: str, build_id: str) -> str:
        at = self._pipeline(pipeline)
        if not _NUMBER.match(build_id):
            raise self._service.not_there(f"build {build_id[:80]!r}")
        return f"v1/{at}/-/builds/{build_id}"

    def _build(self, pipeline: str, found: object) -> Build:
        service = self._service
        told = service.field(found, dict)
        return Build(
            id=str(service.field(told, int, "number")),
            pipeline=pipeline,
            state=_STATES.get(service.field(told, str, "state"), BuildState.ERRORED),
            commit=shown(told.get("commit"), 64),
            url=shown(told.get("url"), 500),
            started_at=self._time(told, "started"),
            ended_at=self._time(told, "ended"),
        )

    def _time(self, told: dict[str, object], name: str) -> datetime | None:
        return None if told.get(name) is None else self._service.time(told, name)


def _login(service: JsonService) -> Mapping[str, str]:
    """The credential is asked for here, at its use, and not kept."""
    return {"Authorization": f"Bearer {service.credential('token')}"}
