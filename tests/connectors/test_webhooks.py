"""Each webhook holds the kit, and reads what its service's documentation shows."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from fixtures.webhooks import DIGEST, OTHER, SECRET, hexed, slack, standard
from stella.app.plugin_apart import connected_apart
from stella.app.plugin_process import PluginProcess, PluginSource
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Kind
from stella.plugin.manifest import manifest_beside
from stella.sdk import BuildState, Received, Webhook, WebhookForged, WebhookMalformed
from stella.sdk.testing import WEBHOOK_CHECKS, SimulatedWebhook, WebhookBench
from stella_connectors.webhooks import PLUGIN

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A, B, NONE = "a" * 40, "b" * 40, "0" * 40
Send = Callable[[bytes, datetime, str, int], Mapping[str, str]]
OCI = "application/vnd.oci.image.manifest.v1+json"


def github_headers(event: str) -> Send:
    return lambda body, _at, secret, number: {
        "x-github-event": event,
        "x-github-delivery": f"guid-{number}",
        "x-hub-signature-256": f"sha256={hexed(body, secret)}",
        "content-type": "application/json",
    }


def gitea_headers(event: str) -> Send:
    return lambda body, _at, secret, number: {
        "x-gitea-event": event,
        "x-gitea-delivery": f"guid-{number}",
        "x-gitea-signature": hexed(body, secret),
    }


def bitbucket_headers(event: str) -> Send:
    return lambda body, _at, secret, number: {
        "x-event-key": event,
        "x-request-uuid": f"guid-{number}",
        "x-hub-signature": f"sha256={hexed(body, secret)}",
    }


def gitlab_headers(body: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
    return {"x-gitlab-token": secret, "idempotency-key": f"key-{number}"}


def bearer(body: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
    return {"authorization": f"Bearer {secret}"}


def harbor_headers(body: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
    return {"authorization": secret}


def standard_of(body: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
    # The kit also asks how an empty secret would sign: as nobody can.
    return standard(body, at, f"msg_{number}", secret or "x")


def slack_headers(body: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
    kind = "application/x-www-form-urlencoded"
    return {**slack(body, at, secret), "content-type": kind}


PUSH = {
    "ref": "refs/heads/main",
    "before": A,
    "after": B,
    "repository": {"full_name": "shop/web"},
    "pusher": {"name": "ana", "email": "ana@shop.example"},
}
GITLAB_PUSH = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "before": A,
    "after": B,
    "user_username": "ana",
    "project": {"path_with_namespace": "shop/web"},
}
NOTIFICATION = {
    "events": [
        {
            "id": "320678d8-ca14-430f-8bb6-4ca139cd83f7",
            "timestamp": "2026-03-01T11:59:58.123456789Z",
            "action": "push",
            "target": {
                "mediaType": OCI,
                "digest": DIGEST,
                "repository": "shop/web",
                "tag": "1.0",
            },
            "request": {"host": "registry.example:5000", "method": "PUT"},
        }
    ]
}
HARBOR = {
    "type": "PUSH_ARTIFACT",
    "occur_at": 1772366398,
    "operator": "ana",
    "event_data": {
        "resources": [
            {"digest": DIGEST, "tag": "1.0", "resource_url": "harbor.example/shop/web:1.0"}
        ],
        "repository": {"name": "web", "namespace": "shop", "repo_full_name": "shop/web"},
    },
}
SIGNED = {
    "type": "image.pushed",
    "timestamp": "2026-03-01T11:59:58Z",
    "data": {"image": f"registry.example/shop/web:1.0@{DIGEST}"},
}
BITBUCKET = {
    "actor": {"display_name": "Ana"},
    "repository": {"full_name": "shop/web"},
    "push": {
        "changes": [
            {
                "old": {"type": "branch", "name": "main", "target": {"hash": A}},
                "new": {"type": "branch", "name": "main", "target": {"hash": B}},
            }
        ]
    },
}
PRESSED = {
    "type": "block_actions",
    "user": {"id": "U2CERLKJA", "username": "ana"},
    "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
    "actions": [{"type": "button", "action_id": "approve", "value": "prm_1@sha256:ab"}],
}


def form(said: object) -> bytes:
    return urlencode({"payload": json.dumps(said)}).encode()


def body(said: object) -> bytes:
    return json.dumps(said).encode()


@dataclass(frozen=True)
class Service:
    """One connector, and how its service sends to it."""

    name: str
    send: Send
    said: bytes
    other: bytes
    is_body_signed: bool = True
    is_time_signed: bool = False
    config: dict[str, Any] = field(default_factory=dict)


SERVICES = (
    Service("github", github_headers("push"), body(PUSH), body({**PUSH, "after": A})),
    Service("gitea", gitea_headers("push"), body(PUSH), body({**PUSH, "after": A})),
    Service("gitlab", gitlab_headers, body(GITLAB_PUSH), body({"object_kind": "note"}), False),
    Service(
        "gitlab",
        standard_of,
        body(GITLAB_PUSH),
        body({"object_kind": "note"}),
        is_time_signed=True,
        config={"proof": "signature"},
    ),
    Service("bitbucket", bitbucket_headers("repo:push"), body(BITBUCKET), body(BITBUCKET)),
    Service("distribution", bearer, body(NOTIFICATION), body({"events": []}), False),
    Service("harbor", harbor_headers, body(HARBOR), body({"type": "PULL_ARTIFACT"}), False),
    Service("signed", standard_of, body(SIGNED), body({"type": "x"}), is_time_signed=True),
    Service("slack", slack_headers, form(PRESSED), form({"type": "view_closed"}), True, True),
)
named = pytest.mark.parametrize(
    "service", SERVICES, ids=lambda one: one.name + ("-signed" if one.config else "")
)
checks = pytest.mark.parametrize("check", WEBHOOK_CHECKS, ids=lambda check: check.__name__)


def nowhere(*_: object) -> Any:
    raise AssertionError("a webhook reaches nothing")


def connection(
    secret: Callable[[], str], earlier: Callable[[], str] | None, **config: Any
) -> Connection:
    credentials = {"secret": secret}
    if earlier is not None:
        credentials["previous_secret"] = earlier
    return Connection("", nowhere, config, credentials)


def bench_of(service: Service, factory: Callable[[Connection], Webhook]) -> WebhookBench:
    has_other = service.name not in {"github", "gitea", "bitbucket"}  # a header chooses there
    return WebhookBench(
        open=lambda secret, earlier: factory(connection(secret, earlier, **service.config)),
        send=service.send,
        body=service.said,
        others=(service.other,) if has_other else (),
        at=NOW,
        is_body_signed=service.is_body_signed,
        is_time_signed=service.is_time_signed,
    )


@named
@checks
def test_each_holds_the_kit(check: Callable[[WebhookBench], None], service: Service) -> None:
    check(bench_of(service, PLUGIN.webhooks[service.name]))


@checks
def test_the_fake_holds_the_kit(check: Callable[[WebhookBench], None]) -> None:
    said = {"repository": "shop/web", "reference": "refs/heads/main", "before": A, "after": B}
    fake = Service("fake", standard_of, body(said), body({}), is_time_signed=True)
    check(bench_of(fake, SimulatedWebhook))


@pytest.fixture(scope="module")
def process() -> Iterator[PluginProcess]:
    module = "stella_connectors.webhooks"
    made = PluginProcess(PluginSource(manifest_beside(module), f"{module}:PLUGIN"))
    yield made
    made.close()


@pytest.mark.apart
@pytest.mark.parametrize(
    "service", [SERVICES[0], SERVICES[7], SERVICES[8]], ids=lambda one: one.name
)
@pytest.mark.parametrize(
    "check",
    # A lone surrogate in a header, which no server hands on, does not cross.
    [one for one in WEBHOOK_CHECKS if one.__name__ != "without_its_headers_it_is_forged"],
    ids=lambda check: check.__name__,
)
def test_they_hold_it_in_a_process_of_their_own(
    check: Callable[[WebhookBench], None], service: Service, process: PluginProcess
) -> None:
    check(
        bench_of(
            service,
            lambda opening: connected_apart(process, Kind.WEBHOOK, service.name, opening),
        )
    )


# ---------------------------------------------------------------- what services say


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
