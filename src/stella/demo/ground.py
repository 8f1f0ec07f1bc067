"""What the demonstration stands on: a registry and two hosts, real ones where the machine lets us."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stella.image import parse_reference, resolve
from stella.kernel import Digest
from stella.lab import Host, Lab, Notification, ShopVersion, build_shop, compose_file
from stella.lab.base_image import debian_base_path
from stella.plugin import load_plugins
from stella.plugin.contract.registry import RegistryConfig


@dataclass(frozen=True, slots=True)
class TamperCase:
    """Where a changed byte of version 3 is met first. why: for the reader; empty where it is plain."""

    environment: str
    why: str = ""


class Ground(Protocol):
    """A registry and the hosts ``a`` and ``b``."""

    is_simulated: bool
    tamper_case: TamperCase

    @property
    def registry(self) -> str:
        """``host:port`` of the registry."""
        ...

    def prepare(self, directory: Path) -> Mapping[str, object]:
        """What the server's settings need for it, before anything runs."""
        ...

    def start(self, notification: Notification) -> str:
        """Start everything; one line about what runs now."""
        ...

    def host_environment(self, name: str) -> Mapping[str, str]:
        """What an agent on that host needs in its environment."""
        ...

    def project(self, environment: str, host: str) -> str:
        """The name of what runs for an environment on a host."""
        ...

    def compose(self) -> str:
        """The shop's own compose file, as text."""
        ...

    def made_first(self) -> str:
        """What the first build makes before, for who waits for it; empty where nothing is."""
        ...

    def build(self, version: ShopVersion) -> Mapping[str, str]:
        """Build and push the shop; component -> reference by tag."""
        ...

    def move_tag(self, component: str, tag: str, to: str) -> None:
        """Let ``tag`` of a component name what the tag ``to`` names."""
        ...

    def tamper(self, reference: str) -> Digest:
        """Change one byte of what ``tamper_case`` still has to pull; twice restores it."""
        ...

    def stop(self) -> None:
        """End and remove everything."""
        ...


class HostsApart:
    """What is so where the hosts are two: a project's name is its environment's."""

    tamper_case = TamperCase("stage")

    def project(self, environment: str, host: str) -> str:
        """``shop-dev``, on either host."""
        del host
        return f"shop-{environment}"

    def compose(self) -> str:
        """As it stands."""
        return compose_file()

    def made_first(self) -> str:
        """Nothing."""
        return ""


class RealGround(HostsApart):
    """The lab: docker-registry and two Docker Engines of their own, below ``root``."""

    is_simulated = False

    def __init__(self, root: Path | None = None) -> None:
        self._lab = Lab(root)
        self._tampered: dict[str, Digest] = {}

    @property
    def registry(self) -> str:
        """``host:port`` of the registry."""
        return self._lab.registry.address

    def lab_host(self, name: str) -> Host:
        """The Docker host ``a`` or ``b``."""
        return self._lab.host(name)

    def prepare(self, directory: Path) -> Mapping[str, object]:
        """Nothing: a registry on the loopback address is reached as it is."""
        del directory
        return {}

    def start(self, notification: Notification) -> str:
        """Start the lab."""
        self._lab.start(notification)
        engine = self._lab.host("a").run(["version", "--format", "{{.Server.Version}}"]).strip()
        return (
            f"registry {self.registry} and two Docker Engines {engine} as separate hosts,"
            f" ready in {self._lab.started_in_s:.1f} s"
        )

    def host_environment(self, name: str) -> Mapping[str, str]:
        """DOCKER_HOST and what belongs to it."""
        return self._lab.host(name).environment

    def made_first(self) -> str:
        """The base, where the cache lacks it."""
        if debian_base_path().exists():
            return ""
        return "bootstrapping the images' Debian base, this once: half a minute, more on a busy machine"

    def build(self, version: ShopVersion) -> Mapping[str, str]:
        """Two images on a debootstrapped Debian, built on host ``a``."""
        return build_shop(self._lab, version)

    def move_tag(self, component: str, tag: str, to: str) -> None:
        """Tag and push again."""
        host, name = self._lab.host("a"), f"{self.registry}/shop/{component}"
        host.run(["tag", f"{name}:{to}", f"{name}:{tag}"])
        host.run(["push", "--quiet", f"{name}:{tag}"])

    def tamper(self, reference: str) -> Digest:
        """One byte of the image's configuration, which no host has before it pulls."""
        if reference not in self._tampered:  # once tampered with, it resolves no more
            self._tampered[reference] = configuration_of(reference)
        self._lab.registry.tamper_blob(self._tampered[reference])
        return self._tampered[reference]

    def stop(self) -> None:
        """Gone without a trace."""
        self._lab.stop()


def configuration_of(reference: str) -> Digest:
    """The digest of an image's configuration, as the registry on this machine has it."""
    parsed = parse_reference(reference)
    registry = load_plugins().registry("oci")(RegistryConfig(host=parsed.host, plain_http=True))
    return resolve(registry, parsed).platforms[0].config.digest
