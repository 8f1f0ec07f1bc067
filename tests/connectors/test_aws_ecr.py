"""Logins to Amazon ECR: asked of moto, renewed before they end, and used by the registry connector."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from connectors.stores import Given, aws_profile, direct, given_keys
from fixtures.secret_stores import ACCOUNT, REGION, Moto
from stella.sdk import (
    Connect,
    Connection,
    RegistryConfig,
    RegistryRefused,
    SecretNotFound,
    SecretStoreRefused,
    SecretStoreUnreachable,
)
from stella.sdk.aws import Keys
from stella.sdk.testing import SECRET_HTTP_CHECKS, SecretHttpBench
from stella.sdk.testing.between import standing_between
from stella_connectors.aws_ecr import open_ecr
from stella_connectors.aws_ecr.connector import EcrLogins
from stella_connectors.registry import open_registry

MAY = "ecr:GetAuthorizationToken"
# moto says of every login that it ends at this time.
ENDS = datetime(2015, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = ENDS - timedelta(hours=12)

    def __call__(self) -> datetime:
        return self.at


def opened(endpoint: str, given: Given, clock: Clock, connect: Connect = direct, **more: Any):
    return EcrLogins(aws_profile(endpoint, given, connect, **more), now=clock)


@pytest.mark.stores
@pytest.mark.parametrize("by", ["keys", "role"])
def test_a_login_is_asked_for_once_and_again_before_it_ends(by: str, moto: Moto) -> None:
    given = given_keys(moto.keys(moto.user(MAY if by == "keys" else "sts:AssumeRole")))
    more = {"role_arn": moto.role(MAY)} if by == "role" else {}
    clock = Clock()
    with standing_between(moto.endpoint) as between:
        store = opened(between.endpoint, given, clock, sts_endpoint=moto.endpoint, **more)

        def asked() -> int:
            return sum("x-amz-target" in one.headers for one in between.requests)

        for _ in range(3):
            assert store.read("login", "username").value == "AWS"
            password = store.read("login", "password")
        assert (password.value, password.expires_at) == (f"{ACCOUNT}-auth-token", ENDS)
        assert "auth-token" not in repr(password)
        assert json.loads(store.read("login", None).value) == {
            "username": "AWS",
            "password": password.value,
        }
        assert asked() == 1
        clock.at = ENDS - timedelta(hours=1, seconds=1)
        store.read("login", "password")
        assert asked() == 1
        clock.at = ENDS - timedelta(minutes=59)
        store.read("login", "password")
        assert asked() == 2


@pytest.mark.stores
def test_other_keys_ask_for_another_login(moto: Moto) -> None:
    given = given_keys(moto.keys(moto.user(MAY)))
    store = opened(moto.endpoint, given, Clock())
    store.read("login", "password")
    given.values["secret_access_key"] = "w" * 40
    with pytest.raises(SecretStoreRefused, match="gives us no login"):
        store.read("login", "password")


@pytest.mark.stores
def test_who_may_not_is_refused_and_check_says_who_we_are(moto: Moto) -> None:
    nobody = opened(moto.endpoint, given_keys(moto.keys(moto.user())), Clock())
    for call in (nobody.check, lambda: nobody.read("login", None)):
        with pytest.raises(SecretStoreRefused):
            call()
    somebody = moto.user(MAY)
    assert somebody in opened(moto.endpoint, given_keys(moto.keys(somebody)), Clock()).check()
    stranger = opened(moto.endpoint, given_keys(Keys("AKIANOBODY", "w" * 40)), Clock())
    with pytest.raises(SecretStoreRefused):
        stranger.check()


def test_there_is_one_secret_with_two_fields() -> None:
    store = opened("http://127.0.0.1:1", given_keys(Keys("AKIA", "s" * 40)), Clock())
    for path, key in (("", None), ("other", None), ("login?version=1", None), ("login", "token")):
        with pytest.raises(SecretNotFound):
            store.read(path, key)
    with pytest.raises(SecretNotFound):
        store.revoke("lease")
    with pytest.raises(SecretStoreUnreachable):
        store.read("login", None)


@pytest.mark.stores
@pytest.mark.parametrize("check", SECRET_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_answer_is_one_refusal(check: Any, moto: Moto) -> None:
    given = given_keys(moto.keys(moto.user("sts:AssumeRole")))
    role = moto.role(MAY)

    def open_at(endpoint: str, connect: Connect) -> EcrLogins:
        whole = {"region": REGION, "sts_endpoint": endpoint, "role_arn": role}
        return open_ecr(Connection(endpoint, connect, whole, given.credentials(), timeout_s=1))

    password = f"{ACCOUNT}-auth-token"
    check(SecretHttpBench(moto.endpoint, open_at, "login", "password", password, given.secrets))


@pytest.mark.stores
def test_the_registry_connector_logs_in_with_it(moto: Moto) -> None:
    store = opened(moto.endpoint, given_keys(moto.keys(moto.user(MAY))), Clock())
    wanted = base64.b64encode(f"AWS:{ACCOUNT}-auth-token".encode()).decode()

    def play(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """ECR asks for Basic credentials, not for a token."""
        if headers.get("authorization") != f"Basic {wanted}":
            challenge = 'Basic realm="https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/"'
            return Answer(
                401, b"Not Authorized", {"www-authenticate": f'{challenge},service="ecr"'}
            )
        return Answer(200, b'{"name": "shop/web", "tags": ["1.4"]}')

    with played_registry(play) as host:

        def login() -> tuple[str, str]:
            return store.read("login", "username").value, store.read("login", "password").value

        assert open_registry(RegistryConfig(host, login=login)).tags("shop/web") == ("1.4",)
        with pytest.raises(RegistryRefused):
            open_registry(RegistryConfig(host)).tags("shop/web")
