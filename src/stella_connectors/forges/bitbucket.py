"""Bitbucket Cloud, by its REST API (version 2.0)."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from stella.sdk import (
    Commit,
    CommitRange,
    CommitSignature,
    CommitStatus,
    Connection,
    DeploymentNote,
    FileList,
    Json,
    NotThere,
    SignatureState,
    StatusState,
)
from stella.sdk.json_service import FILE_BYTES_MAX, shown
from stella_connectors.forges.common import (
    COUNTED_MAX,
    PAGE,
    Forge,
    is_id,
    plain_commit,
)

_PAGES_MAX = 100
_DEPTH_MAX = 20
_PATH_LETTERS_MAX = 1000
_FOLDER = "commit_directory"
_LINKS = frozenset({"link", "subrepository"})
_KEY_MAX = 40
_UNKNOWN = CommitSignature(SignatureState.UNKNOWN, why="Bitbucket's API says nothing of signatures")
_STATES = {
    StatusState.PENDING: "INPROGRESS",
    StatusState.SUCCESS: "SUCCESSFUL",
    StatusState.FAILURE: "FAILED",
    StatusState.ERROR: "STOPPED",
}


def login(forge: Forge) -> Mapping[str, str]:
    """An access token; with a user's name an API token of that user."""
    token, name = forge.optional_credential("token"), forge.optional_credential("username")
    if token is None:
        return {}
    if name is None:
        return {"Authorization": f"Bearer {token}"}
    return {"Authorization": f"Basic {b64encode(f'{name}:{token}'.encode()).decode()}"}


def open_bitbucket(connection: Connection) -> "Bitbucket":
    """The endpoint is the API's: ``https://api.bitbucket.org/2.0``."""
    return Bitbucket(connection)


class Bitbucket:
    """``stella.sdk.Scm``. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._forge = Forge(connection, "Bitbucket", login)

    def close(self) -> None:
        """Close every connection."""
        self._forge.close()

    def resolve(self, repository: str, reference: str) -> Commit:
        """A branch stands before a tag of the same name."""
        at, forge = self._at(repository), self._forge
        name = forge.reference(reference)
        if is_id(name):
            return self._commit(forge.get(f"{at}/commit/{name}", f"commit {name[:12]}"))
        what, named = f"branch or tag {name[:80]}", quote(name)
        try:
            found = forge.get(f"{at}/refs/branches/{named}", what)
        except NotThere:
            found = forge.get(f"{at}/refs/tags/{named}", what)
        return self._commit(forge.field(found, dict, "target"))

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """By the list of commits with one and without the other (``include``, ``exclude``)."""
        forge = self._forge
        for one in (base, head):
            self.resolve(repository, forge.commit_id(one))
        found = self._without(repository, head, base, limit + 1)
        dropped = len(self._without(repository, base, head, COUNTED_MAX))
        return forge.range_of((base, head), [self._commit(one) for one in found], limit, dropped)

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """What it is and how large, first: of a directory Bitbucket gives a list."""
        at, forge = self._at(repository), self._forge
        url = f"{at}/src/{forge.commit_id(commit)}/{quote(forge.path(path))}"
        what = f"file {path[:200]!r}"
        told = forge.get(f"{url}?format=meta", what)
        if forge.field(told, str, "type") != "commit_file":
            raise forge.not_there(what)
        if forge.field(told, int, "size") > FILE_BYTES_MAX:
            raise forge.too_large(what)
        return forge.content(url, what).body

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """By its list of a folder, page by page; what lies deeper than it lists is more."""
        at, forge = self._at(repository), self._forge
        folder = forge.folder(folder)
        what, depth = f"folder {folder[:200]!r}", _DEPTH_MAX if is_deep else 1
        url = f"{at}/src/{forge.commit_id(commit)}/{quote(folder)}"
        if folder and forge.field(forge.get(f"{url}?format=meta", what), str, "type") != _FOLDER:
            raise forge.not_there(what)
        url = f"{url}/" if folder else url
        files, links = list[str](), list[str]()
        for one in (
            one
            for page in self._pages(f"{url}?max_depth={depth}&pagelen={PAGE}", what)
            for one in forge.field(page, list)
        ):
            kind, path = forge.field(one, str, "type"), forge.field(one, str, "path")
            if kind == _FOLDER:
                below = path.removeprefix(folder).strip("/").count("/") + 1
                if is_deep and below >= depth:
                    return FileList(tuple(files), tuple(links), is_complete=False)
                continue
            if len(files) + len(links) == limit or len(path) > _PATH_LETTERS_MAX:
                return FileList(tuple(files), tuple(links), is_complete=False)
            said = one.get("attributes") if isinstance(one, dict) else None
            is_link = kind != "commit_file" or bool(_LINKS & {*(said or ())})
            (links if is_link else files).append(path)
        return FileList(tuple(files), tuple(links))

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """Bitbucket wants a key of up to 40 characters, and an address."""
        at, forge = self._at(repository), self._forge
        key = status.context
        if len(key) > _KEY_MAX:
            key = hashlib.sha256(key.encode()).hexdigest()[:_KEY_MAX]
        body: dict[str, Json] = {
            "key": key,
            "name": shown(status.context, 255),
            "state": _STATES[status.state],
            "description": shown(status.description, 255),
            "url": status.url or f"https://bitbucket.org/{repository}/commits/{commit}",
        }
        path = f"{at}/commit/{forge.commit_id(commit)}/statuses/build"
        forge.post(path, body, f"commit {commit[:12]}")

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """Only Bitbucket's own pipelines make deployments."""
        del repository, commit, note
        raise self._forge.not_supported("deployments are made by its own pipelines alone")

    def check(self) -> str:
        """Whose token it is."""
        found = self._forge.get("user", "our own account")
        return shown(self._forge.field(found, str, "display_name"), 100)

    def _at(self, repository: str) -> str:
        return f"repositories/{self._forge.repository(repository)}"

    def _without(self, repository: str, head: str, base: str, count: int) -> list[object]:
        if head == base:
            return []
        query = urlencode({"include": head, "exclude": base, "pagelen": str(PAGE)})
        pages = self._pages(f"{self._at(repository)}/commits?{query}")
        return self._forge.first(pages, count)

    def _pages(self, path: str, what: str = "commit of that id") -> Iterator[Json]:
        """The next page's address stands in the page."""
        forge = self._forge
        for _ in range(_PAGES_MAX):
            page = forge.get(path, what)
            yield forge.field(page, list, "values")
            following = page.get("next")
            if following is None:
                return
            following = forge.field(page, str, "next")
            if not following.startswith(f"{forge.root}/"):
                raise forge.unreachable("its next page lies on another host")
            path = following.removeprefix(f"{forge.root}/")
        raise forge.unreachable(f"{what} has more than {_PAGES_MAX} pages")

    def _commit(self, found: object) -> Commit:
        forge = self._forge
        raw = forge.field(found, str, "author", "raw")
        name, _, address = raw.partition(" <")
        return plain_commit(
            commit_id=forge.id_in(found, "hash"),
            parents=[forge.id_in(one, "hash") for one in forge.field(found, list, "parents")],
            author=(name, address.rstrip().removesuffix(">")),
            committed_at=forge.time(found, "date"),
            message=forge.field(found, str, "message"),
            signature=_UNKNOWN,
        )
