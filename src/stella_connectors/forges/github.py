"""GitHub, and GitHub Enterprise Server, by its REST API (version 2022-11-28)."""

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
from stella.sdk.exchange import Reply
from stella.sdk.json_service import shown
from stella_connectors.forges.common import DESCRIPTION_MAX, PAGE, Forge, plain_commit

_BAD = frozenset({"invalid", "malformed_signature", "bad_email", "bad_cert"})
_ACCEPT = "application/vnd.github+json"
_TASK = "deploy:stella"
# What a status may be called; of a deployment "pending" means that it has not begun.
_DEPLOYMENT_STATES = {
    StatusState.PENDING: "in_progress",
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failure",
    StatusState.ERROR: "error",
}


def bearer(forge: Forge) -> Mapping[str, str]:
    """The token of a person, an app or a job."""
    token = forge.optional_credential("token")
    said = {"X-GitHub-Api-Version": "2022-11-28", "Accept": _ACCEPT}
    return {**said, "Authorization": f"Bearer {token}"} if token else said


class GitHubForge(Forge):
    """GitHub says 403 where it wants to be left alone, and 422 where a commit is not there."""

    def refuse(self, reply: Reply, what: str) -> None:
        """Raises ServiceBusy and NotThere for what GitHub means by them."""
        is_limited = reply.headers.get("x-ratelimit-remaining") == "0"
        if reply.status == 403 and (is_limited or "retry-after" in reply.headers):
            asked = reply.headers.get("retry-after", "")
            raise self._busy(403, int(asked) if asked.isdigit() and len(asked) < 7 else None)
        if reply.status == 422 and what.startswith("commit "):
            raise self.not_there(what)
        super().refuse(reply, what)


def who(forge: Forge) -> str:
    """Whose token it is. An app's is nobody's, but is told how much it may still ask."""
    reply = forge.ask("GET", forge.url("user"), forge.headers())
    if reply.status == 403:
        forge.get("rate_limit", "what we may still ask")
        return "an app"
    forge.refuse(reply, "our own account")
    return shown(forge.field(forge.parsed(reply), str, "login"), 100)


def open_github(connection: Connection) -> "GitHub":
    """The endpoint is the API's: ``https://api.github.com``, or ``https://HOST/api/v3``."""
    return GitHub(connection)


