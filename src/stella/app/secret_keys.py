"""The keys under which the built-in store's secrets lie: files of the server's own, beside the others."""

import os
from collections.abc import Callable
from pathlib import Path

from stella.app.keys import data_unusable
from stella.trust.envelope import KEY_BYTES, Ring, key_id

_FOLDER = Path("keys") / "secrets"
_TRIES = 5


def load_ring(data: Path, random: Callable[[int], bytes]) -> Ring:
    """Every key; the last made is the active one. The first is made where there is none.

    Raises DataUnusable.
    """
    folder = data / _FOLDER
    try:
        for tries_left in reversed(range(_TRIES)):
            files = sorted(folder.glob("*.key")) or [_make(folder, 1, random)]
            try:
                keys = [bytes.fromhex(file.read_text().strip()) for file in files]
                break
            except FileNotFoundError:  # one was retired at this moment
                if not tries_left:
                    raise
    except (OSError, ValueError) as error:
        trouble = error if isinstance(error, OSError) else OSError(0, "a key of secrets is no key")
        raise data_unusable(data, trouble) from error
    return Ring({key_id(key): key for key in keys}, key_id(keys[-1]))


def add_key(data: Path, random: Callable[[int], bytes]) -> Ring:
    """One more key, which is the active one from now on. Raises DataUnusable."""
    folder = data / _FOLDER
    try:
        numbers = [int(file.name.partition("-")[0]) for file in folder.glob("*.key")]
        _make(folder, max(numbers, default=0) + 1, random)
    except OSError as error:
        raise data_unusable(data, error) from error
    return load_ring(data, random)


def retire_keys(data: Path, kept: frozenset[str]) -> None:
    """Remove every older key but those: nothing lies under the others any more. One that was made after
    the newest of them is another server's, which is about to bring secrets under it.

    Who rotates keeps the one before the active one as well: somebody may be about to store a
    secret under it. It goes with the next rotation.
    """
    parts = {file: file.stem.partition("-") for file in (data / _FOLDER).glob("*.key")}
    newest = max((number for number, _, key in parts.values() if key in kept), default="")
    for file, (number, _, key) in parts.items():
        if key not in kept and number < newest:
            file.unlink(missing_ok=True)


def _make(folder: Path, number: int, random: Callable[[int], bytes]) -> Path:
    """Whole or not at all: a kill in the middle leaves a draft that nobody reads."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = random(KEY_BYTES)
    file = folder / f"{number:06}-{key_id(key)}.key"
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(key.hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    # Its name, too, before any secret lies under it: a loss of power must not take it.
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return file
