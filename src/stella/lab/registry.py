"""A real OCI registry on a loopback port, whose storage is at hand for the tamper case."""

import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from stella.kernel import Digest, Remedy
from stella.lab.base_image import cache_directory
from stella.lab.errors import BlobNotStored
from stella.lab.network import free_port
from stella.lab.packages import PackageSource
from stella.lab.process import end_program, run_command, start_program

PROGRAM = "docker-registry"


@dataclass(frozen=True, slots=True)
class Notification:
    """Where the registry reports each push, and the bearer token it shows there."""

    url: str
    token: str


class Registry:
    """docker-registry below a directory of its own; it keeps its port over a restart.

    ``address`` is ``127.0.0.1:PORT``, the first part of every image reference.
    """

    def __init__(self, directory: Path, *, program: str = PROGRAM) -> None:
        self._directory = directory
        self._program = program
        self.address = f"127.0.0.1:{free_port()}"
        self.storage = directory / "storage"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, notification: Notification | None = None) -> None:
        """Serve, and report pushes to ``notification`` where one is given."""
        self.stop()
        self._directory.mkdir(parents=True, exist_ok=True)
        configuration = self._directory / "config.yml"
        configuration.write_text(json.dumps(self._settings(notification)))  # JSON is YAML
        configuration.chmod(0o600)
        self._process = start_program(
            [self._program, "serve", str(configuration)],
            log=self._directory / "registry.log",
            is_ready=self._answers,
        )

    def stop(self) -> None:
        """End the registry; its storage stays."""
        if self._process is not None:
            end_program(self._process)
            self._process = None

    def _settings(self, notification: Notification | None) -> dict[str, object]:
        settings: dict[str, object] = {
            "version": 0.1,
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.storage)},
                "delete": {"enabled": True},
                # No blob cache: a byte changed in the storage must be seen by the next pull.
            },
            "http": {"addr": self.address, "secret": "one-node-only"},
        }
        if notification is not None:
            endpoint = {
                "name": "stella",
                "url": notification.url,
                "headers": {"Authorization": [f"Bearer {notification.token}"]},
                "timeout": "2s",
                "threshold": 3,
                "backoff": "1s",
            }
            settings["notifications"] = {"endpoints": [endpoint]}
        return settings

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=1) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def blob_path(self, digest: Digest) -> Path:
        """The file that holds a stored blob. Raises BlobNotStored."""
        name = digest.text.removeprefix("sha256:")
        path = self.storage / "docker/registry/v2/blobs/sha256" / name[:2] / name / "data"
        if not path.is_file():
            raise BlobNotStored(
                f"the registry stores no blob {digest.text}",
                remedy=Remedy("Name the digest of a pushed manifest, configuration or layer."),
                digest=digest.text,
            )
        return path

    def tamper_blob(self, digest: Digest) -> int:
        """Change one byte in the middle of a stored blob and give its offset.

        A second call at the same digest restores the blob. Raises BlobNotStored.
        """
        path = self.blob_path(digest)
        offset = path.stat().st_size // 2
        with path.open("r+b") as blob:
            blob.seek(offset)
            byte = blob.read(1)[0]
            blob.seek(offset)
            blob.write(bytes([byte ^ 0x01]))
        return offset


def registry_program(cache: Path | None = None) -> str:
    """The docker-registry that is installed, or Debian's package unpacked into the cache.

    Raises LabUnavailable where neither is possible, PackagesNotFetched.
    """
    if shutil.which(PROGRAM) is not None:
        return PROGRAM
    target = (cache or cache_directory()) / PROGRAM
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="stella-", dir=target.parent) as temporary:
            package = PackageSource(Path(temporary) / "apt").single(PROGRAM)
            tree = Path(temporary) / "tree"
            run_command(["dpkg-deb", "--extract", str(package.file), str(tree)])
            (tree / "usr" / "bin" / PROGRAM).replace(target)
    return str(target)
