"""Our connector for registries, where the way to one is bad: by a password, and by a token server."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.registries import Answer, played_registry
from stella.kernel import Digest
from stella.plugin.contract.connection import Connect
from stella.plugin.contract.registry import Descriptor, RawManifest, RegistryConfig
from stella.sdk.testing import REGISTRY_HTTP_CHECKS, RegistryHttpBench
from stella_connectors.registry import OciRegistry, open_registry

TYPE = "application/vnd.oci.image.manifest.v1+json"
LAYER = b"layer of the kit" * 1000
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": TYPE, "layers": []}).encode()
TAGS = tuple(f"v{number}" for number in range(4))
GOOD, BAD, TOKEN = ("canary-good-7d1f", "canary-bad-90ac", "canary-token-33be")


class Played:
    """One image in ``shop/web``; its tags come in two pages. by_token: a token server is in between."""

    def __init__(self, *, by_token: bool) -> None:
        self.by_token = by_token

    def play(self, _method: str, path: str, headers: Any, _body: bytes) -> Answer:
        given, parts = headers.get("authorization", ""), urlsplit(path)
        basic = f"Basic {base64.b64encode(f'ana:{GOOD}'.encode()).decode()}"
        if parts.path == "/token":
            told = json.dumps({"token": TOKEN}).encode()
            return Answer(body=told) if given == basic else Answer(401)
        if given != (f"Bearer {TOKEN}" if self.by_token else basic):
            realm = f'Bearer realm="http://{headers["host"]}/token",service="r"'
            challenge = realm if self.by_token else 'Basic realm="r"'
            return Answer(401, headers={"www-authenticate": challenge})
        return self._read(parts.path, parts.query)

    def _read(self, path: str, query: str) -> Answer:
        if path.endswith("/tags/list"):
            half = TAGS[2:] if "last=" in query else TAGS[:2]
            more = (
                {} if "last=" in query else {"link": '</v2/shop/web/tags/list?last=v1>; rel="next"'}
            )
            body = json.dumps({"name": "shop/web", "tags": half}).encode()
            return Answer(body=body, headers={"content-type": "application/json", **more})
        if path == f"/v2/shop/web/manifests/{Digest.of(MANIFEST).text}":
            return Answer(body=MANIFEST, headers={"content-type": TYPE})
        if path == f"/v2/shop/web/blobs/{Digest.of(LAYER).text}":
            return Answer(body=LAYER, headers={"content-type": "application/octet-stream"})
        return Answer(404)


@pytest.fixture(params=[False, True], ids=["by a password", "by a token"])
def bench(request: pytest.FixtureRequest) -> Iterator[RegistryHttpBench]:
    def opened(password: str) -> Callable[[str, Connect], OciRegistry]:
        def open_at(endpoint: str, connect: Connect) -> OciRegistry:
            host = endpoint.removeprefix("http://")
            login = lambda: ("ana", password)  # noqa: E731 - as short as it is
            return open_registry(RegistryConfig(host, login=login, connect=connect, timeout_s=1))

        return open_at

    with played_registry(Played(by_token=request.param).play) as host:
        yield RegistryHttpBench(
            endpoint=f"http://{host}",
            open_at=opened(GOOD),
            stranger=opened(BAD),
            repository="shop/web",
            manifest=RawManifest(TYPE, Digest.of(MANIFEST), MANIFEST),
            layer=Descriptor("application/octet-stream", Digest.of(LAYER), len(LAYER)),
            content=LAYER,
            tags=TAGS,
            secrets=(GOOD, BAD, TOKEN),
        )


@pytest.mark.parametrize("check", REGISTRY_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_where_the_way_is_bad(
    check: Callable[[RegistryHttpBench], None], bench: RegistryHttpBench
) -> None:
    check(bench)
