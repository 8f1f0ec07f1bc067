"""Doors whose rooms are entered late: a name is imported when it is first asked for."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def late(package: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """The ``__getattr__`` (PEP 562) of ``package``. names: submodule, or a
    module of another room by its whole name (``stella.trust``) -> the names it brings.

    For rooms of which a fast command needs a corner only. The same imports stand under
    ``TYPE_CHECKING`` beside it, for readers and type checkers; a test holds the two together. A name
    that is also a submodule's must be imported at once, or the submodule would take its place.
    """
    homes = {name: submodule for submodule, listed in names.items() for name in listed.split()}

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = homes[name]
        module = home if home.startswith("stella.") else f"{package}.{home}"
        value: object = getattr(import_module(module), name)
        setattr(sys.modules[package], name, value)
        return value

    return find
