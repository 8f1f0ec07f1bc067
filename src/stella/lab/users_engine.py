"""The Docker Engine that the user already runs, and everything of ours on it: one label, one sweep.

The user's own way to the engine stays: DOCKER_HOST, the context, the credentials. What is made
carries ``stella.demo=MARK``: the base image by its import, every image built on it and every
container started from those by inheritance, networks by the compose file.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import CommandFailed, LeftBehind
from stella.lab.process import run_command

LABEL = "stella.demo"
_ROUNDS = 10
_WAYS = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


class UsersEngine:
    """docker as the user has it. mark: the value of the label.

    environment: laid over the process's own; empty for the user's very own settings.
    """

    def __init__(self, mark: str, environment: Mapping[str, str] | None = None) -> None:
        self.label = f"{LABEL}={mark}"
        self.environment = dict(environment or {})
        # BuildKit keeps a cache beside the images; the classic builder does not.
        first = os.environ.get("DOCKER_BUILDKIT") or "0"
        self._builders: tuple[str, ...] = (first, "1" if first == "0" else "0")
        self._cache_ids: set[str] = set()

    def run(self, arguments: Sequence[str], *, timeout_s: float = 300) -> str:
        """``docker ARGUMENTS``; its output. Raises CommandFailed."""
        argv = ["docker", *arguments]
        return run_command(argv, environment=self.environment, timeout_s=timeout_s)

    def version(self) -> str:
        """The engine's version. Raises CommandFailed where none answers."""
        said = self.run(["version", "--format", "{{.Server.Version}}"], timeout_s=20)
        return said.strip()

    def address(self) -> str:
        """Where the engine is, as docker takes it: ``unix:///var/run/docker.sock``."""
        if given := {**os.environ, **self.environment}.get("DOCKER_HOST"):
            return given
        words = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        return self.run(words, timeout_s=20).strip()

    def import_image(self, tar: Path, reference: str, changes: Sequence[str] = ()) -> None:
        """An image of one layer, labelled."""
        flags = [
            word for change in (f"LABEL {self.label}", *changes) for word in ("--change", change)
        ]
        self.run(["import", *flags, str(tar), reference])

    def build(self, context: Path, reference: str, arguments: Mapping[str, str]) -> str:
        """Build and label an image, by whichever builder works here; its id. Raises CommandFailed."""
        words = [word for item in arguments.items() for word in ("--build-arg", "=".join(item))]
        argv = ["build", "--quiet", "--network=none", f"--label={self.label}", *words]
        argv += ["--tag", reference, str(context)]
        refusals = []
        for builder in self._builders:
            try:
                built = self._build(argv, builder)
            except CommandFailed as refusal:
                refusals.append(refusal)
            else:
                self._builders = (builder,)
                return built
        raise refusals[0]  # what the first choice said

    def _build(self, arguments: Sequence[str], builder: str) -> str:
        # The builder of the engine itself: another one would keep the image to itself.
        environment = {"DOCKER_BUILDKIT": builder, "BUILDX_BUILDER": "default"}
        before = self._build_cache() if builder != "0" else frozenset()
        argv = ["docker", *arguments]
        built = run_command(argv, environment={**self.environment, **environment})
        if builder != "0":
            self._cache_ids |= self._build_cache() - before
        return built.split()[-1]

    def drop(self, reference: str, image: str) -> None:
        """Remove a built image, so that the next pull is a real one. Raises LeftBehind."""
        self.run(["image", "rm", "--force", reference])
        self._drop_build_cache()
        if image in self.listed()["image"]:
            raise LeftBehind(
                f"the engine still has the image {reference} that was to be pulled again",
                remedy=Remedy("See what uses it.", f"docker ps --all --filter ancestor={image}"),
                leftovers=[image],
            )

    def remove_all(self) -> None:
        """Remove what carries the label and nothing else. Raises CommandFailed, LeftBehind."""
        if containers := self.listed()["container"]:
            self.run(["rm", "--force", "--volumes", *containers])
        if networks := self.listed()["network"]:
            self.run(["network", "rm", *networks])
        for _ in range(_ROUNDS):  # an image is removed after those that stand on it
            images = self.listed()["image"]
            if not images:
                break
            for image in images:
                with contextlib.suppress(CommandFailed):
                    self.run(["image", "rm", "--force", image])
        self._drop_build_cache()
        left = [f"{kind} {one}" for kind, found in self.listed().items() for one in found]
        if left:
            raise LeftBehind(
                f"not everything labelled {self.label} could be removed: {', '.join(left)}",
                remedy=Remedy("End what uses it, and remove it by hand."),
                leftovers=left,
            )

    def listed(self) -> dict[str, list[str]]:
        """What carries the label now: ids by ``container``, ``network`` and ``image``."""
        flags = ["--quiet", "--no-trunc", f"--filter=label={self.label}"]
        listings = {
            "container": ["ps", "--all", *flags],
            "network": ["network", "ls", *flags],
            "image": ["image", "ls", "--all", *flags],
        }
        return {
            kind: list(dict.fromkeys(self.run(words, timeout_s=60).split()))
            for kind, words in listings.items()
        }

    def _build_cache(self) -> frozenset[str]:
        said = self.run(["system", "df", "--verbose", "--format", "{{json .BuildCache}}"])
        return frozenset(one["ID"] for one in json.loads(said) or ())

    def _drop_build_cache(self) -> None:
        """Remove the records that our builds added; one may stand on another."""
        for _ in range(_ROUNDS):
            if not self._cache_ids:
                return
            for one in self._cache_ids:
                with contextlib.suppress(CommandFailed):
                    self.run(["builder", "prune", "--force", "--all", f"--filter=id={one}"])
            self._cache_ids &= self._build_cache()


def ways_to_engine() -> dict[str, str]:
    """How this process reaches docker, for another one that has to reach the same engine."""
    return {name: os.environ.get(name, "") for name in _WAYS}


def own_configuration(directory: Path, compose: Path | None) -> Path:
    """A DOCKER_CONFIG like the user's (contexts, credentials, plugins), with ``compose`` beside it.

    compose: the Compose v2 program; None leaves the one that the user has, if any.
    """
    users = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    plugins = directory / "cli-plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    if (users / "contexts").is_dir():
        (directory / "contexts").symlink_to((users / "contexts").resolve())
    configuration = directory / "config.json"
    if (users / "config.json").is_file():
        shutil.copyfile(users / "config.json", configuration)
        configuration.chmod(0o600)
    else:
        configuration.write_text("{}")
    found = list((users / "cli-plugins").iterdir()) if (users / "cli-plugins").is_dir() else []
    for plugin in found:
        if plugin.name != "docker-compose" or compose is None:
            (plugins / plugin.name).symlink_to(plugin.resolve())
    if compose is not None:
        (plugins / "docker-compose").symlink_to(compose.resolve())
    return directory
