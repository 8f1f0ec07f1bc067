"""What the doctor asks of the data directory and the machine, also where no server can start."""

import fcntl
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import inspect

from stella.app.keys import KEY_FILES, SIGNERS
from stella.app.schema import head_revision, migrate, revision_of
from stella.app.settings import Settings
from stella.doctor import Mended
from stella.kernel import Outcome, Seen
from stella.record import Database
from stella.trust import TrustRoot, load_signer, read_certificate

_FOLDERS = ("blobs", "cache", "plugins")
_CERTIFICATE_DAYS = 14
_LEFT_OVER_S = 3600
_CONNECT_S = 2.0
_BACKUP = "from a backup: tar -xf BACKUP -C"


def schema_is_ours(database: Database) -> list[Seen]:
    """The tables are those of this version of the program."""
    with database.read() as tx:
        has_tables = bool(inspect(tx.connection).get_table_names())
        current = revision_of(tx.connection) if has_tables else None
    if current == head_revision():
        return [Seen(Outcome.PASS, f"at revision {current}")]
    detail = f"the database is at revision {current}, this version brings {head_revision()}"
    return [Seen(Outcome.BLOCKED, detail, "stella db migrate")]


def bring_schema(database: Database) -> list[Mended]:
    """To this version's: what `stella db migrate` does."""
    with database.read() as tx:
        before = revision_of(tx.connection)
    after = migrate(database.engine)
    return [] if before == after else [Mended("", str(before), after)]


def keys_are_there(data: Path) -> list[Seen]:
    """Every key file of the server is in its place; a server never makes one anew by itself."""
    folder = data / "keys"
    missing = [f"keys/{name}" for name in KEY_FILES if not (folder / name).is_file()]
    if missing:
        detail = f"missing: {', '.join(missing)}"
        fix = f"Put them back {_BACKUP} {data} {' '.join(missing)}"
        return [Seen(Outcome.BLOCKED, detail, fix)]
    return [Seen(Outcome.PASS, f"{len(KEY_FILES)} files are there")]


def keys_match(data: Path, told: TrustRoot | None) -> list[Seen]:
    """Every private key is the one whose public half verifiers have. told: by the running server."""
    for name in SIGNERS:
        file = data / "keys" / f"{name}.key"
        if not file.is_file():
            return [Seen(Outcome.UNKNOWN, f"{name}.key is missing", "First put it back.")]
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            detail = f"{name}.key is not used while others may read it"
            return [Seen(Outcome.UNKNOWN, detail, "stella doctor --fix keys.private")]
        public = file.with_suffix(".pub")
        known = {public.read_bytes()} if public.is_file() else set()
        if told is not None:
            known.add(told.keys[name].pem)
        if known - {load_signer(file).public.pem}:
            detail = f"{name}.key is not the key that verifiers are told"
            fix = f"Put it back {_BACKUP} {data} keys/{name}.key"
            return [Seen(Outcome.BLOCKED, detail, fix)]
    return [Seen(Outcome.PASS, f"{len(SIGNERS)} signing keys are those that verifiers are told")]


def keys_are_private(data: Path) -> list[Seen]:
    """Nobody but the server's user may read its keys."""
    open_ones = [file for file in _private(data) if stat.S_IMODE(file.stat().st_mode) & 0o077]
    if open_ones:
        named = ", ".join(str(one.relative_to(data)) for one in open_ones[:3])
        detail = f"others may read {named}"
        return [Seen(Outcome.BLOCKED, detail, "stella doctor --fix keys.private")]
    return [Seen(Outcome.PASS, "the server's user alone may read them")]


def make_private(data: Path) -> Iterator[Mended]:
    """Take the rights of others away."""
    for file in _private(data):
        before = stat.S_IMODE(file.stat().st_mode)
        if before & 0o077:
            file.chmod(before & 0o700)
            yield Mended(str(file.relative_to(data)), f"{before:04o}", f"{before & 0o700:04o}")


def _private(data: Path) -> Iterator[Path]:
    keys = data / "keys"
    for folder in (keys, keys / "secrets", data / "agents-port"):
        if folder.is_dir():
            yield folder
            yield from sorted(
                one for one in folder.iterdir() if one.suffix in {".key", ".token", ".new"}
            )


