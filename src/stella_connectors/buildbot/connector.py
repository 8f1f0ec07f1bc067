"""Buildbot, by its REST API (version 2): builds are begun by a force scheduler.

A build is named by its request, which there is before anything runs. The key stands in the reason of the
request, where Buildbot can look for it.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock
from urllib.parse import quote, urlencode

from stella.sdk import Build, BuildState, Connection, Json, NotThere
from stella.sdk.exchange import Reply
from stella.sdk.http import HttpTrouble
from stella.sdk.json_service import JsonService, shown

_ID = re.compile(r"[1-9][0-9]{0,15}\Z")
_REVISION = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}\Z")
_BUILDS_MAX = 100
_RESULTS = {
    0: BuildState.SUCCEEDED,
    1: BuildState.SUCCEEDED,  # with warnings
    2: BuildState.FAILED,
    3: BuildState.CANCELLED,  # skipped
    4: BuildState.ERRORED,
    5: BuildState.ERRORED,  # to be tried again
    6: BuildState.CANCELLED,
}


def open_buildbot(connection: Connection) -> "Buildbot":
    """The endpoint is the master's address, without ``/api``."""
    return Buildbot(connection)


class Buildbot:
    """``stella.sdk.Ci``. Safe for several threads. A pipeline is a builder."""

    def __init__(self, connection: Connection) -> None:
        self._service = _Service(connection)
        self._scheduler = str(connection.config.get("force_scheduler") or "force")

    def close(self) -> None:
        """Close every connection."""
        self._service.close()

    def trigger(
        self, pipeline: str, reference: str, parameters: Mapping[str, str], key: str
    ) -> Build:
        """By the force scheduler, which has to know every parameter."""
        service, builder = self._service, self._builder(pipeline)
        if not _KEY.match(key):
            raise service.refused("the key is none", "Give up to 100 letters, digits and -._:")
        asked = self._asked_before(pipeline, builder, key)
        if asked is not None:
            return asked
        self._refuse_unknown(parameters)
        params: dict[str, Json] = {
            **parameters,
            "builderid": builder,
            "reason": f"stella {key}",
            "username": "stella",
            "revision" if _REVISION.match(reference) else "branch": reference,
        }
        path = f"api/v2/forceschedulers/{quote(self._scheduler, safe='')}"
        made = service.control(path, "force", params, f"force scheduler {self._scheduler}")
        result = service.field(made, list, "result")
        requests = result[1] if len(result) == 2 and isinstance(result[1], dict) else {}
        number = next(iter(requests.values()), None)
        if isinstance(number, bool) or not isinstance(number, int):
            raise service.unreachable("its answer names no request")
        return self.build(pipeline, str(number))

    def build(self, pipeline: str, build_id: str) -> Build:
        """``stella.sdk.Ci``."""
        builder = self._builder(pipeline)
        return self._shown(pipeline, builder, self._request(builder, build_id))

    def builds(self, pipeline: str, limit: int) -> tuple[Build, ...]:
        """Those that have begun."""
        service, builder = self._service, self._builder(pipeline)
        query = f"order=-number&limit={max(1, min(limit, _BUILDS_MAX))}&property=got_revision"
        found = service.get(f"api/v2/builders/{builder}/builds?{query}", f"builder {pipeline[:80]}")
        return tuple(
            self._of_build(pipeline, builder, one) for one in service.field(found, list, "builds")
        )[:limit]

    def cancel(self, pipeline: str, build_id: str) -> None:
        """The request where nothing runs yet, and what runs."""
        service, builder = self._service, self._builder(pipeline)
        request = self._request(builder, build_id)
        if request.get("complete") is True:
            return
        what, why = f"build {build_id}", {"reason": "stella ended it"}
        with suppress(NotThere):
            service.control(f"api/v2/buildrequests/{build_id}", "cancel", why, what)
        for one in self._runs(build_id):
            if one.get("complete") is not True:
                number = service.field(one, int, "buildid")
                service.control(f"api/v2/builds/{number}", "stop", why, what)

    def provenance(self, pipeline: str, build_id: str) -> tuple[bytes, ...]:
        """Buildbot keeps no files of its builds."""
        self.build(pipeline, build_id)
        raise self._service.not_supported("it keeps no attestations of its builds")

    def check(self) -> str:
        """Who we are there."""
        return self._service.who()

    # ------------------------------------------------------------ what Buildbot has

    def _builder(self, pipeline: str) -> int:
        service = self._service
        if not pipeline or len(pipeline) > 200 or not pipeline.isprintable():
            raise service.not_there(f"builder {pipeline[:80]!r}")
        found = service.get(f"api/v2/builders?{urlencode({'name': pipeline})}", "list of builders")
        for one in service.field(found, list, "builders"):
            if service.field(one, str, "name") == pipeline:
                return service.field(one, int, "builderid")
        raise service.not_there(f"builder {pipeline[:80]!r}")

    def _request(self, builder: int, build_id: str) -> dict[str, object]:
        service, what = self._service, f"build {build_id[:80]!r}"
        if not _ID.match(build_id):
            raise service.not_there(what)
        found = service.get(f"api/v2/buildrequests/{build_id}", what)
        for one in service.field(found, list, "buildrequests"):
            if service.field(one, int, "builderid") == builder:
                return service.field(one, dict)
        raise service.not_there(what)

    def _asked_before(self, pipeline: str, builder: int, key: str) -> Build | None:
        service = self._service
        query = urlencode({"reason__contains": f"stella {key}"})
        found = service.get(f"api/v2/buildsets?{query}&order=-bsid&limit=10", "list of buildsets")
        for one in service.field(found, list, "buildsets"):
            if not service.field(one, str, "reason").endswith(f"stella {key}"):
                continue
            number = service.field(one, int, "bsid")
            query = f"buildsetid={number}&builderid={builder}"
            requests = service.get(f"api/v2/buildrequests?{query}", "list of requests")
            for request in service.field(requests, list, "buildrequests"):
                return self._shown(pipeline, builder, service.field(request, dict))
        return None

    def _refuse_unknown(self, parameters: Mapping[str, str]) -> None:
        """Buildbot itself would leave them out without a word."""
        service, what = self._service, f"force scheduler {self._scheduler}"
        found = service.get(f"api/v2/forceschedulers/{quote(self._scheduler, safe='')}", what)
        known = set()
        for one in service.field(found, list, "forceschedulers"):
            for each in service.field(one, list, "all_fields"):
                known |= _names(each)
        unknown = sorted(parameters.keys() - known)
        if unknown:
            raise service.refused(
                f"its {what} takes no parameter {unknown[0][:60]!r}",
                "Add it to the properties of that ForceScheduler.",
            )

    def _runs(self, request: str) -> list[dict[str, object]]:
        service = self._service
        path = f"api/v2/builds?buildrequestid={request}&property=got_revision"
        found = service.field(service.get(path, f"build {request}"), list, "builds")
        return [service.field(one, dict) for one in found]

    def _shown(self, pipeline: str, builder: int, request: dict[str, object]) -> Build:
        service = self._service
        name = str(service.field(request, int, "buildrequestid"))
        runs = self._runs(name)
        if runs:
            newest = max(runs, key=lambda one: service.field(one, int, "buildid"))
            return self._of_build(pipeline, builder, newest)
        state = BuildState.QUEUED
        ended = None
        if request.get("complete") is True:
            state = self._state(request)
            ended = self._time(request.get("complete_at"))
        url = f"{service.root}/#/buildrequests/{name}"
        return Build(name, pipeline, state, url=url, ended_at=ended)

    def _of_build(self, pipeline: str, builder: int, found: object) -> Build:
        service = self._service
        told = service.field(found, dict)
        properties = told.get("properties")
        revision = properties.get("got_revision") if isinstance(properties, dict) else None
        commit = revision[0] if isinstance(revision, list) and revision else ""
        is_complete = told.get("complete") is True
        return Build(
            id=str(service.field(told, int, "buildrequestid")),
            pipeline=pipeline,
            state=self._state(told) if is_complete else BuildState.RUNNING,
            commit=commit if isinstance(commit, str) and _REVISION.match(commit) else "",
            url=f"{service.root}/#/builders/{builder}/builds/{service.field(told, int, 'number')}",
            started_at=self._time(told.get("started_at")),
            ended_at=self._time(told.get("complete_at")) if is_complete else None,
        )

    def _state(self, told: dict[str, object]) -> BuildState:
        return _RESULTS.get(self._service.field(told, int, "results"), BuildState.ERRORED)

    def _time(self, seconds: object) -> datetime | None:
        if seconds is None:
            return None
        if isinstance(seconds, int) and not isinstance(seconds, bool):
            with suppress(ValueError, OverflowError, OSError):
                return datetime.fromtimestamp(seconds, UTC)
        raise self._service.unreachable("its answer has a time that is none")


