"""Logins for one pull: a directory for ``DOCKER_CONFIG`` that is there while one command runs.

It lies in memory where the machine has such a place, belongs to the agent's user alone, and holds
everything that the user's own directory does, but for the login of the one registry.
"""

import base64
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stella.sdk.protocol import RegistryLogin

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made there, for its owner alone
_CONFIG = "config.json"
_HUB = "https://index.docker.io/v1/"


class OpenLogins:
    """Of one command. Removed by who opened it."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.made: list[Path] = []

    def directory(self, login: RegistryLogin) -> str:
        """Where Docker's programs find that login, beside what the user's own configuration says."""
        own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        place = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
        made = Path(tempfile.mkdtemp(prefix=self._prefix, dir=place))  # 0700
        self.made.append(made)
        if own.is_dir():
            for one in own.iterdir():
                if one.name != _CONFIG:
                    (made / one.name).symlink_to(one.absolute())
        content = json.dumps(with_login(_read(own / _CONFIG), login))
        (made / _CONFIG).touch(mode=0o600)
        (made / _CONFIG).write_text(content)
        return str(made)


class RegistryLogins:
    """Of one agent. projects: its own directory, by which its logins are told from another's."""

    def __init__(self, projects: Path) -> None:
        mark = hashlib.sha256(str(projects.absolute()).encode()).hexdigest()[:12]
        self._prefix = f"stella-login-{mark}-"

    @contextmanager
    def opened(self) -> Iterator[OpenLogins]:
        """For one command; whatever was made is gone afterwards."""
        logins = OpenLogins(self._prefix)
        try:
            yield logins
        finally:
            for one in logins.made:
                shutil.rmtree(one, ignore_errors=True)

    def remove_left(self) -> None:
        """What an agent that was killed left. Only one agent runs on a state directory."""
        for place in (_IN_MEMORY, Path(tempfile.gettempdir())):
            for one in place.glob(f"{self._prefix}*"):
                shutil.rmtree(one, ignore_errors=True)


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return found
    return {}


def with_login(config: dict[str, Any], login: RegistryLogin) -> dict[str, Any]:
    """A ``config.json`` with that login beside the others. A helper that keeps logins is not asked for it."""
    name = _HUB if login.registry == "docker.io" else login.registry
    pair = f"{login.username}:{login.password}".encode()
    entry = (
        {"registrytoken": login.token} if login.token else {"auth": base64.b64encode(pair).decode()}
    )
    auths = config.get("auths")
    made = {**config, "auths": {**(auths if isinstance(auths, dict) else {}), name: entry}}
    helpers = config.get("credHelpers")
    if config.get("credsStore") or helpers:
        made["credHelpers"] = {**(helpers if isinstance(helpers, dict) else {}), name: ""}
    return made