class GitHub:
    """``stella.sdk.Scm``. Safe for several threads."""

    def __init__(self, connection: Connection) -> None:
        self._forge = GitHubForge(connection, "GitHub", bearer)

    def close(self) -> None:
        """Close every connection."""
        self._forge.close()

    def resolve(self, repository: str, reference: str) -> Commit:
        """``stella.sdk.Scm``."""
        at = self._forge.repository(repository)
        name = quote(self._forge.reference(reference), safe="/")
        found = self._forge.get(f"repos/{at}/commits/{name}", f"commit {reference[:80]}")
        return self._commit(found)

    def between(self, repository: str, base: str, head: str, limit: int) -> CommitRange:
        """GitHub counts both ways, and gives the oldest first: the last pages are asked for."""
        at, forge = self._forge.repository(repository), self._forge
        pair = f"{forge.commit_id(base)}...{forge.commit_id(head)}"
        first = self._compared(at, pair, 1)
        total = forge.field(first, int, "total_commits")
        dropped = forge.field(first, int, "behind_by")
        pages, found = {1: first}, list[Commit]()
        number = max(1, -(-total // PAGE))
        while number and len(found) < limit:
            page = pages.get(number) or self._compared(at, pair, number)
            commits = forge.field(page, list, "commits")
            if not commits and total:
                raise forge.unreachable("its answer has fewer commits than it counts")
            found += [self._commit(one) for one in reversed(commits)]
            number -= 1
        return forge.range_of((base, head), found, limit, dropped, total)

    def read_file(self, repository: str, commit: str, path: str) -> bytes:
        """``stella.sdk.Scm``."""
        at, forge = self._forge.repository(repository), self._forge
        named = quote(forge.path(path))
        query = urlencode({"ref": forge.commit_id(commit)})
        what = f"file {path[:200]!r}"
        accept = "application/vnd.github.raw+json"
        reply = forge.content(f"repos/{at}/contents/{named}?{query}", what, Accept=accept)
        if "raw" not in reply.headers.get("content-type", ""):
            raise forge.not_there(what)  # a directory, which is told as JSON
        return reply.body

    def list_files(
        self, repository: str, commit: str, folder: str, is_deep: bool, limit: int
    ) -> FileList:
        """By git's own trees: one step a folder on the way, then all below it at once."""
        at, forge = self._forge.repository(repository), self._forge
        folder, tree = forge.folder(folder), forge.commit_id(commit)
        for name in folder.split("/") if folder else ():
            found = self._tree(at, tree, folder)
            tree = forge.tree_id(forge.field(found, list, "tree"), name)
        found = self._tree(at, tree, folder, "?recursive=1" if is_deep else "")
        is_whole = not forge.field(found, bool, "truncated")
        start = f"{folder}/" if folder else ""
        return forge.list_of(forge.field(found, list, "tree"), start, limit, is_whole=is_whole)

    def set_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """``stella.sdk.Scm``."""
        at, forge = self._forge.repository(repository), self._forge
        body: dict[str, Json] = {
            "state": status.state.value,
            "context": status.context,
            "description": shown(status.description, DESCRIPTION_MAX),
        }
        if status.url:
            body["target_url"] = status.url
        path = f"repos/{at}/statuses/{forge.commit_id(commit)}"
        forge.post(path, body, f"commit {commit[:12]}")

    def set_deployment(self, repository: str, commit: str, note: DeploymentNote) -> str:
        """The key lies in the deployment's payload, where it is found again."""
        at, forge = self._forge.repository(repository), self._forge
        number = self._deployment(at, forge.commit_id(commit), note)
        body: dict[str, Json] = {
            "state": _DEPLOYMENT_STATES[note.state],
            "description": shown(note.description, DESCRIPTION_MAX),
            "auto_inactive": note.state is StatusState.SUCCESS,
        }
        if note.url:
            body["log_url"] = note.url
        what = f"deployment to {note.environment[:80]}"
        forge.post(f"repos/{at}/deployments/{number}/statuses", body, what)
        return ""

    def check(self) -> str:
        """Who we are there."""
        return who(self._forge)

    def _tree(self, at: str, tree: str, folder: str, query: str = "") -> Json:
        what = f"folder {folder[:200]!r}"
        found: Json = self._forge.get(f"repos/{at}/git/trees/{tree}{query}", what)
        return found

    def _compared(self, at: str, pair: str, page: int) -> Json:
        path = f"repos/{at}/compare/{pair}?per_page={PAGE}&page={page}"
        found: Json = self._forge.get(path, "commit of that id")
        return found

    def _deployment(self, at: str, commit: str, note: DeploymentNote) -> int:
        forge = self._forge
        query = urlencode({"sha": commit, "environment": note.environment, "task": _TASK})
        what = f"deployment to {note.environment[:80]}"
        path = f"repos/{at}/deployments?{query}&per_page={PAGE}"
        for one in forge.first(forge.pages(path, forge.headers(), what=what), PAGE):
            payload = one.get("payload") if isinstance(one, dict) else None
            if isinstance(payload, dict) and payload.get("stella") == note.key:
                return forge.field(one, int, "id")
        body: dict[str, Json] = {
            "ref": commit,
            "task": _TASK,
            "environment": note.environment,
            "description": shown(note.description, DESCRIPTION_MAX),
            "payload": {"stella": note.key},
            "auto_merge": False,
            "required_contexts": [],
        }
        made = forge.post(f"repos/{at}/deployments", body, f"commit {commit[:12]}")
        return forge.field(made, int, "id")

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
        told = self._forge.field(found, dict, "commit")
        verification = told.get("verification")
        if not isinstance(verification, dict):
            return CommitSignature(SignatureState.UNKNOWN, why="GitHub says nothing of a signature")
        reason = shown(verification.get("reason"), 60) or "no reason"
        if verification.get("verified") is True:
            committer = told.get("committer")
            signer = committer.get("email") if isinstance(committer, dict) else None
            return CommitSignature(SignatureState.GOOD, shown(signer, 200) or "GitHub's own word")
        if reason == "unsigned":
            return CommitSignature(SignatureState.NONE)
        state = SignatureState.BAD if reason in _BAD else SignatureState.UNKNOWN
        return CommitSignature(state, why=f"GitHub says: {reason}")
