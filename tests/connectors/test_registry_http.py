"""Rarer registries: tokens, the referrers API, pages, and those that lie or break off."""

import json
import socket
from base64 import b64encode
from itertools import count
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor, RegistryConfig
from stella.plugin.refusals import (
    BlobDigestMismatch,
    ImageNotFound,
    ManifestMalformed,
    ManifestTooLarge,
    RegistryRefused,
    RegistryUnreachable,
)
from stella_connectors.registry import open_registry

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONTENT = b'{"schemaVersion":2}'


def config(host: str, **more: Any) -> RegistryConfig:
    return RegistryConfig(host, timeout_s=5, **more)


def test_a_token_is_fetched_once_from_the_realm_with_the_credentials():
    asked: list[str] = []

    def play(method, path, headers, body):
        if path.startswith("/token"):
            asked.append(f"{path} {headers.get('authorization')}")
            return Answer(body=b'{"token":"t0ken"}')
        if headers.get("authorization") != "Bearer t0ken":
            challenge = f'Bearer realm="http://{headers["host"]}/token",service="s",scope="x"'
            return Answer(401, headers={"www-authenticate": challenge})
        return Answer(body=CONTENT, headers={"content-type": MANIFEST})

    with played_registry(play) as host:
        registry = open_registry(config(host, login=lambda: ("ana", "pass")))
        assert registry.manifest("shop/web", "1").digest == Digest.of(CONTENT)
        assert registry.manifest("shop/web", "2").digest == Digest.of(CONTENT)
    assert asked == ["/token?scope=x&service=s Basic YW5hOnBhc3M="]


def test_basic_credentials_are_sent_when_asked_for():
    def play(method, path, headers, body):
        if headers.get("authorization") != "Basic YW5hOnBhc3M=":
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=CONTENT, headers={"content-type": MANIFEST})

    with played_registry(play) as host:
        registry = open_registry(config(host, login=lambda: ("ana", "pass")))
        assert registry.manifest("shop/web", "1").content == CONTENT
        with pytest.raises(RegistryRefused, match="wants credentials") as refusal:
            open_registry(config(host)).manifest("shop/web", "1")
    assert refusal.value.exit_code == 5


def test_credentials_are_asked_for_at_each_use_and_kept_nowhere():
    now = ["old"]
    seen: list[str | None] = []

    def play(method, path, headers, body):
        seen.append(headers.get("authorization"))
        if headers.get("authorization") != f"Basic {b64encode(now[0].encode()).decode()}":
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=CONTENT, headers={"content-type": MANIFEST})

    with played_registry(play) as host:
        given = config(host, login=lambda: tuple(now[0].partition(":")[::2]))
        registry = open_registry(given)
        now[0] = "ana:one"
        registry.manifest("shop/web", "1")
        now[0] = "ana:two"
        registry.manifest("shop/web", "2")
    assert seen[-1] == "Basic YW5hOnR3bw==", "the second one, with no refusal in between"
    assert "two" not in repr(given)


def entry(content: bytes, artifact_type: str) -> dict:
    return {
        "mediaType": MANIFEST,
        "digest": Digest.of(content).text,
        "size": len(content),
        "artifactType": artifact_type,
    }


def test_the_referrers_api_is_read_page_by_page():
    def play(method, path, headers, body):
        second = "page=2" in path
        index = {
            "schemaVersion": 2,
            "manifests": [entry(b"2" if second else b"1", "a" if second else "b")],
        }
        link = {} if second else {"link": f'<{path}?page=2>; rel="next"'}
        return Answer(body=json.dumps(index).encode(), headers={"content-type": INDEX, **link})

    with played_registry(play) as host:
        registry = open_registry(config(host))
        every = registry.referrers("shop/web", Digest.of(b"subject"))
        only_a = registry.referrers("shop/web", Digest.of(b"subject"), "a")
    assert {one.digest for one in every} == {Digest.of(b"1"), Digest.of(b"2")}
    assert [one.digest for one in only_a] == [Digest.of(b"2")]


