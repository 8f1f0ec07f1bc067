"""Google Cloud Storage and Azure Blob Storage hold the kits, on services that are played; and what an
answer that was lost means to who writes only where nothing is.
"""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connectors.clouds import AzureContainer, GoogleBucket, page_after_page
from connectors.registries import Answer, played_registry
from connectors.stores import Line, direct
from stella.sdk import Connect, Connection, NotThere, ObjectStore, ServiceRefused
from stella.sdk.testing import (
    OBJECT_STORE_CHECKS,
    SERVICE_HTTP_CHECKS,
    ObjectStoreBench,
    ServiceHttpBench,
)
from stella_connectors.azure_blob import open_azure_blob
from stella_connectors.azure_blob.sign import authorization
from stella_connectors.gcs import open_gcs
from stella_connectors.s3 import open_s3

pytestmark = pytest.mark.long

KINDS = ("gcs", "azure by its key", "azure by an application")
kinds = pytest.mark.parametrize("kind", KINDS)
stores = pytest.mark.parametrize("check", OBJECT_STORE_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)


def opened(
    kind: str,
    cloud: Any,
    connect: Connect = direct,
    endpoint: str = "",
    secret: str | None = None,
    timeout_s: int = 5,
    **more: Any,
) -> ObjectStore:
    at = endpoint or cloud.endpoint
    if kind == "gcs":
        config = {"bucket": cloud.bucket, "token_endpoint": at, **more}
        key = {"service_account_key": cloud.key_file if secret is None else lambda: secret}
        return open_gcs(Connection(at, connect, config, key, timeout_s=timeout_s))
    config = {"account": cloud.account, "container": cloud.container, "login_endpoint": at, **more}
    if kind.endswith("key"):
        given = {"account_key": lambda: secret or cloud.account_key}
    else:
        config |= {"tenant_id": cloud.tenant, "client_id": cloud.client_id}
        given = {"client_secret": lambda: secret or cloud.client_secret}
    return open_azure_blob(Connection(at, connect, config, given, timeout_s=timeout_s))


def served(kind: str) -> Any:
    return (GoogleBucket() if kind == "gcs" else AzureContainer()).served()


def secrets_of(kind: str, cloud: Any) -> tuple[str, ...]:
    if kind == "gcs":
        return tuple(cloud.key_file().split("\\n")[1:-2])
    return (cloud.account_key if kind.endswith("key") else cloud.client_secret,)


@kinds
@stores
def test_a_bucket_holds_what_every_store_holds(
    check: Callable[[ObjectStoreBench], None], kind: str
) -> None:
    line = Line()
    with served(kind) as cloud:
        wrong = {
            "gcs": cloud.key_file(2) if kind == "gcs" else "",
            "azure by its key": base64.b64encode(b"wrong" * 8).decode(),
            "azure by an application": "s~wrong-wrong-wrong",
        }[kind]
        store = opened(kind, cloud, line.connect)
        check(
            ObjectStoreBench(
                store=store,
                again=opened(kind, cloud),
                folder=f"kit/{uuid.uuid4().hex}",
                strangers=(opened(kind, cloud, secret=wrong),),
                outage=lambda: line.cut(store),
                secrets=lambda: secrets_of(kind, cloud),
            )
        )


@kinds
@by_http
def test_a_broken_bucket_costs_a_refusal(
    check: Callable[[ServiceHttpBench], None], kind: str
) -> None:
    def use(store: ObjectStore) -> None:
        store.put("one/object", b"content")
        with store.get("one/object") as chunks:
            assert b"".join(chunks) is not None
        assert all(one.key == "one/object" for one in store.list("", "", 2))

    with served(kind) as cloud:
        check(
            ServiceHttpBench(
                cloud.endpoint,
                lambda endpoint, connect: opened(kind, cloud, connect, endpoint, timeout_s=1),
                use,
                lambda: secrets_of(kind, cloud),
                endless=page_after_page,
            )
        )


@kinds
def test_who_may_not_is_refused_and_what_is_not_there_is_not(kind: str) -> None:
    with served(kind) as cloud:
        elsewhere = {"bucket": "another-bucket"} if kind == "gcs" else {"container": "another"}
        for call in (
            opened(kind, cloud, **elsewhere).check,
            lambda: opened(kind, cloud, **elsewhere).put("a", b"x"),
            lambda: opened(kind, cloud, **elsewhere).delete("a"),
        ):
            with pytest.raises(NotThere):
                call()
        cloud.is_allowed = False
        store = opened(kind, cloud)
        for call in (store.check, lambda: store.put("a", b"x"), lambda: store.stat("a")):
            with pytest.raises(ServiceRefused):
                call()


@kinds
def test_a_token_or_key_that_ended_is_replaced_once(kind: str) -> None:
    with served(kind) as cloud:
        store = opened(kind, cloud)
        store.put("a", b"content")
        if kind.endswith("key"):
            cloud.account_key = base64.b64encode(uuid.uuid4().bytes * 4).decode()
        else:
            cloud.new_login()
        with store.get("a") as chunks:
            assert b"".join(chunks) == b"content"
        cloud.new_login()
        assert store.stat("a") is not None


def test_the_signature_of_shared_key_is_that_of_the_description() -> None:
    """By the text that the description gives for listing, with another account."""
    headers = {"x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "x-ms-version": "2015-02-21"}
    url = "https://myaccount.blob.core.windows.net/mycontainer?comp=metadata&restype=container&timeout=20"
    wanted = (
        "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n"
        "x-ms-version:2015-02-21\n/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
    )
    made = hmac.new(b"key", wanted.encode(), hashlib.sha256).digest()
    assert authorization("GET", url, headers, b"", account="myaccount", key=b"key") == (
        f"SharedKey myaccount:{base64.b64encode(made).decode()}"
    )


@pytest.mark.parametrize("loses", [1, 2])
def test_an_answer_that_was_lost_is_no_other_writer(loses: int) -> None:
    """S3 stores it, the answer is lost, and the client asks again: it was ours, and it is told so."""
    kept: dict[str, tuple[bytes, str]] = {}
    left = [loses]

    def play(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        writer = headers.get("x-amz-meta-stella-writer", "")
        if method == "HEAD":
            return Answer(200, b"", {"x-amz-meta-stella-writer": kept[path][1]})
        assert headers.get("if-none-match") == "*"
        if path in kept:
            return Answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        kept[path] = (body, writer)
        if left[0]:
            left[0] -= 1
            return Answer(200, b"half", {"content-length": "4000"}, closes=True)
        return Answer(200)

    with played_registry(play) as host:
        config = {"region": "eu-central-1", "bucket": "objects"}
        keys = {"access_key_id": lambda: "AKIA", "secret_access_key": lambda: "s" * 40}
        store = open_s3(Connection(f"http://{host}", direct, config, keys, timeout_s=5))
        assert store.put_new("a", b"ours") is True
        assert store.put_new("a", b"theirs") is False
    assert [content for content, _ in kept.values()] == [b"ours"]
