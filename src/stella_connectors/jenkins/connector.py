"""Jenkins, by its remote access API. A pipeline is a job with parameters: ``FOLDER/JOB``.

A build that still waits is named by its place in the queue, ``queue-17``, for ever; one that runs also by
its number. The key is the parameter STELLA_KEY, by which a build is found again among the newest.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from stella.sdk import Build, BuildState, Connection, NotThere
from stella.sdk.json_service import JsonService, shown

KEY = "STELLA_KEY"
_NEWEST = 100
_ATTESTATIONS_MAX = 20
_ATTESTATION = re.compile(r".*\.(?:intoto\.jsonl?|sigstore\.json|dsse\.json)\Z")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._~+@-]*\Z")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}\Z")
_QUEUED = re.compile(r"queue-([1-9][0-9]{0,9})\Z")
_REVISION = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_ACTIONS = "actions[parameters[name,value],lastBuiltRevision[SHA1]]"
_BUILD = f"number,url,result,building,timestamp,duration,{_ACTIONS}"
_RESULTS = {
    "SUCCESS": BuildState.SUCCEEDED,
    "UNSTABLE": BuildState.FAILED,
    "FAILURE": BuildState.FAILED,
    "ABORTED": BuildState.CANCELLED,
    "NOT_BUILT": BuildState.ERRORED,
}


def login(service: JsonService) -> Mapping[str, str]:
    """A user's API token, which needs no crumb."""
    token = service.optional_credential("token")
    if token is None:
        return {}
    pair = f"{service.credential('username')}:{token}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def open_jenkins(connection: Connection) -> "Jenkins":
    """The endpoint is Jenkins' own address."""
    return Jenkins(connection)


