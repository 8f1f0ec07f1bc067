"""How each service sends, and what it says: shapes as their documentation shows them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fixtures.webhooks import DIGEST, hexed, slack, standard
from stella.plugin.contract.connection import Connection
from stella.sdk import Webhook
from stella.sdk.testing import WebhookBench

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
