"""What a forge says of a push has a followed repository looked at; nothing of it is believed."""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.test_followed import Followed, config_repository, environment
from api.test_sources import integrate
from connectors.webhooks import (
    BITBUCKET,
    GITLAB_PUSH,
    PUSH,
    Send,
    bitbucket_headers,
    body,
    gitea_headers,
    github_headers,
    gitlab_headers,
    standard_of,
)
from fixtures.git_servers import GitHttpServer
from fixtures.servers import NoRuns
from fixtures.webhooks import SECRET, Hooks
from stella.app.background import Background
from stella.app.followed import Follower
from stella.app.serve import repository_watch, webhook_watch
from stella.app.settings import Settings
from stella.environment.followed.model import Followed as Value
from stella.environment.followed.push import is_meant

pytestmark = pytest.mark.path

PUSHED = {
    "type": "commits.pushed",
    "data": {
        "repository": "shop/web",
        "reference": "refs/heads/main",
        "before": "a" * 40,
        "after": "b" * 40,
    },
}
SENT = [
    ("github", github_headers("push"), PUSH),
    ("gitea", gitea_headers("push"), PUSH),
    ("gitlab", gitlab_headers, GITLAB_PUSH),
    ("bitbucket", bitbucket_headers("repo:push"), BITBUCKET),
    ("signed", standard_of, PUSHED),
]


@pytest.fixture
def followed(hooks: Hooks, git_http: GitHttpServer, git_root: Path, tmp_path: Path) -> Followed:
    repository = config_repository(tmp_path, git_root)
    integrate(hooks.control, git_http.endpoint)
    services = hooks.control.services
    return Followed(hooks.control, repository, Follower(services, timedelta(minutes=1)))


def told(said: object, name: str) -> bytes:
    return body(json.loads(json.dumps(said).replace("shop/web", f"shop/{name}")))


@pytest.mark.parametrize(("connector", "headers", "said"), SENT, ids=[one[0] for one in SENT])
def test_a_push_wakes_what_follows_it(
    followed: Followed, hooks: Hooks, connector: str, headers: Send, said: Any
) -> None:
    first = followed.write(environment("qa"))
    followed.follow(branch="main")
    assert followed.look()["applied"] == first
    hooks.make("forge", connector)
    second = followed.write(environment("live"))
    sent = told(said, followed.repository.path.name.removesuffix(".git"))
    signed = headers(sent, followed.control.clock(), SECRET, 1)
    for is_replay in (False, True):
        assert hooks.send("forge", sent, signed).json()["replay"] is is_replay
    assert hooks.handle() == 1
    assert followed.control.get("/repositories/shop")["isAskedFor"]
    (delivery,) = hooks.deliveries()
    assert delivery["outcome"].endswith("; looked at: shop")
    # The commit that it names, all b, is nowhere: what counts is what the server finds itself.
    shown = followed.look(seconds=1)
    assert (shown["applied"], shown["isAskedFor"]) == (second, False)
    assert hooks.handle() == 0


def test_what_wakes_nothing(followed: Followed, hooks: Hooks) -> None:
    followed.write(environment("qa"))
    followed.follow(branch="main")
    followed.look()
    hooks.make("forge", "signed")
    name = followed.repository.path.name
    for number, (repository, reference) in enumerate(
        ((f"other/{name}", "refs/heads/main"), (f"shop/{name}", "refs/heads/more"))
    ):
        data = {**PUSHED["data"], "repository": repository, "reference": reference}
        hooks.signed("forge", {**PUSHED, "data": data}, f"msg_{number}")
    hooks.signed("forge", told(PUSHED, name).decode(), "msg_9", secret="another")
    assert hooks.handle() == 2
    assert not followed.control.get("/repositories/shop")["isAskedFor"]


@pytest.mark.parametrize(
    ("ours", "theirs", "is_woken"),
    [
        (("shop/config.git", "main"), ("shop/config", "refs/heads/main"), True),
        (("scm/SHOP/config.git", "main"), ("shop/config", "refs/heads/main"), True),
        (("config", "HEAD"), ("shop/config", "refs/heads/anything"), True),
        (("shop/config", "refs/heads/main"), ("shop/config", "refs/heads/main"), True),
        (("shop/config", "v1"), ("shop/config", "refs/tags/v1"), True),
        (("shop/config", "main"), ("shop/config", "refs/heads/feature/main"), False),
        (("shop/config", "main"), ("shop/myconfig", "refs/heads/main"), False),
        (("shop/myconfig", "main"), ("config", "refs/heads/main"), False),
        (("shop/config", "main"), ("other/config", "refs/heads/main"), False),
        (("shop/config", "main"), ("///", "refs/heads/main"), False),
    ],
)
def test_what_may_be_the_same_repository_and_branch(
    ours: tuple[str, str], theirs: tuple[str, str], is_woken: bool
) -> None:
    value = Value("shop", "sources", ours[0], ours[1], ("stella.yaml",))
    assert is_meant(value, *theirs) is is_woken


def test_a_server_looks_within_a_moment(followed: Followed, hooks: Hooks) -> None:
    followed.write(environment("qa"))
    followed.follow(branch="main")
    followed.look()
    hooks.make("forge", "signed")
    second = followed.write(environment("live"))
    services, settings = followed.control.services, Settings()
    watches = (webhook_watch(services, settings), repository_watch(services, settings))
    background = Background(services, NoRuns(), holder="test", watches=watches)
    background.start()
    try:
        said = json.loads(told(PUSHED, followed.repository.path.name))
        assert hooks.signed("forge", said).is_success
        began = time.monotonic()
        while followed.control.get("/repositories/shop")["applied"] != second:
            assert time.monotonic() < began + 20
            time.sleep(0.05)
    finally:
        services.stop()
        background.join()
