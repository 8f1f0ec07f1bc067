"""``docker:IMAGE``: an image of the engine that the user's ``docker`` reaches, saved to be read here."""

import subprocess
import tempfile
from pathlib import Path
from typing import IO

from stella.cli.errors import ImageNotSaved
from stella.kernel import Remedy

_SAID_LENGTH_MAX = 300


def saved_image(image: str) -> tuple[Path, IO[bytes]]:
    """Where its tar can be read, for as long as the file beside it is kept open.

    image: as ``docker save`` takes it. The file has no name: however this program ends, nothing is
    left of it. Raises ImageNotSaved.
    """
    file = tempfile.TemporaryFile(prefix="stella-")  # noqa: SIM115 - the caller reads it
    try:
        done = subprocess.run(
            ["docker", "save", "--", image],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        file.close()
        raise _not_saved(image, f"docker cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        file.close()
        raise _not_saved(image, done.stderr.decode(errors="replace").strip()[-_SAID_LENGTH_MAX:])
    return Path(f"/proc/self/fd/{file.fileno()}"), file


def _not_saved(image: str, why: str) -> ImageNotSaved:
    return ImageNotSaved(
        f"docker does not give the image {image[:200]!r}: {why or 'it says not why'}",
        remedy=Remedy(
            "See that this user's docker has it and that there is room.", "docker images"
        ),
        image=image[:200],
    )
