"""Secrets planted everywhere, and a search through everything that a server writes and says."""

import base64
import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from fixtures.hosts import Host, password_in
from plugin.packages import wheel_of

pytestmark = pytest.mark.program

CANARIES = {
    "env": "canary-env-5b1d0c7e",
    "file": "canary-file-92aa41f0",
    "store": "canary-store-c07de3a8",
    "plugin": "canary-plugin-6e6f12bd",
    "own": "canary-own-55e0d1c2",
    "open": "canary-open-1f2e3d4c",
    "old": "canary-old-8c7b6a59",
    "plain": "canary-plain-0a9d3e71",
}
SCHEMA = {"type": "object", "properties": {}}
CHEST = {"kind": "secret_store", "name": "chest", "title": "Chest", "configSchema": SCHEMA}
CODE = f"""
import os, sys
from stella.sdk import Remedy, Secret, SecretStoreRefused

class Chest:
    def __init__(self, connection):
        pass

    def read(self, path, key):
        print("on stdout", {CANARIES["plugin"]!r}, flush=True)
        print("on stderr", {CANARIES["plugin"]!r}, file=sys.stderr, flush=True)
        return Secret({CANARIES["plugin"]!r})

    def revoke(self, lease):
        pass

    def check(self):
        print("on stdout", {CANARIES["own"]!r}, flush=True)
        words = {CANARIES["own"]!r}
        if os.path.exists("/tmp/once"):
            raise ValueError(words)
        open("/tmp/once", "w")
        raise SecretStoreRefused(words, remedy=Remedy(words), what=words)

PLUGIN = Plugin(secret_stores={{"chest": Chest}})
"""


@pytest.fixture
def talkative() -> Iterator[str]:
    """A registry that refuses everybody and repeats what it was shown, in every place it has."""

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        shown = headers.get("authorization", "")
        if not shown:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        told = base64.b64decode(shown.removeprefix("Basic ")).decode()
        return Answer(500, body=json.dumps({"errors": [told]}).encode(), headers={"x-told": told})

    with played_registry(play) as host:
        yield host


def registry(name: str, host: str, password: str) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": name,
        "spec": {
            "kind": "registry",
            "connector": "oci",
            "endpoint": host,
            "credentials": {"username": "env://STELLA_SECRET_USER", "password": password},
        },
    }


def test_no_planted_secret_is_found_anywhere(host: Host, talkative: str, tmp_path: Path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "password").write_text(CANARIES["file"])
    planted = {
        "STELLA_SECRET_USER": "ana",
        "STELLA_SECRET_PASSWORD": CANARIES["env"],
        "STELLA_SECRET_DIRECTORIES": str(secrets),
        "STELLA_LOG_LEVEL": "debug",
        "STELLA_SETTINGS": str(tmp_path / "etc" / "settings.yaml"),
    }
    (tmp_path / "etc").mkdir()
    # What is no reference, where one belongs.
    (tmp_path / "etc" / "settings.yaml").write_text(
        json.dumps({"registries": {"r.example": {"password": CANARIES["plain"]}}})
    )
    answers: list[str] = []
    with host.serving(**planted) as serving:
        made = host.command("serve", "--reset-admin")
        with host.login(password_in(made.stdout)) as client:

            def ask(method: str, path: str, body: Any = None) -> None:
                sent = client._http.request(method, path, json=body)
                answers.append(f"{sent.status_code} {sent.headers} {sent.text}")

            wheel = base64.b64encode(wheel_of("chests", CODE, contributes=[CHEST])).decode()
            ask("POST", "/plugins", {"wheel": wheel})
            ask("POST", "/plugins/chests/enable", {})
            for value in ("old", "store"):
                ask("PUT", "/secrets/password", {"value": CANARIES[value]})
            chest = {
                **registry("box", "", ""),
                "spec": {
                    "kind": "secret_store",
                    "connector": "chest",
                    "endpoint": "https://c.example",
                },
            }
            ask("POST", "/apply", {"documents": [chest]})
            for reference in (
                "env://STELLA_SECRET_PASSWORD",
                f"file://{secrets}/password",
                "secret://password",
                "chest://box/a#b",
                CANARIES["open"],
                f"env://{CANARIES['open']} x",
            ):
                document = registry("main", talkative, reference)
                ask("POST", "/apply", {"documents": [document], "dryRun": True})
                ask("POST", "/apply", {"documents": [document]})
                ask("POST", "/integrations/main/test")
                image = {"web": f"{talkative}/shop/web:1"}
                ask("POST", "/releases", {"name": "x", "version": "1", "components": image})
                ask("POST", "/scans", {"image": image["web"]})
            for _ in range(3):
                ask("POST", "/integrations/box/test")
            ask("POST", "/secrets/rotate-key")
            for path in (
                "integrations",
                "integrations/main/health",
                "secrets",
                "plugins",
                "doctor",
            ):
                ask("GET", f"/{path}")
            ask("GET", "/facts?limit=500")
            bundle = client.content("/doctor/bundle")
            (tmp_path / "support.tar").write_bytes(bundle)
            processes = subprocess.run(
                ["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True
            ).stdout
        backup = tmp_path / "backup.tar"
        assert host.command("db", "backup", str(backup)).returncode == 0
        code, out, err = serving.end()
    assert code == 0
    said = {"answers": "\n".join(answers), "processes": processes, "output": out, "errors": err}
    ours = {secrets, tmp_path / "etc"}
    files = [one for one in tmp_path.rglob("*") if one.is_file() and not ours & {*one.parents}]
    with tarfile.open(tmp_path / "support.tar") as tar:
        names = {one.name.partition("/")[2] for one in tar}
    assert names >= {"manifest.json", "integrations.json", "settings.json", "log.txt"}
    for name, canary in CANARIES.items():
        found = [place for place, text in said.items() if canary in text]
        found += [str(one) for one in files if canary.encode() in one.read_bytes()]
        # The plugin's own code is where its author wrote it.
        found = [one for one in found if not one.endswith("plugin_chests/__init__.py")]
        if name in {"plugin", "own"}:
            # And where that code is kept: as the wheel that agents fetch, and in the backup.
            kept = hashlib.sha256(base64.b64decode(wheel)).hexdigest()
            found = [one for one in found if not one.endswith((kept, "backup.tar"))]
        assert found == [], name
    assert sum("not suffice" in one or "HTTP 500" in one for one in answers) > 3, "it was tried"
