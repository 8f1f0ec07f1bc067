"""An outsider writes a plugin by the guide alone, and a server that runs takes it, changes it, loses it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from fixtures.hosts import Host, password_in
from image.images import OCI_MANIFEST, Layer, build, metadata
from stella.client import Client
from stella.kernel import Digest

pytestmark = pytest.mark.program

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "write-a-plugin.md").read_text()
WAIT_S = 60
IMAGE = build(
    Layer.of({"usr/lib/python3/dist-packages/a-1.0.dist-info/METADATA": metadata("a", "1.0")})
)


FILES = {
    "1": (OCI_MANIFEST, IMAGE.manifest),
    IMAGE.digest.text: (OCI_MANIFEST, IMAGE.manifest),
    **{Digest.of(blob).text: ("application/octet-stream", blob) for blob in IMAGE.blobs()},
}


@dataclass
class Outside:
    """A registry that only the plugin reaches. agents: who asked, in the order of first requests."""

    host: str
    agents: list[str]


@pytest.fixture
def outside() -> Iterator[Outside]:
    agents: list[str] = []
    files = dict(FILES)

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers["user-agent"] not in agents:
            agents.append(headers["user-agent"])
        if method == "POST":
            return Answer(202, headers={"location": path})
        if method == "PUT":  # what the scan attaches
            media_type = headers["content-type"]
            files[Digest.of(body).text] = (media_type, body)
            return Answer(201)
        media_type, content = files.get(path.rpartition("/")[2], ("", b""))
        if path == "/v2/":
            return Answer()
        if not media_type or not re.match("/v2/shop/web/(manifests|blobs)/", path):
            return Answer(404)
        return Answer(body=content, headers={"content-type": media_type})

    with played_registry(play) as host:
        yield Outside(host, agents)


@dataclass
class Author:
    """Somebody in a folder of their own, with a token of the server."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, ends: int | None = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        said = f"{done.stdout}{done.stderr}"
        assert ends in {None, done.returncode}, said
        return done.stdout or said

    def stella(self, *words: str, ends: int | None = 0) -> str:
        return self.run("stella.cli.main", *words, ends=ends)

    def plugin(self, *words: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(self.stella("plugin", *words, "-o", "json"))
        return shown

    def doctor(self) -> list[tuple[str, str]]:
        """What the plugin's check found. The whole may end with 1: this machine is not ours."""
        checks = json.loads(self.stella("doctor", "-o", "json", ends=None))
        return [(one["outcome"], one["detail"]) for one in checks if one["name"] == "acme-answers"]

    def change(self, file: str, before: str, after: str) -> None:
        path = self.folder / "src" / "stella_plugin_acme" / file
        assert before in path.read_text(), file
        path.write_text(path.read_text().replace(before, after))

    def build(self, version: str) -> str:
        """As the guide says, with what is here: nothing is fetched."""
        offline = ("--no-build-isolation", "--no-index")
        self.run("pip", "wheel", "--no-deps", *offline, "--wheel-dir", "dist", ".")
        return f"dist/stella_plugin_acme-{version}-py3-none-any.whl"


def guided(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def begun(host: Host, folder: Path) -> Author:
    """``stella plugin new registry acme``, in a folder outside of the repository."""
    folder.mkdir()
    assert not folder.is_relative_to(ROOT)
    author = Author(folder, host.environment(PYTHONPATH=str(ROOT / "src")))
    author.stella("plugin", "new", "registry", "acme")
    return Author(folder / "stella-plugin-acme", author.environment)


def add_the_check(author: Author, outside: Outside) -> None:
    """The guide's "Two things in one distribution", for a registry at another address."""
    package = author.folder / "src" / "stella_plugin_acme"
    check, door = guided("python")
    (contribution,) = guided("json")
    (package / "check.py").write_text(check)
    (package / "__init__.py").write_text(door)
    author.change("check.py", "https://registry.acme.example", f"http://{outside.host}")
    manifest = json.loads((package / "stella-plugin.json").read_text())
    manifest["contributes"].append(json.loads(contribution))
    (network,) = (one for one in manifest["needs"] if one["capability"] == "network")
    network["hosts"] = ["127.0.0.1"]
    (package / "stella-plugin.json").write_text(json.dumps(manifest, indent=2))
    author.change("transport.py", '"User-Agent": "stella-ops"', '"User-Agent": "acme/1.0.0"')


def integration(outside: Outside) -> str:
    document = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": "acme",
        "spec": {
            "kind": "registry",
            "connector": "acme",
            "endpoint": outside.host,
            "networks": ["127.0.0.0/8"],
        },
    }
    return json.dumps(document)  # YAML as well


def scanned(author: Author, outside: Outside) -> dict[str, Any]:
    author.stella("scan", f"{outside.host}/shop/web:1", "--upload", "-o", "json")
    made: list[dict[str, Any]] = json.loads(author.stella("image", "scans", "-o", "json"))
    return made[0]


def test_an_outsiders_plugin_lives_and_ends_while_the_server_runs(
    host: Host, outside: Outside, tmp_path: Path
) -> None:
    author = begun(host, tmp_path / "author")
    add_the_check(author, outside)
    assert " passed" in author.run("pytest", "-p", "no:cacheprovider")
    author.stella("plugin", "check", ".")
    first = author.build("1.0.0")

    with host.serving() as serving:
        pid = serving.process.pid
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with Client(host.url) as nobody:
            body = {"name": "admin", "password": password}
            token = nobody.post("/login", body, token=True)["token"]
        author.environment |= {"STELLA_URL": host.url, "STELLA_TOKEN": token}
        (author.folder / "acme.yaml").write_text(integration(outside))

        assert author.plugin("install", first)["state"] == "off"
        assert "not granted" in author.stella("plugin", "enable", "acme", ends=None)
        author.plugin("grant", "acme", "--everything")
        assert outside.agents == [], "nothing of it ran"
        assert author.plugin("enable", "acme")["state"] == "loaded"
        author.stella("apply", "-f", "acme.yaml")
        author.stella("integration", "test", "acme")
        scan = scanned(author, outside)
        assert (scan["state"], scan["components"]) == ("done", 1)
        assert "acme/1.0.0" in outside.agents
        assert author.doctor() == [("pass", f"http://{outside.host}/v2/ answers")]

        author.change("stella-plugin.json", '"version": "1.0.0"', '"version": "1.1.0"')
        author.change("transport.py", "acme/1.0.0", "acme/1.1.0")
        author.change("check.py", 'answers")', 'still answers")')
        author.plugin("install", author.build("1.1.0"))
        assert author.plugin("show", "acme")["version"] == "1.0.0"
        assert author.plugin("enable", "acme")["version"] == "1.1.0"
        assert author.doctor() == [("pass", f"http://{outside.host}/v2/ still answers")]
        author.stella("integration", "test", "acme")
        assert "acme/1.1.0" in outside.agents

        outside.agents.clear()
        assert author.plugin("enable", "acme", "--version", "1.0.0")["version"] == "1.0.0"
        assert author.doctor() == [("pass", f"http://{outside.host}/v2/ answers")]
        author.stella("integration", "test", "acme")
        assert "acme/1.0.0" in outside.agents
        assert "acme/1.1.0" not in outside.agents

        assert "ST-PLG-008" in author.stella("plugin", "disable", "acme", ends=None)
        author.stella("integration", "delete", "acme")
        assert author.plugin("disable", "acme")["state"] == "off"
        assert author.doctor() == []
        for version in ("1.0.0", "1.1.0"):
            author.stella("plugin", "remove", "acme", version)
        assert "ST-PLG-007" in author.stella("plugin", "show", "acme", ends=None)
        assert not list((host.data / "plugins" / "acme").iterdir())
        assert (serving.process.poll(), serving.process.pid) == (None, pid)
