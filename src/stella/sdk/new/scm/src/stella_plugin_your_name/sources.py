"""Repositories that are spoken to by HTTP; README.md says how the service answers.

Replace the paths, the header and ``_commit`` by what your service has. ``JsonService`` stays: it opens
every socket by ``connection.connect``, bounds each answer, reads each field by its type, and makes
refusals that tell nothing.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from stella.sdk import (
    Commit,
    CommitRange,
    CommitSignature,
    CommitStatus,
    Connection,
    DeploymentNote,
    FileList,
    SignatureState,
)
from stella.sdk.json_service import JsonService, shown

_ID = re.compile(r"[0-9a-f]{40}\Z")
_PART = re.compile(r"(?!\.)[A-Za-z0-9._ ~-]{1,100}\Z")


class HttpSources:
    """``stella.sdk.Scm``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._service = JsonService(connection, "Your title", _login)

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._service.close()

    def resolve(self, repository: str, reference: str) -> Commit:
        """The commit that a branch, a tag or an id names now."""
        at = self._path("repository", repository)
        name = self._path("branch or tag", reference)
        found = self._service.get(f"v1/{at}/-/commits/{name}", f"commit {reference[:80]!r}")
        return self._commit(found)

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """What ``head`` has and ``base`` has not; and how many the other way."""
        service, at = self._service, self._path("repository", repository)
        pair = f"{self._id(base)}/{self._id(head)}"
        found = service.get(f"v1/{at}/-/between/{pair}?limit={limit}", "commit of that id")
        commits = [self._commit(one) for one in service.field(found, list, "commits")]
        total = service.field(found, int, "total")
        dropped = service.field(found, int, "dropped")
        return CommitRange(tuple(commits[:limit]), total <= limit, dropped)

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """A file as it was; ``content`` refuses what has more than a mebibyte."""
        at = self._path("repository", repository)
        url = f"v1/{at}/-/files/{self._id(commit)}/{self._path('file', path)}"
        return self._service.content(url, f"file {path[:200]!r}").body

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """The service tells all below a folder; what lies deeper is left out here."""
        service, at = self._service, self._path("repository", repository)
        what = f"folder {folder[:200]!r}"
        tail = f"/{self._path('folder', folder)}" if folder else ""
        found = service.get(f"v1/{at}/-/tree/{self._id(commit)}{tail}", what)
        start = f"{folder}/" if folder else ""
        paths = [service.field({"path": one}, str, "path") for one in service.field(found, list)]
        kept = [one for one in paths if is_deep or "/" not in one.removeprefix(start)]
        return FileList(tuple(kept[:limit]), is_complete=len(kept) <= limit)

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """Again with the same context, it replaces the one before."""
        at = self._path("repository", repository)
        body = {"state": status.state.value, "description": status.description, "url": status.url}
        path = f"v1/{at}/-/statuses/{self._id(commit)}/{quote(status.context, safe='')}"
        self._service.post(path, body, f"commit {commit[:12]}", "PUT")

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """This service has no place for it."""
        del repository, commit, note
        raise self._service.not_supported("it has no deployments")

    def check(self) -> str:
        """The name that the service knows us by."""
        found = self._service.get("v1/whoami", "our own name")
        return shown(self._service.field(found, str, "name"), 100)

    def _path(self, what: str, text: str) -> str:
        """As a part of a URL. What can be none is refused before it is sent."""
        parts = text.split("/")
        if len(parts) > 20 or not all(_PART.match(one) for one in parts):
            raise self._service.not_there(f"{what} {text[:80]!r}")
        return quote(text)

    def _id(self, text: str) -> str:
        if not _ID.match(text):
            raise self._service.not_there(f"commit {text[:80]!r}")
        return text

    def _commit(self, found: object) -> Commit:
        service = self._service
        told = service.field(found, dict)
        parents = [service.field({"id": one}, str, "id") for one in told.get("parents", ())]
        return Commit(
            id=service.field(told, str, "id"),
            parents=tuple(parents),
            author_name=shown(told.get("name"), 200),
            author_email=shown(told.get("email"), 200),
            committed_at=service.time(told, "at"),
            title=shown(told.get("message")),
            signature=CommitSignature(SignatureState.UNKNOWN, why="the service does not tell"),
        )


def _login(service: JsonService) -> Mapping[str, str]:
    """The credential is asked for here, at its use, and not kept."""
    return {"Authorization": f"Bearer {service.credential('token')}"}
