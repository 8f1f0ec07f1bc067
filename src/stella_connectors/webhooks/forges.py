"""Forges: GitHub, GitLab, Gitea and Forgejo, Bitbucket. Pushes, and builds that have ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stella.sdk import (
    BuildState,
    Connection,
    EndedBuild,
    PushedCommits,
    PushedImage,
    Received,
)
from stella_connectors.webhooks.content import (
    commit,
    image,
    maybe_commit,
    maybe_text,
    moment,
    part,
    parts,
    read_json,
    text,
)
from stella_connectors.webhooks.proof import Secrets, body_id, forged, header_id

_NONE = "0" * 40
_CONCLUSIONS = {
    "success": BuildState.SUCCEEDED,
    "failure": BuildState.FAILED,
    "timed_out": BuildState.FAILED,
    "cancelled": BuildState.CANCELLED,
    "stale": BuildState.CANCELLED,
    "startup_failure": BuildState.ERRORED,
}
_PIPELINES = {
    "success": BuildState.SUCCEEDED,
    "failed": BuildState.FAILED,
    "canceled": BuildState.CANCELLED,
}
_STATUSES = {
    "SUCCESSFUL": BuildState.SUCCEEDED,
    "FAILED": BuildState.FAILED,
    "STOPPED": BuildState.CANCELLED,
}


class GithubWebhook:
    """``stella.sdk.Webhook``. https://docs.github.com/en/webhooks"""

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        del received_at  # it signs no time
        kind, _, shown = headers.get("x-hub-signature-256", "").partition("=")
        if kind != "sha256":
            raise forged()
        self._secrets.refuse_hex(shown, body)
        return _like_github(headers.get("x-github-event", ""), body)


class GiteaWebhook:
    """``stella.sdk.Webhook``. https://docs.gitea.com/usage/webhooks"""

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        del received_at  # it signs no time
        own = headers.get("x-forgejo-signature")
        self._secrets.refuse_hex(own or headers.get("x-gitea-signature", ""), body)
        event = headers.get("x-forgejo-event") or headers.get("x-gitea-event", "")
        return _like_github(event, body)


class GitlabWebhook:
    """``stella.sdk.Webhook``. https://docs.gitlab.com/user/project/integrations/webhooks/

    By the secret token, which it shows, or by the signing token of newer versions, with which it
    signs as Standard Webhooks describes; the one never counts where the other is set.
    """

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)
        self._is_signed = connection.config.get("proof") == "signature"

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        if self._is_signed:
            delivery = self._secrets.refuse_standard(headers, body, received_at)
        else:
            self._secrets.refuse_token(headers.get("x-gitlab-token", ""))
            delivery = header_id(headers.get("idempotency-key", ""), body)
        said = read_json(body)
        event = maybe_text(said, "object_kind", most=100) or maybe_text(
            said, "event_name", most=100
        )
        if event in {"push", "tag_push"}:
            pushed = PushedCommits(
                text(part(said, "project"), "path_with_namespace"),
                text(said, "ref"),
                commit(said, "before"),
                commit(said, "after"),
                maybe_text(said, "user_username"),
            )
            return Received(delivery, event, commits=(pushed,))
        if event == "pipeline":
            return Received(delivery, event, builds=_pipeline(said))
        return Received(delivery, event or "unnamed")


class BitbucketWebhook:
    """``stella.sdk.Webhook``: Bitbucket Cloud and Data Center.

    https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/
    """

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        del received_at  # it signs no time
        kind, _, shown = headers.get("x-hub-signature", "").partition("=")
        if kind != "sha256":
            raise forged()
        self._secrets.refuse_hex(shown, body)
        said, event = read_json(body), _event(headers.get("x-event-key", ""))
        delivery = body_id(body)
        if event == "repo:push":
            return Received(delivery, event, commits=_cloud_push(said))
        if event == "repo:refs_changed":
            return Received(delivery, event, commits=_server_push(said))
        if event in {"repo:commit_status_created", "repo:commit_status_updated"}:
            return Received(delivery, event, builds=_status(said))
        return Received(delivery, event)


def open_github(connection: Connection) -> GithubWebhook:
    """The factory."""
    return GithubWebhook(connection)


def open_gitea(connection: Connection) -> GiteaWebhook:
    """The factory."""
    return GiteaWebhook(connection)


def open_gitlab(connection: Connection) -> GitlabWebhook:
    """The factory."""
    return GitlabWebhook(connection)


def open_bitbucket(connection: Connection) -> BitbucketWebhook:
    """The factory."""
    return BitbucketWebhook(connection)