def endless_list(kind: str, entries: int = 1):
    """A registry whose list never ends: each page names a next one."""
    served = count(1)

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        page = next(served)
        more = {"link": f'<{path.partition("?")[0]}?page={page}>; rel="next"'}
        names = [f"{page}-{one}" for one in range(entries)]
        if kind == "tags":
            return Answer(body=json.dumps({"tags": names}).encode(), headers=more)
        content = {
            "schemaVersion": 2,
            "manifests": [entry(name.encode(), "application/x") for name in names],
        }
        return Answer(body=json.dumps(content).encode(), headers={"content-type": INDEX, **more})

    return play, served


@pytest.mark.parametrize("kind", ["tags", "referrers"])
def test_a_list_that_does_not_end_is_no_list(kind: str):
    play, served = endless_list(kind)
    with played_registry(play) as host:
        registry = open_registry(config(host))
        with pytest.raises(ManifestMalformed, match=f"its list of {kind} does not end after 200"):
            _ = (
                registry.tags("shop/web")
                if kind == "tags"
                else registry.referrers("shop/web", Digest.of(b"subject"))
            )
    assert next(served) == 201, "it was asked for 200 pages"


def test_more_referrers_than_anybody_attaches_are_refused_before_the_last_page():
    play, served = endless_list("referrers", entries=7000)
    with played_registry(play) as host, pytest.raises(ManifestMalformed, match="after 21,000"):
        open_registry(config(host)).referrers("shop/web", Digest.of(b"subject"))
    assert next(served) == 4


def test_a_registry_with_the_api_gets_no_fallback_tag():
    written: list[str] = []

    def play(method, path, headers, body):
        written.append(f"{method} {path}")
        return Answer(201, headers={"oci-subject": "sha256:x"})

    artifact = json.dumps(
        {"config": entry(b"{}", ""), "subject": entry(b"s", ""), "artifactType": "a"}
    ).encode()
    with played_registry(play) as host:
        digest = open_registry(config(host)).attach("shop/web", artifact)
    assert written == [f"PUT /v2/shop/web/manifests/{digest}"]


def test_a_next_page_on_another_host_is_not_followed():
    def play(method, path, headers, body):
        return Answer(body=b'{"tags":["a"]}', headers={"link": '<http://evil.test/x>; rel="next"'})

    with played_registry(play) as host, pytest.raises(ManifestMalformed, match="another host"):
        open_registry(config(host)).tags("shop/web")


def answering(answer: Answer):
    return lambda *_: answer


FILE_REALM = {"www-authenticate": 'Bearer realm="file:///x"'}
OTHER = {"docker-content-digest": Digest.of(b"other").text}
LYING_MANIFESTS = [
    ("announced digest of other bytes", Answer(200, CONTENT, OTHER), BlobDigestMismatch),
    ("five megabytes", Answer(200, b" " * 5_000_000), ManifestTooLarge),
    ("not found", Answer(404), ImageNotFound),
    ("forbidden", Answer(403), RegistryRefused),
    ("server error", Answer(500), RegistryUnreachable),
    ("too many requests", Answer(429), RegistryUnreachable),
    ("teapot", Answer(418), ManifestMalformed),
    ("token server over other scheme", Answer(401, headers=FILE_REALM), RegistryUnreachable),
    ("redirect without end", Answer(302, headers={"location": "/v2/"}), RegistryUnreachable),
    ("broken off", Answer(200, b"{", {"content-length": "100"}), RegistryUnreachable),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [case[1:] for case in LYING_MANIFESTS],
    ids=[case[0] for case in LYING_MANIFESTS],
)
def test_a_manifest_that_does_not_come_right_is_refused(answer, refusal):
    with played_registry(answering(answer)) as host, pytest.raises(refusal) as refused:
        open_registry(config(host)).manifest("shop/web", "1")
    assert refused.value.remedy.advice


@pytest.mark.parametrize("busy", [429, 503])
def test_one_that_is_busy_is_asked_again_after_the_time_that_it_names(busy: int):
    asked = count()

    def play(method, path, headers, body):
        if next(asked) < 2:
            return Answer(busy, headers={"Retry-After": "0"})
        return Answer(body=CONTENT, headers={"content-type": MANIFEST})

    with played_registry(play) as host:
        assert open_registry(config(host)).manifest("shop/web", "1").content == CONTENT
    assert next(asked) == 3


