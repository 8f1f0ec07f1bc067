"""GitLab, by its REST API (version 4)."""

from collections.abc import Mapping
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
    SignatureState,
    StatusState,
)
from stella.sdk.json_service import shown
from stella_connectors.forges.common import (
    COUNTED_MAX,
    PAGE,
    Forge,
    plain_commit,
)

SIGNATURES_MAX = 50
"""A signature is a question of its own; of more commits than this it is not asked."""
_DESCRIPTION_MAX = 255
_ENTRIES_MAX = 10_000
_GOOD = frozenset({"verified", "verified_system", "verified_ca"})
_STATES = {
    StatusState.PENDING: "pending",
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failed",
    StatusState.ERROR: "failed",
}
_DEPLOYMENT_STATES = {
    StatusState.PENDING: "running",
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failed",
    StatusState.ERROR: "failed",
}
_NOT_ASKED = CommitSignature(SignatureState.UNKNOWN, why="not asked for: too many commits")


def private_token(forge: Forge) -> Mapping[str, str]:
    """A token of a person, a project or a group."""
    text = forge.optional_credential("token")
    return {"PRIVATE-TOKEN": text} if text else {}


def open_gitlab(connection: Connection) -> "GitLab":
    """The endpoint is the server's own address; the API lies at ``/api/v4`` below it."""
    return GitLab(connection)


class GitLab:
    """``stella.sdk.Scm``. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._forge = Forge(connection, "GitLab", private_token, is_nested=True)

    def close(self) -> None:
        """Close every connection."""
        self._forge.close()

    def resolve(self, repository: str, reference: str) -> Commit:
        """``stella.sdk.Scm``."""
        found = self._single(repository, self._forge.reference(reference))
        return self._commit(found, self._signature(repository, found))

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """By the list of commits of a range (``ref_name=BASE..HEAD``)."""
        forge = self._forge
        for one in (base, head):
            self._single(repository, forge.commit_id(one))
        found = self._without(repository, head, base, limit + 1)
        dropped = len(self._without(repository, base, head, COUNTED_MAX))
        commits = [
            self._commit(
                one,
                self._signature(repository, one) if number < SIGNATURES_MAX else _NOT_ASKED,
            )
            for number, one in enumerate(found[:limit])
        ]
        return forge.range_of((base, head), commits, limit, dropped, len(found))

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """``stella.sdk.Scm``."""
        at, forge = self._at(repository), self._forge
        named = quote(forge.path(path), safe="")
        query = urlencode({"ref": forge.commit_id(commit)})
        url = f"{at}/repository/files/{named}/raw?{query}"
        return forge.content(url, f"file {path[:200]!r}").body

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """By the repository's tree, page by page."""
        at, forge = self._at(repository), self._forge
        folder = forge.folder(folder)
        query = {"ref": forge.commit_id(commit), "path": folder, "per_page": str(PAGE)}
        query |= {"recursive": "true"} if is_deep else {}
        what = f"folder {folder[:200]!r}"
        path = f"{at}/repository/tree?{urlencode(query)}"
        pages = forge.pages(path, forge.headers(), what=what)
        found = forge.first(pages, _ENTRIES_MAX)
        if folder and not found:
            raise forge.not_there(what)  # older versions say so of a file, and of nothing
        return forge.list_of(found, "", limit, is_whole=len(found) < _ENTRIES_MAX)

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """GitLab refuses what stands there already: then nothing is left to say."""
        at, forge = self._at(repository), self._forge
        commit = forge.commit_id(commit)
        state, what = _STATES[status.state], f"commit {commit[:12]}"
        body: dict[str, Json] = {
            "state": state,
            "name": status.context,
            "description": shown(status.description, _DESCRIPTION_MAX),
        }
        if status.url:
            body["target_url"] = status.url
        query = urlencode({"name": status.context})
        said = forge.get(f"{at}/repository/commits/{commit}/statuses?{query}", what)
        for one in forge.field(said, list)[:1]:
            if forge.field(one, str, "status") == state:
                return
        forge.post(f"{at}/statuses/{commit}", body, what)

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """GitLab keeps no key of ours: the one of that commit which has not ended is meant."""
        at, forge = self._at(repository), self._forge
        commit = forge.commit_id(commit)
        state, what = _DEPLOYMENT_STATES[note.state], f"deployment to {note.environment[:80]}"
        query = urlencode({"environment": note.environment, "order_by": "id", "sort": "desc"})
        said = forge.get(f"{at}/deployments?{query}&per_page=20", what)
        for one in forge.field(said, list):
            if forge.field(one, str, "sha") != commit:
                continue
            stands = forge.field(one, str, "status")
            if stands == state:
                return ""
            if stands in {"created", "running"}:
                number = forge.field(one, int, "id")
                forge.post(f"{at}/deployments/{number}", {"status": state}, what, "PUT")
                return ""
            break
        body: dict[str, Json] = {
            "environment": note.environment,
            "sha": commit,
            "ref": commit,
            "tag": False,
            "status": state,
        }
        forge.post(f"{at}/deployments", body, what)
        return ""

    def check(self) -> str:
        """Whose token it is."""
        found = self._forge.get("api/v4/user", "our own account")
        return shown(self._forge.field(found, str, "username"), 100)

    def _at(self, repository: str) -> str:
        return f"api/v4/projects/{self._forge.repository(repository)}"

    def _single(self, repository: str, reference: str) -> object:
        name = quote(reference, safe="")
        path = f"{self._at(repository)}/repository/commits/{name}"
        found: object = self._forge.get(path, f"commit {reference[:80]}")
        return found

    def _without(self, repository: str, head: str, base: str, count: int) -> list[object]:
        if head == base:
            return []
        query = urlencode({"ref_name": f"{base}..{head}", "per_page": str(PAGE)})
        path = f"{self._at(repository)}/repository/commits?{query}"
        pages = self._forge.pages(path, self._forge.headers(), what="commit of that id")
        return self._forge.first(pages, count)

    def _commit(self, found: object, signature: CommitSignature) -> Commit:
        forge = self._forge
        assert isinstance(found, dict)
        return plain_commit(
            commit_id=forge.id_in(found, "id"),
            parents=[
                forge.id_in({"id": one}, "id") for one in forge.field(found, list, "parent_ids")
            ],
            author=(found.get("author_name"), found.get("author_email")),
            committed_at=forge.time(found, "committed_date"),
            message=forge.field(found, str, "title"),
            signature=signature,
        )

    def _signature(self, repository: str, found: object) -> CommitSignature:
        forge = self._forge
        path = f"{self._at(repository)}/repository/commits/{forge.id_in(found, 'id')}/signature"
        reply = forge.ask("GET", forge.url(path), forge.headers(Accept="application/json"))
        if reply.status == 404:
            return CommitSignature(SignatureState.NONE)
        forge.refuse(reply, "a signature")
        told = forge.parsed(reply)
        status = shown(forge.field(told, str, "verification_status"), 60)
        if status in _GOOD:
            assert isinstance(told, dict)
            key = told.get("key")
            named = key.get("title") if isinstance(key, dict) else None
            signer = told.get("gpg_key_user_email") or named or "GitLab's own word"
            return CommitSignature(SignatureState.GOOD, shown(signer, 200))
        # "unverified" is all that GitLab says of a key that it does not know and of a forgery.
        return CommitSignature(SignatureState.UNKNOWN, why=f"GitLab says: {status}")
