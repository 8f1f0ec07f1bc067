"""Secrets that nobody stores: what people and jobs are let in by, what a store makes for one use, and the
password in the database's URL; each is used, by itself and where it is refused, and then looked for in all
that the server wrote and said.
"""

import base64
import json
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import create_engine, make_url, text

from connectors.registries import Answer, played_registry
from fixtures.hosts import Host, password_in
from fixtures.issuers import Issuer, real_seconds, sign
from fixtures.machine_logins import ID_TOKEN, document
from fixtures.secret_stores import OpenBao
from stella.client import Client

pytestmark = [pytest.mark.program, pytest.mark.stores, pytest.mark.postgres]

CLIENT_SECRET = "canary-client-secret-5b1d0c7e"
CODE = "canary-code-92aa41f0"
ACCESS = "canary-access-c07de3a8"
DATABASE = "canary-database-6e6f12bd"


class Provider:
    """An OpenID provider: it gives real tokens, or refuses and repeats all that it was shown."""

    def __init__(self) -> None:
        self.issuer = Issuer()
        self.issuer.add_key("one", "RS256")
        self.nonce = ""
        self.refuses = True
        self.shown: list[str] = []
        self.given: list[str] = []

    def play(self, _method: str, path: str, headers: Any, body: bytes) -> Answer:
        base = self.issuer.url
        if path.endswith("/.well-known/openid-configuration"):
            told = {"issuer": base, "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token", "jwks_uri": f"{base}/keys"}  # fmt: skip
            return Answer(body=json.dumps(told).encode())
        if path.endswith("/keys"):
            return Answer(body=json.dumps(self.issuer.jwks()).encode())
        shown = [body.decode(), *headers.values()]
        shown += [
            base64.b64decode(one[6:]).decode() for one in headers.values() if one[:6] == "Basic "
        ]
        self.shown += shown
        if self.refuses:
            told = {"error": "invalid_grant", "error_description": " ".join(shown)}
            return Answer(400, body=json.dumps(told).encode())
        at = real_seconds()
        claims = {"iss": base, "aud": "stella", "sub": "ana-1", "iat": at, "exp": at + 300,
                  "nonce": self.nonce, "preferred_username": "ana", "groups": ["managers"]}  # fmt: skip
        algorithm, key = self.issuer.keys["one"]
        self.given.append(sign({"alg": algorithm, "kid": "one"}, claims, key))
        told = {"id_token": self.given[-1], "access_token": ACCESS, "token_type": "Bearer"}
        return Answer(body=json.dumps(told).encode())


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with played_registry(made.play) as host:
        made.issuer.url = f"http://{host}"
        yield made


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """A database of its own; the password in its URL is as good as any other there."""
    name = f"c{uuid.uuid4().hex}"
    url = make_url(postgres)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield url.set(database=name, password=DATABASE).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


class Told:
    """All that the server answers."""

    def __init__(self, client: Client) -> None:
        self._http = client._http
        self.answers: list[str] = []

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        sent = self._http.request(method, path, json=body, **more)
        self.answers.append(f"{sent.status_code} {sent.headers} {sent.text}")
        return sent

    def apply(self, *documents: dict[str, Any]) -> None:
        sent = self.ask("POST", "/apply", {"documents": documents})
        assert sent.is_success, sent.text


def of_kind(kind: str, name: str, /, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "stella/v1", "kind": kind, "name": name, "spec": spec}


def sign_in(told: Told, provider: Provider) -> tuple[int, str]:
    """By a browser, there and back. What the browser itself is given belongs to it, and is no answer."""
    begun = told._http.get("/session/oidc/company/start", follow_redirects=False)
    assert begun.status_code == 303, begun.text
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    (provider.nonce,), (state,) = query["nonce"], query["state"]
    back = told._http.get(
        "/session/oidc/company/callback",
        params={"code": CODE, "state": state},
        follow_redirects=False,
    )
    told._http.cookies.clear()
    told.answers.append(f"{back.text} {back.headers.get('location')}")
    return back.status_code, back.headers["location"]


def minted(openbao: OpenBao, path: str, told: Told) -> dict[str, str]:
    """User and password that OpenBao makes for this integration."""
    rules = {path: ["read"], "sys/leases/revoke": ["update"]}
    token = openbao.token(openbao.policy(rules))
    assert told.ask("PUT", "/secrets/vault", {"value": token}).is_success
    told.apply(
        of_kind(
            "Integration",
            "main",
            kind="secret_store",
            connector="vault",
            endpoint=openbao.endpoint,
            credentials={"token": "secret://vault"},
        )
    )
    return {name: f"vault://main/{path}#{name}" for name in ("username", "password")}


def rows_of(url: str) -> str:
    """Every row of every table, as text."""
    dumped = subprocess.run(
        ["pg_dump", "--data-only", "--inserts", url.replace("postgresql+psycopg", "postgresql")],
        capture_output=True,
        text=True,
        check=True,
    )
    return dumped.stdout


