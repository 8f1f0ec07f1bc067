"""The keys of the built-in store, wherever the settings let them be kept."""

import os
from collections.abc import Callable
from typing import cast

from stella.app.secret_keys import add_key, load_ring, retire_keys
from stella.app.settings import Settings
from stella.hub.errors import UnknownIntegration
from stella.hub.keepers import (
    ENV,
    FILE,
    Keeper,
    Keepers,
    KeptElsewhere,
    parse_keeper,
    unusable,
)
from stella.hub.reference import SECRET, parse_reference
from stella.hub.store import find_integration
from stella.plugin.contract.secret_store import KeyKeeper
from stella.record import Database
from stella.trust.envelope import KEY_BYTES, Random, Ring, WrappingKeys, key_id

_VAULT = "vault"
_METHODS = ("key_versions", "wrap_key", "unwrap_key", "renew_key")
_CHAIN_MAX = 10

OpenStore = Callable[[str], object]


class SecretKeys:
    """open_store: the connector of an integration of a secret store, by its name."""

    def __init__(
        self, settings: Settings, database: Database, random: Random, open_store: OpenStore
    ) -> None:
        self._settings = settings
        self._database = database
        self._random = random
        self._open_store = open_store
        found = [parse_keeper(one) for one in settings.secret_keepers]
        assert all(found), "the settings were checked"
        self._named = [one for one in found if one is not None]

    def keys(self) -> Keepers:
        """As they are now. Raises DataUnusable, KeeperUnusable; what lies elsewhere is asked at use."""
        return Keepers({one.text: self._of(one) for one in self._named})

    def renew(self) -> Keepers:
        """One more key of the first keeper, which is the active one from now on.

        Raises DataUnusable, KeeperUnusable, and what a secret store raises.
        """
        first = self._named[0]
        if first.scheme == FILE:
            add_key(self._settings.data, self._random)
        elif first.scheme == ENV:
            raise unusable(
                first,
                "a server does not change its own variables",
                f"Put a further key behind those in {first.place}, start the server anew, and use"
                " `stella secret rewrap`.",
            )
        else:
            self._service(first).renew_key(first.path)
        return self.keys()

    def retire(self, kept: frozenset[str]) -> None:
        """Remove every file of a key but those, where the keys are files."""
        if self._named[0].scheme == FILE:
            retire_keys(self._settings.data, kept)

    def _of(self, keeper: Keeper) -> WrappingKeys:
        if keeper.scheme == FILE:
            return load_ring(self._settings.data, self._random)
        if keeper.scheme == ENV:
            return self._of_variable(keeper)
        return KeptElsewhere(keeper, lambda: self._service(keeper))

    def _of_variable(self, keeper: Keeper) -> Ring:
        try:
            words = os.environ.get(keeper.place, "").split(",")
            keys = [bytes.fromhex(one.strip()) for one in words]
        except ValueError:
            keys = []
        if not keys or any(len(one) != KEY_BYTES for one in keys):
            raise unusable(
                keeper,
                f"the variable holds no keys of {2 * KEY_BYTES} hex digits",
                "Set it for the server: `openssl rand -hex 32` makes one; several with commas"
                " between, the newest last.",
            )
        return Ring({key_id(one): one for one in keys}, key_id(keys[-1]))

    def _service(self, keeper: Keeper) -> KeyKeeper:
        self._refuse_circle(keeper, keeper.place)
        made = self._open_store(keeper.place)
        if not all(hasattr(made, one) for one in _METHODS):
            raise unusable(
                keeper,
                f"the integration {keeper.place} keeps no keys",
                "Name one of the connector vault.",
            )
        return cast("KeyKeeper", made)

    def _refuse_circle(self, keeper: Keeper, name: str, depth: int = 0) -> None:
        """Return where nothing that leads to the keeper lies in the built-in store itself."""
        with self._database.read() as tx:
            try:
                found = find_integration(tx, name).integration
            except UnknownIntegration:
                found = None
        if found is None or (depth == 0 and found.connector != _VAULT):
            raise unusable(
                keeper,
                f"there is no integration {name} of the connector {_VAULT}",
                "Apply one, or name another keeper first in secret_keepers.",
            )
        for text in found.credentials.values():
            reference = parse_reference(text)
            if reference.scheme == SECRET or depth == _CHAIN_MAX:
                raise unusable(
                    keeper,
                    f"the integration {name} reads its own login from the built-in store",
                    "Let its credentials be env:// or file:// references.",
                )
            if reference.integration:
                self._refuse_circle(keeper, reference.integration, depth + 1)