@pytest.mark.parametrize(("headers", "requests"), [({"Retry-After": "6"}, 1), ({}, 3)])
def test_one_that_stays_busy_is_not_waited_for_without_end(headers: dict[str, str], requests: int):
    asked = count()

    def play(method, path, given, body):
        next(asked)
        return Answer(429, headers=headers)

    with played_registry(play) as host, pytest.raises(RegistryUnreachable, match="429"):
        open_registry(config(host)).manifest("shop/web", "1")
    assert next(asked) == requests


def test_what_is_written_to_a_busy_one_is_not_sent_twice():
    asked: list[str] = []

    def play(method, path, headers, body):
        asked.append(method)
        return Answer(429, headers={"Retry-After": "0"})

    artifact = {"config": entry(b"{}", ""), "subject": entry(b"s", ""), "artifactType": "a"}
    with played_registry(play) as host, pytest.raises(RegistryUnreachable):
        open_registry(config(host)).attach("shop/web", json.dumps(artifact).encode())
    assert asked == ["PUT"]


BLOBS = [
    ("other bytes of the same size", Answer(200, b"12x"), BlobDigestMismatch),
    ("longer", Answer(200, b"1234"), BlobDigestMismatch),
    ("shorter", Answer(200, b"12"), BlobDigestMismatch),
    ("broken off", Answer(200, b"12", {"content-length": "3"}), RegistryUnreachable),
    ("missing", Answer(404), ImageNotFound),
]


@pytest.mark.parametrize(
    ("answer", "refusal"), [case[1:] for case in BLOBS], ids=[case[0] for case in BLOBS]
)
def test_a_blob_that_is_not_what_was_promised_is_refused(answer, refusal):
    wanted = Descriptor("x", Digest.of(b"123"), 3)
    with (
        played_registry(answering(answer)) as host,
        pytest.raises(refusal),
        open_registry(config(host)).blob("shop/web", wanted) as chunks,
    ):
        list(chunks)


def test_credentials_do_not_follow_a_redirect_to_another_host():
    seen: list[str | None] = []

    def store(method, path, headers, body):
        seen.append(headers.get("authorization"))
        return Answer(body=b"123")

    with played_registry(store) as other:

        def play(method, path, headers, body):
            if headers.get("authorization") != "Basic YW5hOnBhc3M=":
                return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
            return Answer(307, headers={"location": f"http://{other}/bucket/blob?signed=1"})

        wanted = Descriptor("x", Digest.of(b"123"), 3)
        with played_registry(play) as host:
            registry = open_registry(config(host, login=lambda: ("ana", "pass")))
            with registry.blob("shop/web", wanted) as chunks:
                assert b"".join(chunks) == b"123"
    assert seen == [None]


def test_every_socket_is_opened_the_way_that_the_host_gives():
    asked: list[tuple[str, int]] = []

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        asked.append((host, port))
        return socket.create_connection((host, port), timeout)

    with played_registry(lambda *_: Answer(body=CONTENT)) as host:
        open_registry(config(host, connect=connect)).manifest("shop/web", "1")
        assert asked == [("127.0.0.1", int(host.rpartition(":")[2]))]


def test_a_proxy_of_the_environment_is_used():
    asked: list[str] = []

    def proxy(method, path, headers, body):
        asked.append(path)
        return Answer(body=CONTENT, headers={"content-type": MANIFEST})

    with played_registry(proxy) as host, pytest.MonkeyPatch.context() as environment:
        environment.setenv("http_proxy", f"http://{host}")
        registry = open_registry(config("registry.example", plain_http=True))
        assert registry.manifest("shop/web", "1").content == CONTENT
    assert asked == ["http://registry.example/v2/shop/web/manifests/1"]


def test_a_registry_that_is_not_there_is_unreachable_and_says_so():
    with played_registry(answering(Answer())) as host:
        pass
    with pytest.raises(RegistryUnreachable, match="cannot be reached") as refusal:
        open_registry(config(host)).manifest("shop/web", "1")
    assert refusal.value.retry_may_help