def test_nothing_that_lets_in_for_a_while_is_found_anywhere(
    host: Host,
    provider: Provider,
    openbao: OpenBao,
    openbao_database: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    leased: list[str] = []

    def talkative(_method: str, _path: str, headers: Any, _body: bytes) -> Answer:
        shown = headers.get("authorization", "")
        if not shown:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        told = base64.b64decode(shown[6:]).decode()
        leased.append(told.partition(":")[2])
        return Answer(403, body=json.dumps({"errors": [told]}).encode(), headers={"x-told": told})

    more = {"STELLA_LOG_LEVEL": "debug", "STELLA_DATABASE_URL": database_url}
    planted = {"client secret": CLIENT_SECRET, "code": CODE, "access": ACCESS, "url": DATABASE}
    with host.serving(**more) as serving, played_registry(talkative) as registry:
        password = password_in(host.command("serve", "--reset-admin", **more).stdout)
        with host.login(password) as client:
            told = Told(client)
            assert told.ask("PUT", "/secrets/oidc", {"value": CLIENT_SECRET}).is_success
            told.apply(
                of_kind(
                    "Integration",
                    "company",
                    kind="identity_provider",
                    connector="oidc",
                    endpoint=provider.issuer.url,
                    config={"client_id": "stella"},
                    credentials={"client_secret": "secret://oidc"},
                ),
                of_kind(
                    "SignIn", "company", integration="company", groups={"managers": ["viewer"]}
                ),
                document("jobs", provider.issuer, issuer=None, keys=None, integration="company"),
            )
            told.ask("POST", "/integrations/company/test")
            assert sign_in(told, provider)[1].startswith("/sign-in?refused=")
            provider.refuses = False
            assert sign_in(told, provider) == (303, "/")
            planted["id token"] = provider.given[-1].rpartition(".")[2]

            for audience in ("https://another.example", None):
                at = {"aud": audience} if audience else {}
                job = provider.issuer.token(datetime.now(UTC), **at)
                planted[f"job {audience}"] = job.rpartition(".")[2]
                body = {"subjectToken": job, "subjectTokenType": ID_TOKEN}
                sent = told._http.post("/token-exchange", json=body)
                assert sent.is_success is (audience is None), sent.text
                if sent.is_success:
                    planted["machine"] = sent.json()["accessToken"]
                else:
                    told.answers.append(sent.text)

            images = minted(openbao, openbao_database, told)
            told.apply(
                of_kind(
                    "Integration",
                    "images",
                    kind="registry",
                    connector="oci",
                    endpoint=registry,
                    credentials=images,
                )
            )
            told.ask("POST", "/integrations/images/test")
            told.ask("POST", "/scans", {"image": f"{registry}/shop/web:1"})
            assert leased, "it was used"
            planted |= {f"lease {number}": one for number, one in enumerate(set(leased))}
            told.apply(of_kind("Environment", "prod", policy="starter"))
            planted["token"] = client.post("/tokens", {"name": "program"})["token"]
            doing = {"STELLA_URL": host.url, "STELLA_TOKEN": planted["token"]}
            done = host.command("secret", "allow", "oidc", "hosts:prod", "-o", "json", **doing)
            assert done.returncode == 0, done.stderr
            allowed = [one["integration"] for one in json.loads(done.stdout)["allowed"]]
            assert "hosts:prod" in allowed
            assert "oidc goes to hosts of prod" in done.stderr
            for path in ("integrations", "users", "machines", "doctor", "facts?limit=500"):
                told.ask("GET", f"/{path}")
            (tmp_path / "support.tar").write_bytes(client.content("/doctor/bundle"))
            processes = subprocess.run(
                ["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True
            ).stdout
        code, out, err = serving.end()
    assert code == 0
    # Where the database is gone, what says so names it.
    gone = make_url(database_url).set(port=1).render_as_string(hide_password=False)
    broken = [
        host.command(*words, **{**more, "STELLA_DATABASE_URL": gone})
        for words in (["serve"], ["doctor"], ["doctor", "-o", "json"], ["db", "migrate"])
    ]
    assert all(one.returncode for one in broken)
    said = {"answers": "\n".join(told.answers), "processes": processes, "out": out, "errors": err}
    said |= {f"broken {n}": one.stdout + one.stderr for n, one in enumerate(broken)}
    assert "port" in said["broken 0"]
    said["rows"] = rows_of(database_url)
    assert "UserSignedIn" in said["rows"]
    assert "TokenExchanged" in said["rows"]
    files = {str(one): one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    assert len(files) > 5
    for name, value in planted.items():
        forms = (value, base64.b64encode(value.encode()).decode().rstrip("="), value.encode().hex())
        found = [place for place, words in said.items() if any(one in words for one in forms)]
        found += [p for p, held in files.items() if any(one.encode() in held for one in forms)]
        assert found == [], name
    assert any(CLIENT_SECRET in one for one in provider.shown), "it was sent to the provider"
    assert any(CODE in one for one in provider.shown)