def there_is_room(data: Path, least: int) -> list[Seen]:
    """There is room where the server writes."""
    free = shutil.disk_usage(data).free
    detail = f"{free / 1e9:.2f} GB free at {data}"
    if free < least:
        fix = "Free space there, or move data_directory."
        return [Seen(Outcome.BLOCKED, f"{detail}, less than {least / 1e9:.2f}", fix)]
    return [Seen(Outcome.PASS, detail)]


def folders_are_there(data: Path) -> list[Seen]:
    """The directories that the server keeps things in can be written."""
    bad = [name for name in _FOLDERS if (data / name).exists() and not (data / name).is_dir()]
    if bad:
        detail = f"{data / bad[0]} is no directory"
        return [Seen(Outcome.BLOCKED, detail, f"mv {data / bad[0]} {data / bad[0]}.old")]
    missing = [name for name in _FOLDERS if not (data / name).is_dir()]
    locked = [n for n in _FOLDERS if n not in missing and not os.access(data / n, os.W_OK)]
    if locked:
        fix = f"chown -R SERVER_USER {data / locked[0]}"
        return [Seen(Outcome.BLOCKED, f"{data / locked[0]} cannot be written", fix)]
    return [Seen(Outcome.PASS, f"what is missing is made when it is needed: {len(missing)}")]


def leftovers_are_gone(data: Path, now: datetime) -> list[Seen]:
    """Nothing lies about that a killed server left half-written."""
    found = list(_left_over(data, now))
    if found:
        detail = f"{len(found)} half-written, such as {found[0].relative_to(data)}"
        return [Seen(Outcome.BLOCKED, detail, "stella doctor --fix disk.leftovers")]
    return [Seen(Outcome.PASS, "nothing half-written is left")]


def remove_leftovers(data: Path, now: datetime) -> Iterator[Mended]:
    """Remove them: nobody reads what was never given its name."""
    for one in list(_left_over(data, now)):
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
        yield Mended(str(one.relative_to(data)), "left over", "removed")


def _left_over(data: Path, now: datetime) -> Iterator[Path]:
    """Only what is older than anything that a server is writing now."""
    patterns = (".keys-*", "keys/secrets/*.new", "blobs/sha256/*/.new-*", "plugins/*/.draft")
    for pattern in patterns:
        for one in sorted(data.glob(pattern)):
            if now.timestamp() - one.lstat().st_mtime > _LEFT_OVER_S:
                yield one


def server_answers(settings: Settings) -> list[Seen]:
    """A server runs on this data, and both of its ports take connections."""
    if not _is_held(settings.data):
        return [Seen(Outcome.UNKNOWN, "no server runs on this data", "stella serve")]
    found = []
    for about, host, port in (
        ("for people", settings.listen_host, settings.listen_port),
        ("for agents", settings.agents_host, settings.agents_port),
    ):
        at = "127.0.0.1" if host == "0.0.0.0" else "::1" if host == "::" else host  # noqa: S104
        try:
            with closing(socket.create_connection((at, port), _CONNECT_S)):
                found.append(Seen(Outcome.PASS, f"{at}:{port} takes connections", "", about))
        except OSError as error:
            detail = f"{at}:{port} takes none: {error.strerror or error}"
            fix = "Restart the server: stella serve"
            found.append(Seen(Outcome.BLOCKED, detail, fix, about))
    return found


def _is_held(data: Path) -> bool:
    try:
        with (data / "server.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def certificates_last(data: Path, now: datetime) -> list[Seen]:
    """The authority of the agents and the certificate of their port have not ended, nor do soon."""
    found: list[Seen] = []
    for about, file, fix in (
        ("authority", data / "keys" / "ca.pem", "Enrol the agents anew at a new server."),
        ("agents' port", data / "agents-port" / "agents.crt", "Restart the server: stella serve"),
    ):
        if not file.is_file():
            continue
        ends = read_certificate(file.read_bytes()).not_after
        if ends <= now + timedelta(days=_CERTIFICATE_DAYS):
            word = "ended" if ends <= now else "ends"
            found.append(Seen(Outcome.BLOCKED, f"it {word} {ends:%Y-%m-%d %H:%M} UTC", fix, about))
        else:
            found.append(Seen(Outcome.PASS, f"lasts until {ends:%Y-%m-%d}", "", about))
    return found or [Seen(Outcome.PASS, "there is none yet")]