class Jenkins:
    """``stella.sdk.Ci``. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._service = JsonService(connection, "Jenkins", login)
        self._reference = str(connection.config.get("reference_parameter") or "REF")

    def close(self) -> None:
        """Close every connection."""
        self._service.close()

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """The job has to declare STELLA_KEY, the parameter of the reference, and all others."""
        service, job = self._service, self._job(pipeline)
        asked = self._asked_before(pipeline, job, key)
        if asked is not None:
            return asked
        self._refuse_unknown(job, {*parameters, KEY, self._reference})
        given = {**parameters, self._reference: reference, KEY: key}
        url = service.url(f"{job}/buildWithParameters")
        headers = service.headers(**{"Content-Type": "application/x-www-form-urlencoded"})
        reply = service.ask("POST", url, headers, urlencode(given).encode())
        service.refuse(reply, f"job {pipeline[:80]}")
        place = urlsplit(reply.headers.get("location", "")).path.rstrip("/").rpartition("/")[2]
        if not _NUMBER.match(place):
            raise service.unreachable("its answer names no place in the queue")
        return self._waiting(pipeline, job, int(place))

    def build(self, pipeline: str, build_id: str) -> Build:
        """``stella.sdk.Ci``."""
        job = self._job(pipeline)
        queued = _QUEUED.match(build_id)
        if queued:
            return self._waiting(pipeline, job, int(queued[1]))
        return self._of_build(pipeline, self._numbered(job, build_id, _BUILD))

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """Those that have begun."""
        count = max(1, min(limit, _NEWEST))
        found = self._newest(pipeline, self._job(pipeline), count)
        return tuple(self._of_build(pipeline, one) for one in found)[:limit]

    def cancel(self, pipeline: str, build_id: str) -> None:
        """In the queue, or while it runs."""
        service, job = self._service, self._job(pipeline)
        stands = self.build(pipeline, build_id)
        if stands.state is BuildState.RUNNING:
            reply = service.ask(
                "POST", service.url(f"{job}/{self._number(stands)}/stop"), service.headers()
            )
            service.refuse(reply, f"build {build_id}")
        elif stands.state is BuildState.QUEUED:
            queued = _QUEUED.match(stands.id)
            number = queued[1] if queued else ""
            url = service.url(f"queue/cancelItem?id={number}")
            with suppress(NotThere):  # what Jenkins answers though it did it
                service.refuse(
                    service.ask("POST", url, service.headers()), f"place {number} in the queue"
                )

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """The artifacts that are named as attestations are: *.intoto.jsonl, *.sigstore.json."""
        service, job = self._service, self._job(pipeline)
        stands = self.build(pipeline, build_id)
        if stands.state is BuildState.QUEUED:
            return ()
        number = self._number(stands)
        found = self._numbered(job, number, "artifacts[relativePath]")
        made = []
        for one in service.field(found, list, "artifacts"):
            path = service.field(one, str, "relativePath")
            if _ATTESTATION.match(path) and ".." not in path.split("/"):
                named = quote(path)
                reply = service.content(f"{job}/{number}/artifact/{named}", f"file {path[:200]}")
                made.append(reply.body)
        return tuple(made[:_ATTESTATIONS_MAX])

    def check(self) -> str:
        """Who we are there."""
        found = self._service.get("me/api/json?tree=id", "our own account")
        return shown(self._service.field(found, str, "id"), 100)

    # ------------------------------------------------------------ what Jenkins has

    def _job(self, pipeline: str) -> str:
        parts = pipeline.split("/")
        if len(parts) > 20 or not all(_PART.match(one) for one in parts):
            raise self._service.not_there(f"job {pipeline[:80]!r}")
        return "/".join(f"job/{quote(one)}" for one in parts)

    def _numbered(self, job: str, build_id: str, tree: str) -> dict[str, object]:
        service, what = self._service, f"build {build_id[:80]!r}"
        if not _NUMBER.match(build_id):
            raise service.not_there(what)
        found = service.get(f"{job}/{build_id}/api/json?{urlencode({'tree': tree})}", what)
        return service.field(found, dict)

    def _newest(self, pipeline: str, job: str, count: int) -> list[dict[str, object]]:
        service = self._service
        query = urlencode({"tree": f"builds[{_BUILD}]{{0,{count}}}"})
        found = service.get(f"{job}/api/json?{query}", f"job {pipeline[:80]!r}")
        return [service.field(one, dict) for one in service.field(found, list, "builds")]

    def _asked_before(self, pipeline: str, job: str, key: str) -> Build | None:
        service = self._service
        for one in self._newest(pipeline, job, _NEWEST):
            if dict(_parameters(one)).get(KEY) == key:
                return self._of_build(pipeline, one)
        query = urlencode({"tree": "items[id,task[url],actions[parameters[name,value]]]"})
        found = service.get(f"queue/api/json?{query}", "queue")
        for one in service.field(found, list, "items"):
            if dict(_parameters(service.field(one, dict))).get(KEY) == key:
                return self._waiting(pipeline, job, service.field(one, int, "id"))
        return None

    def _refuse_unknown(self, job: str, names: set[str]) -> None:
        """Jenkins itself would leave them out without a word."""
        service = self._service
        query = urlencode({"tree": "property[parameterDefinitions[name]]"})
        found = service.get(f"{job}/api/json?{query}", "such job")
        known = set()
        for one in service.field(found, list, "property"):
            given = one.get("parameterDefinitions") if isinstance(one, dict) else None
            for each in given if isinstance(given, list) else []:
                known.add(service.field(each, str, "name"))
        unknown = sorted(names - known)
        if unknown:
            raise service.refused(
                f"its job takes no parameter {unknown[0][:60]!r}",
                "Declare it in the job's parameters.",
            )

    def _waiting(self, pipeline: str, job: str, place: int) -> Build:
        service, name = self._service, f"queue-{place}"
        query = urlencode({"tree": "id,cancelled,why,task[url],executable[number,url]"})
        found = service.get(f"queue/item/{place}/api/json?{query}", f"build {name}")
        task = urlsplit(service.field(found, str, "task", "url")).path.rstrip("/")
        if not task.endswith(f"/{job}"):
            raise service.not_there(f"build {name}")
        executable = found.get("executable")
        if isinstance(executable, dict):
            number = str(service.field(executable, int, "number"))
            return self._of_build(pipeline, self._numbered(job, number, _BUILD))
        state = BuildState.CANCELLED if found.get("cancelled") is True else BuildState.QUEUED
        return Build(name, pipeline, state, url=f"{service.root}/queue/")

    def _of_build(self, pipeline: str, found: dict[str, object]) -> Build:
        service = self._service
        is_running = found.get("building") is True
        result = found.get("result")
        started = self._time(service.field(found, int, "timestamp"))
        state = BuildState.RUNNING
        if not is_running:
            state = _RESULTS.get(result if isinstance(result, str) else "", BuildState.ERRORED)
        lasted = timedelta(milliseconds=min(max(0, service.field(found, int, "duration")), 10**12))
        return Build(
            id=str(service.field(found, int, "number")),
            pipeline=pipeline,
            state=state,
            commit=next(_revisions(found), ""),
            url=shown(found.get("url"), 500),
            started_at=started,
            ended_at=None if is_running else started + lasted,
        )

    def _number(self, build: Build) -> str:
        if not _NUMBER.match(build.id):
            raise self._service.not_there(f"build {build.id}")
        return build.id

    def _time(self, milliseconds: int) -> datetime:
        if 0 <= milliseconds < 10**14:
            return datetime.fromtimestamp(milliseconds / 1000, UTC)
        raise self._service.unreachable("its answer has a time that is none")


def _actions(found: dict[str, object]) -> Iterator[dict[str, object]]:
    actions = found.get("actions")
    for one in actions if isinstance(actions, list) else []:
        if isinstance(one, dict):
            yield one


def _parameters(found: dict[str, object]) -> Iterator[tuple[str, object]]:
    for action in _actions(found):
        given = action.get("parameters")
        for one in given if isinstance(given, list) else []:
            if isinstance(one, dict) and isinstance(one.get("name"), str):
                yield one["name"], one.get("value")


def _revisions(found: dict[str, object]) -> Iterator[str]:
    for action in _actions(found):
        revision = action.get("lastBuiltRevision")
        text = revision.get("SHA1") if isinstance(revision, dict) else None
        if isinstance(text, str) and _REVISION.match(text):
            yield text
