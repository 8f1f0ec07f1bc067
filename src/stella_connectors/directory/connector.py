"""A directory as an object store: whole files, made durable, and no way out of it.

Every step from the directory to an object opens one part of its key, and never through a symbolic
link. A file appears under its name when it is whole and on the disk; while it is written it lies beside
it under a name that no key has.
"""

import contextlib
import os
import secrets
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from stella.sdk import (
    Connection,
    NotThere,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
    StellaError,
    StoredObject,
)
from stella.sdk.object_keys import KEY_ADVICE, is_key, key_fault, question_fault

_CHUNK = 64 * 1024
_DEEP_MAX = 256
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS_MAX = 5


def open_directory(connection: Connection) -> "DirectoryStore":
    """The store of a connection profile; nothing is touched yet. Raises ServiceRefused."""
    return DirectoryStore(connection)


class DirectoryStore:
    """``stella.sdk.ObjectStore`` in the directory of a ``file://`` endpoint, which has to be there.

    Safe for several threads and several processes.
    """

    def __init__(self, connection: Connection) -> None:
        parts = urlsplit(connection.endpoint)
        self._path = unquote(parts.path)
        if parts.scheme != "file" or parts.netloc or not self._path.startswith("/"):
            raise _refused("its endpoint is no file:///PATH", "Write the absolute path.")

    def put(self, key: str, content: bytes) -> None:
        """Written beside it and renamed."""
        with self._made(key, content) as (folder, written, name):
            os.replace(written, name, src_dir_fd=folder, dst_dir_fd=folder)

    def put_new(self, key: str, content: bytes) -> bool:
        """Written beside it and linked, which fails where something is."""
        try:
            with self._made(key, content) as (folder, written, name):
                os.link(written, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except _Taken:
            return False
        return True

    @contextmanager
    def get(self, key: str) -> Iterator[Iterator[bytes]]:
        """As it was when it was opened, whatever replaces it meanwhile."""
        with self._object(key) as (file, size):
            if file is None:
                raise NotThere(
                    f"the directory {self._path} has no object {key}",
                    remedy=Remedy("Check the key."),
                )
            yield self._chunks(file, size, key)

    def stat(self, key: str) -> StoredObject | None:
        """Of the file."""
        with self._object(key) as (file, _):
            return None if file is None else _stored(key, os.fstat(file))

    def list(self, prefix: str, after: str, limit: int) -> tuple[StoredObject, ...]:
        """Folder by folder, those left out that hold nothing of it. No link is followed or listed."""
        fault = question_fault(prefix, after, limit)
        if fault:
            raise _refused(fault, KEY_ADVICE)
        found: list[StoredObject] = []
        with self._troubles(), self._root() as root:
            for one in _below(root, "", prefix, after):
                found.append(one)
                if len(found) == limit:
                    break
        return tuple(found)

    def delete(self, key: str) -> None:
        """The file; folders stay."""
        with self._troubles(), self._folder(key, make=False) as (folder, name):
            if folder is None:
                return
            with contextlib.suppress(FileNotFoundError):
                if modes.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)

    def check(self) -> str:
        """That it is there, and that we may write in it."""
        with self._troubles(), self._root() as root:
            if not os.access(".", os.R_OK | os.W_OK | os.X_OK, dir_fd=root):
                raise PermissionError(13, "not ours to read and write")
        return f"the directory {self._path} is ours to read and write"

    # ------------------------------------------------------------ files

    @contextmanager
    def _made(self, key: str, content: bytes) -> Iterator[tuple[int, str, str]]:
        """Of a new file with that content: its folder, its name for now and the one it is to have."""
        written = f",{secrets.token_hex(12)}"
        with self._troubles(), self._folder(key, make=True) as (folder, name):
            assert folder is not None
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                file = os.open(written, flags, 0o600, dir_fd=folder)
                with os.fdopen(file, "wb") as output:
                    output.write(content)
                    output.flush()
                    os.fsync(output.fileno())
                try:
                    yield folder, written, name
                except FileExistsError:
                    raise _Taken from None
                os.fsync(folder)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(written, dir_fd=folder)

    @contextmanager
    def _object(self, key: str) -> Iterator[tuple[int | None, int]]:
        """An open file and its size in bytes; None where there is none."""
        with contextlib.ExitStack() as held:
            with self._troubles():
                file = self._opened(key)
                if file is not None:
                    held.callback(os.close, file)
                size = 0 if file is None else os.fstat(file).st_size
            yield file, size

    def _opened(self, key: str) -> int | None:
        with self._folder(key, make=False) as (folder, name):
            if folder is None:
                return None
            try:
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                file = os.open(name, flags, dir_fd=folder)
            except FileNotFoundError:
                return None
            if modes.S_ISREG(os.fstat(file).st_mode):
                return file
            os.close(file)
            return None

    def _chunks(self, file: int, size: int, key: str) -> Iterator[bytes]:
        at = 0
        with self._troubles():
            while at < size:
                chunk = os.pread(file, _CHUNK, at)
                if not chunk:
                    raise _unreachable(f"object {key} in {self._path} ends too early")
                at += len(chunk)
                yield chunk

    @contextmanager
    def _root(self) -> Iterator[int]:
        # The directory itself may lie behind links: it is the server owner's choice.
        root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield root
        finally:
            os.close(root)

    @contextmanager
    def _folder(self, key: str, *, make: bool) -> Iterator[tuple[int | None, str]]:
        """The open folder of an object and its name there; None where that folder is not there."""
        fault = key_fault(key)
        if fault:
            raise _refused(fault, KEY_ADVICE)
        *folders, name = key.split("/")
        with contextlib.ExitStack() as held:
            at = held.enter_context(self._root())
            for part in folders:
                following = self._step(at, part, make=make)
                if following is None:
                    yield None, name
                    return
                held.callback(os.close, following)
                at = following
            yield at, name

    def _step(self, at: int, part: str, *, make: bool) -> int | None:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=at)
                os.fsync(at)
        try:
            return os.open(part, _FOLDER, dir_fd=at)
        except FileNotFoundError:
            if make:
                raise
            return None
        except NotADirectoryError:
            is_link = modes.S_ISLNK(os.lstat(part, dir_fd=at).st_mode)
            if not make and not is_link:
                return None
            what = "a symbolic link" if is_link else "an object"
            self._in_the_way(f"{part} on the way to it is {what}")

    def _in_the_way(self, why: str) -> NoReturn:
        raise _refused(
            f"an object cannot be reached in {self._path}: {why}",
            "Choose another key, or take away what is there.",
        )

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """What the machine says, as refusals. Only a full or a missing disk may mend itself."""
        try:
            yield
        except _Taken:
            raise
        except (IsADirectoryError, FileExistsError):
            refusal: StellaError = _refused(
                f"objects lie below that key in {self._path}", "Choose another key."
            )
        except OSError as error:
            why = f"the directory {self._path} cannot be used: {error.strerror}"
            if isinstance(error, PermissionError) or error.errno == 40:
                refusal = _refused(why, "Let it be the server's, and nothing in it a link.")
            else:
                refusal = _unreachable(why)
        else:
            return
        raise refusal


