"""What each service's delivery says to us."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.webhooks import (
    BITBUCKET,
    GITLAB_PUSH,
    HARBOR,
    NONE,
    NOTIFICATION,
    NOW,
    PRESSED,
    PUSH,
    A,
    B,
    Send,
    bearer,
    bitbucket_headers,
    body,
    connection,
    form,
    gitea_headers,
    github_headers,
    gitlab_headers,
    harbor_headers,
    slack_headers,
    standard_of,
)
from fixtures.webhooks import DIGEST, OTHER, SECRET, hexed
from stella.sdk import BuildState, Received, WebhookForged, WebhookMalformed
from stella_connectors.webhooks import PLUGIN


def received(
    name: str, send: Send, said: object, *, raw: bytes | None = None, **config: Any
) -> Received:
    content = raw if raw is not None else body(said)
    webhook = PLUGIN.webhooks[name](connection(lambda: SECRET, None, **config))
    return webhook.receive(send(content, NOW, SECRET, 1), content, NOW)


def test_a_push_says_who_moved_what_from_where_to_where() -> None:
    for name, send, said in (
        ("github", github_headers("push"), PUSH),
        ("gitea", gitea_headers("push"), {**PUSH, "pusher": {"login": "ana"}}),
        ("gitlab", gitlab_headers, GITLAB_PUSH),
    ):
        (pushed,) = received(name, send, said).commits
        assert (pushed.repository, pushed.reference) == ("shop/web", "refs/heads/main")
        assert (pushed.before, pushed.after, pushed.by) == (A, B, "ana")
    (pushed,) = received("bitbucket", bitbucket_headers("repo:push"), BITBUCKET).commits
    assert (pushed.reference, pushed.before, pushed.after) == ("refs/heads/main", A, B)


def test_forgejo_signs_under_its_own_name() -> None:
    def send(content: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
        return {"x-forgejo-event": "push", "x-forgejo-signature": hexed(content, secret)}

    assert received("gitea", send, PUSH).commits[0].after == B
    with pytest.raises(WebhookForged):  # a bad one of its own is not saved by another
        received(
            "gitea",
            lambda *given: {**gitea_headers("push")(*given), "x-forgejo-signature": "00"},
            PUSH,
        )


def test_a_branch_that_is_made_or_removed_at_bitbucket_begins_or_ends_at_nothing() -> None:
    new = {"type": "tag", "name": "v1", "target": {"hash": B}}
    said = {
        **BITBUCKET,
        "push": {"changes": [{"old": None, "new": new}, {"old": new, "new": None}]},
    }
    made, removed = received("bitbucket", bitbucket_headers("repo:push"), said).commits
    assert (made.reference, made.before, made.after) == ("refs/tags/v1", NONE, B)
    assert (removed.before, removed.after) == (B, NONE)


def test_bitbucket_data_center_says_it_in_its_own_form() -> None:
    said = {
        "eventKey": "repo:refs_changed",
        "actor": {"name": "ana"},
        "repository": {"slug": "web", "project": {"key": "SHOP"}},
        "changes": [
            {"refId": "refs/heads/main", "fromHash": A, "toHash": B, "type": "UPDATE"},
        ],
    }
    (pushed,) = received("bitbucket", bitbucket_headers("repo:refs_changed"), said).commits
    assert (pushed.repository, pushed.by) == ("SHOP/web", "ana")


def test_builds_are_told_once_they_have_ended() -> None:
    run = {
        "id": 30433642,
        "name": "Build",
        "head_sha": B,
        "html_url": "https://github.com/shop/web/actions/runs/30433642",
        "conclusion": "success",
    }
    said = {"action": "completed", "workflow_run": run, "repository": {"full_name": "shop/web"}}
    (build,) = received("github", github_headers("workflow_run"), said).builds
    assert (build.pipeline, build.build, build.state) == (
        "Build",
        "30433642",
        BuildState.SUCCEEDED,
    )
    begun = {**said, "action": "requested"}
    assert received("github", github_headers("workflow_run"), begun).builds == ()
    skipped = {**said, "workflow_run": {**run, "conclusion": "skipped"}}
    assert received("github", github_headers("workflow_run"), skipped).builds == ()

    pipeline = {
        "object_kind": "pipeline",
        "object_attributes": {"id": 31, "status": "failed", "sha": B, "url": "https://x/31"},
        "project": {"path_with_namespace": "shop/web"},
    }
    (build,) = received("gitlab", gitlab_headers, pipeline).builds
    assert (build.pipeline, build.build, build.state) == ("shop/web", "31", BuildState.FAILED)

    status = {
        "commit_status": {"key": "ci", "name": "CI", "state": "STOPPED", "url": "https://x"},
        "repository": {"full_name": "shop/web"},
    }
    send = bitbucket_headers("repo:commit_status_updated")
    assert received("bitbucket", send, status).builds[0].state is BuildState.CANCELLED


def test_githubs_own_registry_says_tag_and_digest() -> None:
    package = {
        "name": "Web",
        "namespace": "Shop",
        "ecosystem": "CONTAINER",
        "updated_at": "2026-03-01T11:59:00Z",
        "package_version": {"container_metadata": {"tag": {"name": "1.0", "digest": DIGEST}}},
    }
    said = {"action": "published", "registry_package": package}
    (image,) = received("github", github_headers("registry_package"), said).images
    assert (image.host, image.repository, image.tag) == ("ghcr.io", "shop/web", "1.0")
    assert image.digest == DIGEST
    assert image.at == datetime(2026, 3, 1, 11, 59, tzinfo=UTC)
    npm = {**said, "registry_package": {**package, "package_version": {}}}
    assert received("github", github_headers("registry_package"), npm).images == ()


def test_a_registrys_notification_names_the_images_and_nothing_else() -> None:
    (event,) = NOTIFICATION["events"]
    target: Any = event["target"]
    others = [
        {**event, "action": "pull"},
        {**event, "target": {**target, "mediaType": "application/octet-stream"}},
        {**event, "target": {**target, "tag": f"sha256-{'0' * 64}.sig"}},
        {key: held for key, held in event.items() if key != "target"} | {"action": "delete"},
        {**event, "target": {key: held for key, held in target.items() if key != "tag"}},
    ]
    said = {"events": [*others, event]}
    (image,) = received("distribution", bearer, said).images
    assert (image.host, image.repository, image.tag, image.digest) == (
        "registry.example:5000",
        "shop/web",
        "1.0",
        DIGEST,
    )
    assert image.at is not None
    (named,) = received("distribution", bearer, said, host="outside.example").images
    assert named.host == "outside.example"
    (azure,) = received("distribution", bearer, event).images  # one event, and no list of them
    assert azure == image


def test_harbor_says_the_same_in_both_of_its_formats() -> None:
    (image,) = received("harbor", harbor_headers, HARBOR).images
    assert (image.host, image.repository, image.tag) == ("harbor.example", "shop/web", "1.0")
    assert image.at == datetime(2026, 3, 1, 11, 59, 58, tzinfo=UTC)
    event = {
        "specversion": "1.0",
        "type": "harbor.artifact.pushed",
        "time": "2026-03-01T11:59:58Z",
        "data": HARBOR["event_data"],
    }
    assert received("harbor", bearer, event).images == (image,)


def test_a_signed_build_names_its_images() -> None:
    data = {
        "pipeline": "shop/web",
        "build": 12,
        "state": "succeeded",
        "images": [f"registry.example/shop/web@{OTHER}"],
    }
    (build,) = received("signed", standard_of, {"type": "build.ended", "data": data}).builds
    assert (build.build, build.images) == ("12", (f"registry.example/shop/web@{OTHER}",))


def test_a_pressed_button_says_which_by_whom() -> None:
    (choice,) = received("slack", slack_headers, None, raw=form(PRESSED)).choices
    assert (choice.key, choice.choice, choice.by) == ("prm_1@sha256:ab", "approve", "U2CERLKJA")


def test_standard_webhooks_own_example_is_taken() -> None:
    """The vector that its libraries test with."""
    content = b'{"test": 2432232314}'
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    webhook = PLUGIN.webhooks["signed"](connection(lambda: secret, None))
    at = datetime.fromtimestamp(1614265330, UTC)
    with pytest.raises(WebhookMalformed):  # signed well, though it has no type
        webhook.receive(headers, content, at)
    more = f"v1,AAAA v2,x {headers['webhook-signature']}"
    with pytest.raises(WebhookMalformed):
        webhook.receive({**headers, "webhook-signature": more}, content, at)
