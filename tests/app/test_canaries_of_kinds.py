"""A secret of its own for each credential of each kind of integration, people's and agents' logins: each is
used at a service that repeats what it is shown, and then looked for in all that the server wrote and said.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from fixtures.hosts import Host, password_in

pytestmark = pytest.mark.program

HTTP = "http://{host}"
# kind, connector, endpoint, config, what it takes as credentials.
KINDS: tuple[tuple[str, str, str, dict[str, Any], tuple[str, ...]], ...] = (
    ("registry", "oci", "{host}", {}, ("username", "password", "pull_username", "pull_password")),
    ("scm", "github", HTTP, {}, ("token",)),
    ("scm", "gitlab", HTTP, {}, ("token",)),
    ("scm", "gitea", HTTP, {}, ("token",)),
    ("scm", "bitbucket", HTTP, {}, ("token",)),
    ("scm", "git", HTTP, {}, ("username", "password")),
    ("ci", "buildbot", HTTP, {}, ("username", "password")),
    ("ci", "jenkins", HTTP, {}, ("username", "token")),
    ("ci", "github-actions", HTTP, {}, ("token",)),
    ("ci", "gitlab-ci", HTTP, {}, ("token",)),
    ("notifier", "jira", HTTP, {"project": "OPS"}, ("email", "token")),
    ("notifier", "servicenow", HTTP, {}, ("username", "password")),
    ("notifier", "slack", HTTP, {"channel": "C0123456"}, ("token",)),
    ("notifier", "webhook-out", HTTP, {}, ("signing_secret",)),
    ("notifier", "smtp", "smtp://{host}", {"from": "a@b.example", "to": ["c@d.example"], "tls": False},
     ("username", "password")),
    ("metrics", "prometheus", HTTP, {}, ("token",)),
    ("language_model", "openai-compatible", HTTP, {"model": "m"}, ("token",)),
    ("identity_provider", "oidc", HTTP, {"client_id": "stella"}, ("client_secret",)),
    ("directory", "ldap", "ldap://{host}", {"user_base": "dc=a"}, ("bind_password",)),
    ("secret_store", "vault", HTTP, {}, ("role_id", "secret_id")),
    ("secret_store", "aws-sm", HTTP, {"region": "eu-central-1"}, ("access_key_id", "secret_access_key")),
    ("secret_store", "azure-kv", HTTP, {"tenant_id": "t", "client_id": "c"}, ("client_secret",)),
    ("object_store", "s3", HTTP, {"region": "eu-central-1", "bucket": "archive"},
     ("access_key_id", "secret_access_key")),
    ("webhook", "github", "", {}, ("secret", "previous_secret")),
    ("webhook", "signed", "", {}, ("secret", "previous_secret")),
)  # fmt: skip


@pytest.fixture
def talkative() -> Iterator[tuple[str, list[str]]]:
    """It refuses everybody and repeats all that it was shown, in each place it has; and what that was."""
    shown: list[str] = []

    def play(_method: str, path: str, headers: Any, body: bytes) -> Answer:
        told = [path, body.decode(errors="replace"), *headers.values()]
        for one in [*told]:
            scheme, _, encoded = one.partition(" ")
            if scheme == "Basic":
                told.append(base64.b64decode(encoded).decode())
        shown.extend(told)
        if "authorization" not in headers and path.startswith("/v2/"):
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        line = " ".join(" ".join(told).split()).encode("ascii", "replace").decode()
        return Answer(403, body=json.dumps({"errors": told, "message": line}).encode(),
                      headers={"x-told": line[:4000]})  # fmt: skip

    with played_registry(play) as host:
        yield host, shown


def canary(number: int, name: str) -> str:
    return f"canary-{number:02d}-{name.replace('_', '-')}-5b1d0c7e"


def test_no_secret_of_any_kind_is_found_anywhere(
    host: Host, talkative: tuple[str, list[str]], tmp_path: Path
) -> None:
    there, shown = talkative
    answers: list[str] = []
    planted: dict[str, str] = {}
    with host.serving(STELLA_LOG_LEVEL="debug") as serving:
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with host.login(password) as client:

            def ask(method: str, path: str, body: Any = None, **headers: str) -> Any:
                sent = client._http.request(method, path, json=body, headers=headers)
                answers.append(f"{sent.status_code} {sent.headers} {sent.text}")
                return sent

            for number, (kind, connector, endpoint, config, names) in enumerate(KINDS):
                credentials = {}
                for name in names:
                    value = planted[f"{connector} {name}"] = canary(number, name)
                    secret = f"c{number}-{name.replace('_', '-')}"
                    assert ask("PUT", f"/secrets/{secret}", {"value": value}).is_success
                    credentials[name] = f"secret://{secret}"
                spec = {"kind": kind, "connector": connector, "config": config, "timeoutS": 1}
                spec |= {"endpoint": endpoint.format(host=there), "credentials": credentials}
                document = {"apiVersion": "stella/v1", "kind": "Integration", "spec": spec}
                done = ask("POST", "/apply", {"documents": [{**document, "name": f"i{number}"}]})
                assert done.is_success, done.text
                tested = ask("POST", f"/integrations/i{number}/test")
                assert tested.is_success, tested.text
                if kind == "webhook":
                    ask(
                        "POST",
                        f"/webhooks/i{number}",
                        {"a": 1},
                        **{"x-hub-signature-256": "sha256=0"},
                    )
            # What is shown to whom asks for it, once.
            token = client.post("/tokens", {"name": "ours"})["token"]
            enrolment = client.post("/agents/tokens", {"name": "host-a"})["token"]
            planted |= {"password": password, "token": token, "enrolment": enrolment}
            ask("POST", "/login", {"name": "admin", "password": f"{password}x"})
            ask("GET", "/integrations", authorization=f"Bearer {token}")
            paths = ("integrations", "secrets", "doctor", "tokens", "agents", "webhook-deliveries")
            for path in (*paths, "facts?limit=500"):
                ask("GET", f"/{path}")
            (tmp_path / "support.tar").write_bytes(client.content("/doctor/bundle"))
            args = ["ps", "-eo", "pid,args"]
            processes = subprocess.run(args, capture_output=True, text=True, check=True).stdout
        assert host.command("db", "backup", str(tmp_path / "backup.tar")).returncode == 0
        code, out, err = serving.end()
    assert code == 0
    said = {"answers": "\n".join(answers), "processes": processes, "output": out, "errors": err}
    files = {str(one): one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    for name, value in planted.items():
        forms = (value, base64.b64encode(value.encode()).decode().rstrip("="), value.encode().hex())
        found = [place for place, text in said.items() if any(one in text for one in forms)]
        found += [p for p, held in files.items() if any(one.encode() in held for one in forms)]
        assert found == [], name
    # They were used: what lets in by being sent was sent there (others sign, or come after a login).
    sent = {name for name, value in planted.items() if any(value in one for one in shown)}
    assert {one for one in planted if one.endswith(" token")} <= sent, sorted(sent)
