"""An outsider writes a plugin by the guide alone, and a server that runs takes it, changes it, loses it."""

import io
import json
import re
import shlex
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from fixtures.hosts import Host, password_in
from image.images import OCI_MANIFEST, Layer, build, metadata
from stella.advisory import demo_snapshot
from stella.client import Client
from stella.kernel import Digest
from stella.sdk.testing import SIMULATED_HOST, SimulatedRegistry

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
        if path == "/changes/CHG-7":
            return Answer(body=b"approved")
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

    def data(self, *words: str) -> Any:
        return json.loads(self.stella(*words, "-o", "json"))

    def until(self, state: str, deployment: str) -> dict[str, Any]:
        """The deployment, once it is in that state."""
        until = time.monotonic() + WAIT_S
        while True:
            found: dict[str, Any] = self.data("deploy", "show", deployment)
            if found["state"] == state:
                return found
            assert time.monotonic() < until, found
            time.sleep(0.2)

    def doctor(self) -> list[tuple[str, str]]:
        """What the plugin's check found. The whole may end with 1: this machine is not ours."""
        checks = json.loads(self.stella("doctor", "-o", "json", ends=None))
        return [
            (one["outcome"], one["detail"])
            for one in checks
            if one["id"] == "plugins.acme.acme-answers"
        ]

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


def add_check_and_step(author: Author, outside: Outside) -> None:
    """The guide's "Three things in one distribution", for a registry at another address."""
    package = author.folder / "src" / "stella_plugin_acme"
    check, step, door = guided("python")
    (package / "check.py").write_text(check)
    (package / "step.py").write_text(step)
    (package / "__init__.py").write_text(door)
    for file in ("check.py", "step.py"):
        author.change(file, "https://registry.acme.example", f"http://{outside.host}")
    manifest = json.loads((package / "stella-plugin.json").read_text())
    manifest["contributes"] += [json.loads(one) for one in guided("json")]
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


