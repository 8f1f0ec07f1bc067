"""One file with everything that an embedded server keeps: database, keys, bytes, plugins."""

import io
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path, PurePosixPath

from sqlalchemy import make_url

from stella.app.errors import BackupRefused, DataUnusable
from stella.app.keys import data_unusable
from stella.app.lock import server_lock
from stella.app.settings import Settings
from stella.app.wiring import make_data_directory
from stella.kernel import Remedy

_DATABASE = "stella.db"
_FOLDERS = ("keys", "blobs", "plugins", "ledger")
_CHECKPOINT = "ledger/log/checkpoint"
_VERSION = "stella-backup"
_VERSION_TEXT = b"1\n"


def back_up(settings: Settings, file: Path) -> None:
    """Write ``file``, mode 0600. The database is copied first: bytes it names are there by then.

    Raises BackupRefused where the records are not in SQLite, DataUnusable.
    """
    database = _sqlite_file(settings)
    unfinished = file.with_name(f".{file.name}.unfinished")
    try:
        with tempfile.TemporaryDirectory(dir=settings.data) as directory:
            copy = Path(directory) / _DATABASE
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as to:
                source.backup(to)
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w") as tar:
                info = tarfile.TarInfo(_VERSION)
                info.size = len(_VERSION_TEXT)
                tar.addfile(info, io.BytesIO(_VERSION_TEXT))
                tar.add(copy, _DATABASE)
                for folder in _FOLDERS:
                    if (settings.data / folder).is_dir():
                        tar.add(settings.data / folder, folder, filter=_kept)
                # The ledger goes on meanwhile; what the copied database knows nothing of is no part of it.
                for note in _heads(copy):
                    info = tarfile.TarInfo(_CHECKPOINT)
                    info.size, info.mode = len(note), 0o600
                    tar.addfile(info, io.BytesIO(note))
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise data_unusable(settings.data, error) from error


def restore(settings: Settings, file: Path) -> None:
    """Put the content of ``file`` into the data directory, which has no server's data yet.

    Raises BackupRefused, DataUnusable, DataInUse.
    """
    data, database = make_data_directory(settings), _sqlite_file(settings)
    with server_lock(data):
        present = [path.name for path in (database, data / "keys") if path.exists()]
        if present:
            raise _refused(f"{data} holds {' and '.join(present)} already", "Give an empty one.")
        try:
            with tarfile.open(file, "r:") as tar:
                members = tar.getmembers()
                if not members or members[0].name != _VERSION:
                    raise _refused(f"{file} is no backup", "Give what `stella db backup` made.")
                kept = [one for one in members[1:] if _is_ours(one)]
                tar.extractall(data, members=kept, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise _refused(f"{file} is damaged: {error}", "Give another backup.") from error
        except OSError as error:
            raise data_unusable(data, error) from error
        if database != data / _DATABASE:
            (data / _DATABASE).replace(database)


def _kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """What is only there for a moment, or says more than the copied database, is left out."""
    name = PurePosixPath(member.name).name
    is_passing = name.startswith((".new-", ".keys-")) or name == ".lock"
    return None if is_passing or member.name == _CHECKPOINT else member


def _heads(copy: Path) -> list[bytes]:
    """The ledger's last checkpoint as the copied database has it, if it has one."""
    with closing(sqlite3.connect(copy)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE name = 'ledger_head'")
        if tables.fetchone() is None:
            return []
        rows = database.execute("SELECT note FROM ledger_head ORDER BY name").fetchall()
    return [str(note).encode() for (note,) in rows[:1]]


def _is_ours(member: tarfile.TarInfo) -> bool:
    top = PurePosixPath(member.name).parts[0]
    return (member.isfile() or member.isdir()) and top in {_DATABASE, *_FOLDERS}


def _sqlite_file(settings: Settings) -> Path:
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise _refused(
            "the records are in PostgreSQL",
            "Use pg_dump for the records, and copy keys and blobs of the data directory.",
        )
    return Path(url.database)


def _refused(why: str, advice: str) -> BackupRefused:
    return BackupRefused(why, remedy=Remedy(advice))


__all__ = ["DataUnusable", "back_up", "restore"]