class _Service(JsonService):
    """Calls with a session: Buildbot knows who we are by a cookie that its login gives."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "Buildbot", _Service._session)
        self._cookie = ""
        self._lock = Lock()

    def who(self) -> str:
        """After a login, where there is one, and a look at the builders."""
        with self._lock:
            self._cookie = ""
        self._log_in()
        self.get("api/v2/builders?limit=1", "list of builders")
        return shown(self.optional_credential("username") or "anybody", 100)

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        bytes_max: int = 8 * 1024 * 1024,
    ) -> Reply:
        """Once more with a new session where the one before has ended."""
        reply = super().ask(method, url, headers, content, bytes_max=bytes_max)
        if reply.status in {401, 403} and self._log_in():
            again = {**headers, **self._session()}
            reply = super().ask(method, url, again, content, bytes_max=bytes_max)
        return reply

    def control(self, path: str, method: str, params: Mapping[str, Json], what: str) -> Json:
        """One call of JSON-RPC."""
        body: Json = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        made: Json = self.post(path, body, what)
        return made

    def _session(self) -> dict[str, str]:
        return {"Cookie": self._cookie} if self._cookie else {}

    def _log_in(self) -> bool:
        """Whether there is a login. Raises ServiceRefused, ServiceUnreachable."""
        password = self.optional_credential("password")
        if password is None:
            return False
        name, trouble, status, cookie = self.credential("username"), "", 0, ""
        headers = {"Authorization": _basic(name, password), "User-Agent": "stella-ops"}
        try:
            answer = self._connections.send("GET", self.url("auth/login"), headers, follows=False)
            status = answer.status_code
            # Twice: the session of nobody first, then ours.
            cookies = answer.headers.get_all("set-cookie") or [""]
            cookie = cookies[-1].partition(";")[0]
            answer.close()
        except HttpTrouble as error:
            trouble = str(error)[:300]
        if trouble:
            raise self.unreachable(trouble)
        if status in {408, 425, 429} or status >= 500:
            raise self.unreachable(f"HTTP {status}")
        if status in {401, 403}:
            raise self.refused(
                f"it does not take our login (HTTP {status})", "Check the user and the password."
            )
        if not cookie or not cookie.isprintable():
            raise self.unreachable(f"its login gives no session (HTTP {status})")
        with self._lock:
            self._cookie = cookie
        return True


def _names(parameter: object) -> set[str]:
    """The full names of a parameter and of those within it."""
    found: set[str] = set()
    waiting, seen = [parameter], 0
    while waiting and seen < 1000:
        at, seen = waiting.pop(), seen + 1
        if isinstance(at, dict):
            name, fields = at.get("fullName"), at.get("fields")
            found |= {name} if isinstance(name, str) else set()
            waiting += fields if isinstance(fields, list) else []
    return found


def _basic(name: str, password: str) -> str:
    from base64 import b64encode

    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"
