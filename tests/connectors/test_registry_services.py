"""How the registries that people have let somebody in: the challenges and tokens of their documentation.

None of them is asked here: a server plays each, with its host in the place of theirs.
"""

import base64
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.registries import Answer, played_registry
from stella.sdk import RegistryConfig, RegistryRefused, RegistryUnreachable
from stella_connectors.registry import open_registry

SCOPE = "repository:shop/web:pull"


@dataclass(frozen=True)
class Service:
    """realm, service: of the challenge. user: what people give. answer: what its token server says."""

    name: str
    realm: str
    service: str
    user: str
    answer: Mapping[str, object]


SERVICES = (
    Service(
        "Docker Hub",
        "http://HOST/token",
        "registry.docker.io",
        "ana",
        {"token": "TOKEN", "access_token": "TOKEN", "expires_in": 300, "issued_at": "2026-01-01"},
    ),
    Service("GHCR", "http://HOST/token", "ghcr.io", "ana", {"token": "TOKEN"}),
    Service("Quay", "http://HOST/v2/auth", "quay.io", "acme+robot", {"token": "TOKEN"}),
    Service(
        "Azure Container Registry",
        "http://HOST/oauth2/token",
        "acme.azurecr.io",
        "00000000-0000-0000-0000-000000000001",
        {"access_token": "TOKEN"},
    ),
    Service(
        "Google Artifact Registry, access token",
        "http://HOST/v2/token",
        "",
        "oauth2accesstoken",
        {"token": "TOKEN", "access_token": "", "expires_in": 3600, "issued_at": ""},
    ),
    Service(
        "Google Artifact Registry, key of an account",
        "http://HOST/v2/token",
        "europe-docker.pkg.dev",
        "_json_key",
        {"token": "TOKEN"},
    ),
    Service(
        "Harbor",
        "http://HOST/service/token",
        "harbor-registry",
        "robot$shop+stella",
        {"token": "TOKEN", "access_token": "", "expires_in": 1800, "issued_at": "2026-01-01"},
    ),
    Service(
        "GitLab",
        "http://HOST/jwt/auth",
        "container_registry",
        "deploy-token",
        {"token": "TOKEN"},
    ),
    Service(
        "Artifactory",
        "http://HOST/artifactory/api/docker/docker-local/v2/token",
        "acme.jfrog.io",
        "ana",
        {"token": "TOKEN", "expires_in": 3600},
    ),
)
BASIC = (
    ("Nexus", 'Basic realm="Sonatype Nexus Repository Manager"'),
    ("Artifactory, Basic", 'Basic realm="Artifactory Realm"'),
    ("Amazon ECR", 'Basic realm="https://1.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr"'),
    ("Gitea", 'basic realm="Gitea Container Registry"'),
)
PASSWORD = 'pass/word+ with "quotes" {"type": "service_account"}'


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.name)
def test_a_token_of_its_kind_lets_in(service: Service) -> None:
    token, asked = "eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl", []
    pair = base64.b64encode(f"{service.user}:{PASSWORD}".encode()).decode()

    def play(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        host, parts = headers["host"], urlsplit(path)
        if parts.path == urlsplit(service.realm.replace("HOST", host)).path:
            asked.append(parse_qs(parts.query))
            if headers.get("authorization") != f"Basic {pair}":
                return Answer(401, b'{"details": "incorrect username or password"}')
            return Answer(200, json.dumps(service.answer).replace("TOKEN", token).encode())
        if headers.get("authorization") == f"Bearer {token}":
            return Answer(200, b'{"name": "shop/web", "tags": ["1.4"]}')
        named = f',service="{service.service}"' if service.service else ""
        realm = service.realm.replace("HOST", host)
        challenge = f'Bearer realm="{realm}"{named},scope="{SCOPE}"'
        return Answer(401, b'{"errors": []}', {"www-authenticate": challenge})

    with played_registry(play) as host:
        config = RegistryConfig(host, login=lambda: (service.user, PASSWORD))
        assert open_registry(config).tags("shop/web") == ("1.4",)
        wrong = RegistryConfig(host, login=lambda: (service.user, "wrong"))
        with pytest.raises(RegistryRefused) as refused:
            open_registry(wrong).tags("shop/web")
        assert "wrong" not in str(refused.value)
    assert asked[0]["scope"] == [SCOPE]
    assert asked[0].get("service", [""]) == [service.service]


@pytest.mark.parametrize(("name", "challenge"), BASIC)
def test_basic_credentials_of_its_kind_let_in(name: str, challenge: str) -> None:
    pair = base64.b64encode(f"ana:{PASSWORD}".encode()).decode()

    def play(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if headers.get("authorization") == f"Basic {pair}":
            return Answer(200, b'{"name": "shop/web", "tags": ["1.4"]}')
        return Answer(401, b"", {"www-authenticate": challenge})

    with played_registry(play) as host:
        config = RegistryConfig(host, login=lambda: ("ana", PASSWORD))
        assert open_registry(config).tags("shop/web") == ("1.4",), name


@pytest.mark.parametrize("host", ["docker.io", "index.docker.io"])
def test_docker_hub_is_asked_where_it_is(host: str) -> None:
    asked: list[str] = []

    def connect(place: str, port: int, timeout: float) -> socket.socket:
        asked.append(f"{place}:{port}")
        raise ConnectionRefusedError(111, f"not in {timeout} s")

    with pytest.raises(RegistryUnreachable, match=host):
        open_registry(RegistryConfig(host, connect=connect)).tags("library/debian")
    assert set(asked) == {"registry-1.docker.io:443"}
