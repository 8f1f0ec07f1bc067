"""What of this machine integrations may read and write: variables, files, directories."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stella.app.settings import Settings
from stella.hub.errors import DirectoryNotGranted, UnresolvedReference
from stella.hub.model import Integration
from stella.hub.reference import ENV, FILE, Reference
from stella.kernel import Remedy
from stella.plugin.contract.secret_store import Secret

_SECRET_BYTES_MAX = 65_536


def refuse_place(reference: Reference, settings: Settings) -> None:
    """Return where integrations may read that variable or file. Raises UnresolvedReference.

    Who may write an integration has not the whole machine: its own keys, among others.
    """
    if reference.scheme == ENV:
        if not reference.path.startswith(settings.secret_variables):
            raise unresolved(
                f"{reference.text} is none of the variables that integrations may read",
                f"Let its name begin with {settings.secret_variables}.",
            )
        return
    if not _lies_in(reference.path, settings.secret_directories):
        raise unresolved(
            f"{reference.text} lies in none of the directories that integrations may read",
            f"Put it below {' or '.join(settings.secret_directories)}, or set secret_directories.",
        )


def refuse_directory(integration: Integration, settings: Settings) -> None:
    """Return where the endpoint is no directory, or one that integrations may use.

    Raises DirectoryNotGranted.
    """
    parts = urlsplit(integration.endpoint)
    if parts.scheme != FILE or _lies_in(unquote(parts.path), settings.object_directories):
        return
    places = " or ".join(settings.object_directories)
    raise DirectoryNotGranted(
        f"the integration {integration.name} leads to a directory that integrations may not use",
        remedy=Remedy(
            f"{f'Let it lie below {places}, or set' if places else 'Set'} object_directories."
        ),
        integration=integration.name,
    )


def _lies_in(path: str, places: Sequence[str]) -> bool:
    """Wherever links lead."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(os.path.realpath(place)) for place in places)


def read_here(reference: Reference, environment: Mapping[str, str]) -> Secret:
    """A variable or a file of this machine, without white space at its end.

    Raises UnresolvedReference.
    """
    if reference.scheme == ENV:
        if reference.path in environment:
            return Secret(environment[reference.path])
        raise unresolved(f"the variable {reference.path} is not set", "Set it for the server.")
    if reference.scheme == FILE:
        with (
            contextlib.suppress(OSError, UnicodeDecodeError),
            Path(reference.path).open("rb") as file,
        ):
            content = file.read(_SECRET_BYTES_MAX + 1)
            if len(content) <= _SECRET_BYTES_MAX:
                return Secret(content.decode().rstrip())
        raise unresolved(
            f"the file {reference.path} cannot be read",
            "See that it is there, and is the server's.",
        )
    raise unresolved(f"{reference.scheme}:// is not read here", "Write env:// or file://.")


def unresolved(why: str, advice: str) -> UnresolvedReference:
    """The refusal of a reference."""
    return UnresolvedReference(f"a secret was not found: {why}", remedy=Remedy(advice))
