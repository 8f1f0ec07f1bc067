"""References to secrets, resolved at the last moment and never stored, logged or shown."""

import os
from collections.abc import Mapping
from pathlib import Path

from stella.app.errors import UnresolvedReference
from stella.kernel import Remedy

_ENV, _FILE = "env://", "file://"
_SECRET_BYTES_MAX = 65_536


def resolve_reference(reference: str, environment: Mapping[str, str] | None = None) -> str:
    """The secret behind ``env://NAME`` or ``file:///PATH``, without white space at its end.

    Raises UnresolvedReference, also for a secret that was given in place of a reference.
    """
    variables = os.environ if environment is None else environment
    if reference.startswith(_ENV):
        name = reference.removeprefix(_ENV)
        if name in variables:
            return variables[name]
        raise _unresolved(f"the variable {name} is not set")
    if reference.startswith(_FILE):
        path = Path(reference.removeprefix(_FILE))
        try:
            return path.read_bytes()[:_SECRET_BYTES_MAX].decode().rstrip()
        except (OSError, UnicodeDecodeError) as error:
            raise _unresolved(f"the file {path} cannot be read") from error
    raise _unresolved("a secret stands in the settings where a reference belongs")


def _unresolved(why: str) -> UnresolvedReference:
    return UnresolvedReference(
        f"a secret was not found: {why}", remedy=Remedy("Write env://NAME or file:///PATH.")
    )
