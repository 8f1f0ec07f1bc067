"""The server's own keys: made once, all together, readable by the server alone."""

import base64
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from stella.api.services import ServerKeys
from stella.app.errors import DataUnusable, KeysIncomplete
from stella.kernel import Remedy
from stella.trust import Authority, create_authority, create_key, load_authority, load_signer

SIGNERS = ("evidence", "orders", "sbom")
_HOOK = "registry-hook.token"
KEY_FILES = (*(f"{name}.key" for name in (*SIGNERS, "ca")), "ca.pem", _HOOK)


def open_keys(
    data: Path, *, now: datetime, random: Callable[[int], bytes]
) -> tuple[ServerKeys, Authority]:
    """The keys in ``data/keys``, made where the directory is missing; never one by one.

    Raises KeysIncomplete where some are gone, UnusableKey where one cannot be used, DataUnusable.
    """
    directory = data / "keys"
    try:
        if not directory.exists():
            _create(directory, now, random)
    except OSError as error:
        raise data_unusable(data, error) from error
    missing = [name for name in KEY_FILES if not (directory / name).is_file()]
    if missing:
        raise KeysIncomplete(
            f"keys are missing in {directory}: {', '.join(missing)}",
            remedy=Remedy(
                "Restore them from a backup: what they signed is verified by them.",
                command="stella db restore <backup>",
            ),
            missing=missing,
        )
    signers = {name: load_signer(directory / f"{name}.key") for name in SIGNERS}
    hook_token = (directory / _HOOK).read_text().strip()
    return ServerKeys(**signers, hook_token=hook_token), load_authority(directory)


def _create(directory: Path, now: datetime, random: Callable[[int], bytes]) -> None:
    """A kill in the middle leaves nothing under the final name: the next start makes them anew."""
    unfinished = directory.with_name(f".keys-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    for name in SIGNERS:
        create_key(unfinished, name)
    create_authority(unfinished, create_key(unfinished, "ca"), now)
    token = "sth_" + base64.urlsafe_b64encode(random(32)).decode().rstrip("=")
    with os.fdopen(
        os.open(unfinished / _HOOK, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
    ) as file:
        file.write(token + "\n")
    for path in unfinished.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    unfinished.rename(directory)


def data_unusable(data: Path, error: OSError) -> DataUnusable:
    """One sentence for what the system said about the data directory."""
    return DataUnusable(
        f"the data directory {data} cannot be used: {error.strerror}",
        remedy=Remedy("Make it writable, free space there, or set data_directory."),
        directory=data,
    )