class _Taken(Exception):
    """Something has that name already."""


def _below(folder: int, start: str, prefix: str, after: str) -> Iterator[StoredObject]:
    """In the order of keys: a folder stands where its name and a slash would."""
    if start.count("/") > _DEEP_MAX:
        return
    with os.scandir(folder) as entries:
        names = {
            f"{one.name}/" if one.is_dir(follow_symlinks=False) else one.name
            for one in entries
            if is_key(one.name)
            and (one.is_dir(follow_symlinks=False) or one.is_file(follow_symlinks=False))
        }
    for name in sorted(names):
        key = start + name
        if not (key.startswith(prefix) or (name.endswith("/") and prefix.startswith(key))):
            continue
        if name.endswith("/"):
            if key <= after and not after.startswith(key):
                continue
            try:
                inner = os.open(name[:-1], _FOLDER, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError):
                continue
            try:
                yield from _below(inner, key, prefix, after)
            finally:
                os.close(inner)
        elif key > after and is_key(key):
            with contextlib.suppress(FileNotFoundError):
                yield _stored(key, os.lstat(name, dir_fd=folder))


def _stored(key: str, found: os.stat_result) -> StoredObject:
    return StoredObject(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _refused(why: str, advice: str) -> ServiceRefused:
    return ServiceRefused(why, remedy=Remedy(advice))


def _unreachable(why: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        why, remedy=Remedy("See that it is there, and that its disk has room; then try again.")
    )
