"""Gitea and Forgejo, by their REST API (version 1)."""

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
    SignatureState,
)
from stella.sdk.json_service import shown
from stella_connectors.forges.common import (
    COUNTED_MAX,
    DESCRIPTION_MAX,
    Forge,
    plain_commit,
)

# Gitea's own most, unless its settings say otherwise.
_PAGE = 50
_TREE_PAGE = 1000
_TREE_PAGES_MAX = 100
_UNSIGNED = "gpg.error.not_signed_commit"
_BAD = frozenset({"gpg.error.probable_bad_signature", "gpg.error.probable_bad_default_signature"})


def token(forge: Forge) -> Mapping[str, str]:
    """An access token."""
    text = forge.optional_credential("token")
    return {"Authorization": f"token {text}"} if text else {}


def open_gitea(connection: Connection) -> "Gitea":
    """The endpoint is the server's own address; the API lies at ``/api/v1`` below it."""
    return Gitea(connection)


class Gitea:
    """``stella.sdk.Scm``. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._forge = Forge(connection, "Gitea", token)

    def close(self) -> None:
        """Close every connection."""
        self._forge.close()

    def resolve(self, repository: str, reference: str) -> Commit:
        """``stella.sdk.Scm``."""
        at, forge = self._at(repository), self._forge
        name = quote(forge.reference(reference), safe="")
        query = "stat=false&files=false&verification=true"
        found = forge.get(f"{at}/git/commits/{name}?{query}", f"commit {reference[:80]}")
        return self._commit(found)

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """By the list of commits without those of the other (``not``)."""
        for one in (base, head):
            self.resolve(repository, self._forge.commit_id(one))
        found = self._without(repository, head, base, limit + 1)
        dropped = len(self._without(repository, base, head, COUNTED_MAX))
        return self._forge.range_of(
            (base, head), [self._commit(one) for one in found], limit, dropped
        )

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """``stella.sdk.Scm``."""
        at, forge = self._at(repository), self._forge
        named = quote(forge.path(path))
        query = urlencode({"ref": forge.commit_id(commit)})
        return forge.content(f"{at}/raw/{named}?{query}", f"file {path[:200]!r}").body

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """By git's own trees: one step a folder on the way, then all below it, page by page."""
        at, forge = self._at(repository), self._forge
        folder, tree = forge.folder(folder), forge.commit_id(commit)
        for name in folder.split("/") if folder else ():
            tree = forge.tree_id(self._tree(at, tree, folder, is_deep=False), name)
        start = f"{folder}/" if folder else ""
        return forge.list_of(self._tree(at, tree, folder, is_deep=is_deep), start, limit)

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """``stella.sdk.Scm``."""
        at, forge = self._at(repository), self._forge
        body: dict[str, Json] = {
            "state": status.state.value,
            "context": status.context,
            "description": shown(status.description, DESCRIPTION_MAX),
        }
        if status.url:
            body["target_url"] = status.url
        forge.post(f"{at}/statuses/{forge.commit_id(commit)}", body, f"commit {commit[:12]}")

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """Gitea has no place for it."""
        del repository, commit, note
        raise self._forge.not_supported("it has no deployments; the status of a commit it has")

    def check(self) -> str:
        """Whose token it is."""
        found = self._forge.get("api/v1/user", "our own account")
        return shown(self._forge.field(found, str, "login"), 100)

    def _at(self, repository: str) -> str:
        return f"api/v1/repos/{self._forge.repository(repository)}"

    def _tree(self, at: str, tree: str, folder: str, *, is_deep: bool) -> Iterator[object]:
        """The entries of a tree; ``truncated`` is said by all of its pages but the last."""
        forge, what = self._forge, f"folder {folder[:200]!r}"
        query = "recursive=true&" if is_deep else ""
        for page in range(1, _TREE_PAGES_MAX + 1):
            found = forge.get(
                f"{at}/git/trees/{tree}?{query}page={page}&per_page={_TREE_PAGE}", what
            )
            yield from forge.field(found, list, "tree")
            if not forge.field(found, bool, "truncated"):
                return
        raise forge.unreachable(f"{what} has more than {_TREE_PAGES_MAX} pages")

    def _without(self, repository: str, head: str, base: str, count: int) -> list[object]:
        if head == base:
            return []
        query = {"sha": head, "not": base, "stat": "false", "files": "false", "limit": str(_PAGE)}
        path = f"{self._at(repository)}/commits?{urlencode(query)}&verification=true"
        pages = self._forge.pages(path, self._forge.headers(), what="commit of that id")
        return self._forge.first(pages, count)

    def _commit(self, found: object) -> Commit:
        forge = self._forge
        author = forge.field(found, dict, "commit", "author")
        parents = forge.field(found, list, "parents")
        return plain_commit(
            commit_id=forge.id_in(found, "sha"),
            parents=[forge.id_in(one, "sha") for one in parents],
            author=(author.get("name"), author.get("email")),
            committed_at=forge.time(found, "commit", "committer", "date"),
            message=forge.field(found, str, "commit", "message"),
            signature=self._signature(found),
        )

    def _signature(self, found: object) -> CommitSignature:
        told = self._forge.field(found, dict, "commit").get("verification")
        if not isinstance(told, dict):
            return CommitSignature(SignatureState.UNKNOWN, why="Gitea says nothing of a signature")
        reason = shown(told.get("reason"), 100) or "no reason"
        if told.get("verified") is True:
            signer = told.get("signer")
            address = signer.get("email") if isinstance(signer, dict) else None
            return CommitSignature(SignatureState.GOOD, shown(address, 200) or reason)
        if reason == _UNSIGNED or not told.get("signature"):
            return CommitSignature(SignatureState.NONE)
        state = SignatureState.BAD if reason in _BAD else SignatureState.UNKNOWN
        return CommitSignature(state, why=f"Gitea says: {reason}")