def _event(shown: str) -> str:
    """The event that a header names. It is not signed: it only chooses how the body is read."""
    is_name = 0 < len(shown) <= 100 and shown.isascii() and shown.isprintable()
    return shown if is_name else "unnamed"


def _like_github(shown: str, body: bytes) -> Received:
    event, said, delivery = _event(shown), read_json(body), body_id(body)
    if event == "push":
        pusher = said.get("pusher")
        by = pusher if isinstance(pusher, dict) else {}
        pushed = PushedCommits(
            text(part(said, "repository"), "full_name"),
            text(said, "ref"),
            commit(said, "before"),
            commit(said, "after"),
            maybe_text(by, "name") or maybe_text(by, "login"),
        )
        return Received(delivery, event, commits=(pushed,))
    if event == "workflow_run" and said.get("action") == "completed":
        return Received(delivery, event, builds=_workflow_run(said))
    if event in {"registry_package", "package"} and said.get("action") in {"published", "updated"}:
        return Received(delivery, event, images=_package(said, event))
    return Received(delivery, event)


def _workflow_run(said: Mapping[str, Any]) -> tuple[EndedBuild, ...]:
    run = part(said, "workflow_run")
    state = _CONCLUSIONS.get(str(run.get("conclusion")))
    if state is None:  # skipped, neutral: nothing was built
        return ()
    build = EndedBuild(
        maybe_text(run, "name") or text(run, "workflow_id"),
        text(run, "id"),
        state,
        text(part(said, "repository"), "full_name"),
        commit(run, "head_sha"),
        maybe_text(run, "html_url", most=2000),
    )
    return (build,)


def _package(said: Mapping[str, Any], event: str) -> tuple[PushedImage, ...]:
    """The image of GitHub's own container registry; other packages do not concern us."""
    package = part(said, event)
    version, metadata = package.get("package_version"), None
    if isinstance(version, dict) and isinstance(version.get("container_metadata"), dict):
        metadata = version["container_metadata"].get("tag")
    if not isinstance(version, dict) or not isinstance(metadata, dict) or not metadata.get("name"):
        return ()
    repository = f"{text(package, 'namespace')}/{text(package, 'name')}".lower()
    at = moment(package.get("updated_at"))
    return (image("ghcr.io", repository, text(metadata, "name"), text(metadata, "digest"), at),)


def _pipeline(said: Mapping[str, Any]) -> tuple[EndedBuild, ...]:
    about = part(said, "object_attributes")
    state = _PIPELINES.get(str(about.get("status")))
    if state is None:  # it runs still
        return ()
    path = text(part(said, "project"), "path_with_namespace")
    build = EndedBuild(
        maybe_text(about, "name") or path,
        text(about, "id"),
        state,
        path,
        maybe_commit(about, "sha"),
        maybe_text(about, "url", most=2000),
    )
    return (build,)


def _cloud_push(said: Mapping[str, Any]) -> tuple[PushedCommits, ...]:
    repository = text(part(said, "repository"), "full_name")
    actor = said.get("actor")
    by = maybe_text(actor, "display_name") if isinstance(actor, dict) else ""
    found = []
    for change in parts(part(said, "push"), "changes"):
        new, old = change.get("new"), change.get("old")
        named = new if isinstance(new, dict) else part(change, "old")
        kind = "tags" if named.get("type") == "tag" else "heads"
        found.append(
            PushedCommits(
                repository,
                f"refs/{kind}/{text(named, 'name')}",
                commit(part(old, "target"), "hash") if isinstance(old, dict) else _NONE,
                commit(part(new, "target"), "hash") if isinstance(new, dict) else _NONE,
                by,
            )
        )
    return tuple(found)


def _server_push(said: Mapping[str, Any]) -> tuple[PushedCommits, ...]:
    repository = part(said, "repository")
    name = f"{text(part(repository, 'project'), 'key')}/{text(repository, 'slug')}"
    actor = said.get("actor")
    by = maybe_text(actor, "name") if isinstance(actor, dict) else ""
    return tuple(
        PushedCommits(name, text(one, "refId"), commit(one, "fromHash"), commit(one, "toHash"), by)
        for one in parts(said, "changes")
    )


def _status(said: Mapping[str, Any]) -> tuple[EndedBuild, ...]:
    status = part(said, "commit_status")
    state = _STATUSES.get(str(status.get("state")))
    if state is None:
        return ()
    about = status.get("commit")
    build = EndedBuild(
        maybe_text(status, "name") or text(status, "key"),
        text(status, "key"),
        state,
        text(part(said, "repository"), "full_name"),
        maybe_commit(about, "hash") if isinstance(about, dict) else "",
        maybe_text(status, "url", most=2000),
    )
    return (build,)
