"""Bytes in a directory, each file named by the digest of its content."""

import os
import tempfile
from pathlib import Path

from stella.blob.errors import BlobsUnusable, DamagedBlob, NoSuchBlob
from stella.kernel import Digest, Remedy


class Blobs:
    """Keeps bytes under ``directory/sha256/ab/abcd...``. Any number of processes may share it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def put(self, content: bytes) -> Digest:
        """Keep ``content``; its digest. On disk when this returns, wholly or not at all.

        Raises BlobsUnusable where the disk is full or the directory cannot be written.
        """
        digest = Digest.of(content)
        path = self._path(digest)
        try:
            if path.is_file() and path.read_bytes() == content:
                return digest
            self._write(path, content)
        except OSError as error:
            raise self._unusable(error) from error
        return digest

    def get(self, digest: Digest) -> bytes:
        """The bytes of ``digest``, hashed again. Raises NoSuchBlob, DamagedBlob, BlobsUnusable."""
        path = self._path(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise _missing(digest) from error
        except OSError as error:
            raise self._unusable(error) from error
        if Digest.of(content) != digest:
            raise DamagedBlob(
                f"the bytes kept as {digest.short} are not what was put there",
                remedy=Remedy(
                    "Restore the file from a backup, and look at the disk.",
                    command="stella db restore <backup>",
                ),
                digest=digest,
                path=path,
            )
        return content

    def has(self, digest: Digest) -> bool:
        """Whether bytes are kept under ``digest``; they are not read."""
        return self._path(digest).is_file()

    def size(self, digest: Digest) -> int:
        """How many bytes ``digest`` has. Raises NoSuchBlob."""
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def _path(self, digest: Digest) -> Path:
        return self.directory / "sha256" / digest.hex[:2] / digest.hex

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_directory(path.parent)

    def _unusable(self, error: OSError) -> BlobsUnusable:
        return BlobsUnusable(
            f"the bytes at {self.directory} cannot be used: {error.strerror}",
            remedy=Remedy("Free space on that disk, or make it writable.", command="stella doctor"),
            directory=self.directory,
        )


def _missing(digest: Digest) -> NoSuchBlob:
    return NoSuchBlob(
        f"no bytes are kept under {digest}",
        remedy=Remedy("See that the digest is whole, and that this is the server that made it."),
        digest=digest,
    )


def _sync_directory(directory: Path) -> None:
    """The new name survives a power cut only once its directory is on disk too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
