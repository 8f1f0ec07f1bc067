"""The ground where no engine can run: the simulated registry and hosts of ``stella.sdk.testing``.

The same server, agents and connectors run on it; only the engines pretend. Everything that comes
out says that it is simulated.
"""

import io
import tarfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import httpx

from stella.demo.ground import HostsApart
from stella.image import parse_reference, resolve
from stella.kernel import Digest, Json
from stella.lab import Notification, ShopVersion
from stella.lab.build import REQUIREMENTS
from stella.sdk.testing import SIMULATED_HOST, SimulatedRegistry

_OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
_DPKG = (
    b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\n"
    b"Version: 2.36-9+deb12u13\nDescription: GNU C Library\n"
)
_PROGRAM = b"\x7fELF, simulated"
_PACKAGES = "usr/local/lib/python3.11/dist-packages"


class SimulatedGround(HostsApart):
    """A registry in a directory, and two hosts that keep what an engine would keep."""

    is_simulated = True
    registry = SIMULATED_HOST

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self._reasons = reasons
        self._directory = Path()
        self._notification: Notification | None = None
        self._tampered: dict[str, Digest] = {}

    def prepare(self, directory: Path) -> Mapping[str, object]:
        """The server's settings for it; everything lies below ``directory``."""
        self._directory = directory / "simulated"
        (self._directory / "registry").mkdir(parents=True)
        for host in ("a", "b"):
            (self._directory / host).mkdir()
            (self._directory / host / "registry").symlink_to(self._directory / "registry")
        shared = str(self._directory / "registry")
        return {"simulated": True, "registries": {SIMULATED_HOST: {"simulated_in": shared}}}

    def start(self, notification: Notification) -> str:
        """Nothing runs; say so, and why."""
        self._notification = notification
        return (
            "SIMULATED: no engine and no registry can run here ("
            + "; ".join(self._reasons)
            + "). A simulated registry and two simulated hosts stand in, and everything says so."
        )

    def host_environment(self, name: str) -> Mapping[str, str]:
        """Where the host's pretended engine is."""
        return {"STELLA_SIMULATED": str(self._directory / name)}

    def build(self, version: ShopVersion) -> Mapping[str, str]:
        """Images of the same packages, written by hand; the push is reported as a registry does."""
        made = {}
        shop = files("stella.lab") / "shop"
        for component in ("web", "worker"):
            program = (shop / component / f"{component}.py").read_bytes()
            content = {f"srv/{component}.py": program, "srv/version": version.value.encode()}
            if component == "web":
                content |= _packages((shop / REQUIREMENTS[version]).read_text())
            base = {
                "etc/os-release": _OS_RELEASE,
                "usr/bin/python3": _PROGRAM,
                "var/lib/dpkg/status": _DPKG,
            }
            config: Json = {
                "Cmd": ["python3", f"/srv/{component}.py"],
                "Labels": {"stella.simulated": "true"},
                "Healthcheck": {"Test": ["CMD", "python3", "/srv/healthy.py"]},
            }
            digest = self._registry().push_image(
                f"shop/{component}", version.value, (_tar(base), _tar(content)), config=config
            )
            self._tell(component, version.value, digest)
            made[component] = f"{self.registry}/shop/{component}:{version.value}"
        return made

    def move_tag(self, component: str, tag: str, to: str) -> None:
        """Put the same manifest under another tag."""
        repository = f"shop/{component}"
        raw = self._registry().manifest(repository, to)
        digest = self._registry().put_manifest(
            repository, raw.content, media_type=raw.media_type, tag=tag
        )
        self._tell(component, tag, digest)

    def tamper(self, reference: str) -> Digest:
        """One byte of the image's configuration."""
        registry = self._registry()
        if reference not in self._tampered:
            image = resolve(registry, parse_reference(reference))
            self._tampered[reference] = image.platforms[0].config.digest
        registry.tamper_blob(self._tampered[reference])
        return self._tampered[reference]

    def stop(self) -> None:
        """Its directory goes with the stage's."""

    def _registry(self) -> SimulatedRegistry:
        return SimulatedRegistry(self._directory / "registry")

    def _tell(self, component: str, tag: str, digest: Digest) -> None:
        assert self._notification is not None, "it was started"
        event = {
            "action": "push",
            "target": {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "repository": f"shop/{component}",
                "digest": digest.text,
                "tag": tag,
            },
            "request": {"host": self.registry},
        }
        httpx.post(
            self._notification.url,
            json={"events": [event]},
            headers={"Authorization": f"Bearer {self._notification.token}"},
            timeout=10,
        ).raise_for_status()


def _packages(requirements: str) -> dict[str, bytes]:
    """The metadata that an installer would have left for each pinned requirement."""
    found = {}
    for line in requirements.splitlines():
        name, pinned, rest = line.partition("==")
        if pinned:
            version = rest.split()[0]
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n"
            found[f"{_PACKAGES}/{name}-{version}.dist-info/METADATA"] = text.encode()
    return found


def _tar(content: Mapping[str, bytes]) -> bytes:
    """A layer; the same files give the same bytes."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(content.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            entry.mode = 0o755 if name.startswith("usr/bin/") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()