@dataclass
class Ground:
    """The simulated registry, and the host whose agent comes and goes."""

    folder: Path
    host: Host

    def settings(self) -> dict[str, str]:
        registry = self.folder / "registry"
        registry.mkdir(parents=True)
        advisories = demo_snapshot(self.folder / "advisories")
        file = self.folder / "server.yaml"
        file.write_text(
            json.dumps(  # JSON is YAML
                {
                    "simulated": True,
                    "registries": {SIMULATED_HOST: {"simulated_in": str(registry)}},
                    "advisories": str(advisories.path),
                }
            )
        )
        return {"STELLA_SETTINGS": str(file)}

    def push(self, version: str) -> str:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, data in (
                ("etc/os-release", b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'),
                ("srv/version", version.encode()),
            ):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        registry = SimulatedRegistry(self.folder / "registry")
        registry.push_image("shop/web", version, (made.getvalue(),))
        return f"{SIMULATED_HOST}/shop/web:{version}"

    def enrol(self, author: Author) -> None:
        state = str(self.folder / "agent")
        command = shlex.split(author.data("agent", "token", "host-a")["command"])
        author.stella(*command[1:], "--state", state)

    @contextmanager
    def agent(self) -> Iterator[None]:
        """It runs meanwhile, on a host that is pretended."""
        words = ["agent", "run", "--state", str(self.folder / "agent")]
        process = subprocess.Popen(
            [sys.executable, "-m", "stella.cli.main", *words],
            env=self.host.environment(STELLA_SIMULATED=str(self.folder)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(WAIT_S)


def target() -> str:
    document = {
        "apiVersion": "stella/v1",
        "kind": "Target",
        "name": "dev-a",
        "spec": {
            "environment": "dev",
            "connector": "docker",
            "agent": "host-a",
            "project": "shop",
        },
    }
    return json.dumps(document)


def begin(author: Author, ground: Ground, version: str) -> str:
    """A promotion to dev: the deployment that it began, whose step before has passed."""
    words = ("--version", version, "--component", f"web={ground.push(version)}")
    author.stella("release", "create", "shop", *words)
    until = time.monotonic() + WAIT_S
    asked = author.data("promote", f"shop@{version}", "--env", "dev")["id"]
    while True:
        found = author.data("why", asked)
        assert found["state"] in {"evaluating", "approved", "deploying", "deployed"}, found
        if found["deployment"]:
            (step,) = author.data("deploy", "show", found["deployment"])["steps"][:1]
            if step["state"] == "passed":
                return str(found["deployment"])
        assert time.monotonic() < until, found
        time.sleep(0.2)


def keeps_its_version(author: Author, ground: Ground) -> None:
    """A run that waits for its host while the plugin is upgraded: it ends as it began."""
    (author.folder / "dev.yaml").write_text(f"{environment()}---\n{target()}")
    author.stella("apply", "-f", "dev.yaml")
    waiting = begin(author, ground, "1.0.0")
    assert author.plugin("enable", "acme", "--version", "1.1.0")["version"] == "1.1.0"
    assert "ST-PLG-008" in author.stella("plugin", "remove", "acme", "1.0.0", ends=None)
    with ground.agent():
        first, last = author.until("succeeded", waiting)["steps"]
        for one in (first, last):
            assert (one["version"], one["state"]) == ("1.0.0", "passed")
            assert one["summary"] == "the change CHG-7 is approved"
        following = begin(author, ground, "1.0.1")
        for one in author.until("succeeded", following)["steps"]:
            assert (one["version"], one["summary"]) == (
                "1.1.0",
                "the change CHG-7 is still approved",
            )
    assert "still approved" in author.stella("deploy", "show", following)


def environment(*, with_steps: bool = True) -> str:
    """The guide's, with the same step after as well."""
    (document,) = [one for one in guided("yaml") if "kind: Environment" in one]
    if not with_steps:
        return document.partition("spec:")[0] + "spec: {}\n"
    step = "{name: change, step: acme-approved-change, with: {ticket: CHG-7}}"
    assert step in document
    again = step.replace("name: change", "name: change-again")
    return f"{document.rstrip()}\n    after:\n      - {again}\n"


def scanned(author: Author, outside: Outside) -> dict[str, Any]:
    author.stella("scan", f"{outside.host}/shop/web:1", "--upload", "-o", "json")
    made: list[dict[str, Any]] = json.loads(author.stella("image", "scans", "-o", "json"))
    return made[0]


def test_an_outsiders_plugin_lives_and_ends_while_the_server_runs(
    host: Host, outside: Outside, tmp_path: Path
) -> None:
    author = begun(host, tmp_path / "author")
    add_check_and_step(author, outside)
    ground = Ground(tmp_path / "ground", host)
    assert " passed" in author.run("pytest", "-p", "no:cacheprovider")
    author.stella("plugin", "check", ".")
    first = author.build("1.0.0")

    with host.serving(**ground.settings()) as serving:
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
        author.change("step.py", "{ticket} is approved", "{ticket} is still approved")
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

        ground.enrol(author)
        keeps_its_version(author, ground)
        assert "ST-PLG-008" in author.stella("plugin", "disable", "acme", ends=None)
        author.stella("integration", "delete", "acme")
        assert "environment dev" in author.stella("plugin", "disable", "acme", ends=None)
        (author.folder / "dev.yaml").write_text(environment(with_steps=False))
        author.stella("apply", "-f", "dev.yaml")
        assert author.plugin("disable", "acme")["state"] == "off"
        assert author.doctor() == []
        for version in ("1.0.0", "1.1.0"):
            author.stella("plugin", "remove", "acme", version)
        assert "ST-PLG-007" in author.stella("plugin", "show", "acme", ends=None)
        assert not list((host.data / "plugins" / "acme").iterdir())
        assert (serving.process.poll(), serving.process.pid) == (None, pid)
