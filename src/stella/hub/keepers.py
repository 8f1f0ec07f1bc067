"""Who keeps the keys of the built-in store: named in the settings, the first wraps, all of them open."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stella.hub.errors import KeeperUnusable
from stella.kernel import Remedy
from stella.kernel.names import NAME
from stella.plugin.contract.secret_store import KeyKeeper
from stella.plugin.refusals import SecretNotFound
from stella.trust.envelope import Random, Ring, WrappingKeys, broken_envelope

FILE, ENV, TRANSIT = "file", "env", "vault-transit"
FORM = "file:, env:VARIABLE or vault-transit://INTEGRATION/MOUNT/KEY"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_PATH = re.compile(r"[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._-]{1,100}){1,5}\Z")


@dataclass(frozen=True, slots=True)
class Keeper:
    """One keeper by its URI. place: a variable, or an integration; path: of the key there."""

    scheme: str
    place: str = ""
    path: str = ""

    @property
    def text(self) -> str:
        """As it is written."""
        if self.scheme == TRANSIT:
            return f"{self.scheme}://{self.place}/{self.path}"
        return f"{self.scheme}:{self.place}"


def parse_keeper(text: str) -> Keeper | None:
    """None for what names no keeper."""
    scheme, _, rest = text.partition(":")
    if scheme == FILE and not rest:
        return Keeper(FILE)
    if scheme == ENV and _VARIABLE.match(rest):
        return Keeper(ENV, rest)
    place, _, path = rest.removeprefix("//").partition("/")
    is_one = scheme == TRANSIT and rest.startswith("//") and NAME.match(place)
    if is_one and _PATH.match(path) and not {".", ".."} & set(path.split("/")):
        return Keeper(TRANSIT, place, path)
    return None


class KeptElsewhere:
    """Wrapping keys of a ``KeyKeeper``: the versions of one key, ``URI#VERSION`` by name.

    open_keeper: asked for at the first use. One is made for a use and not kept: which version is the
    newest is asked once.
    """

    def __init__(self, keeper: Keeper, open_keeper: Callable[[], KeyKeeper]) -> None:
        self._keeper = keeper
        self._open = open_keeper
        self._versions: tuple[int, int] | None = None

    @property
    def active(self) -> str:
        """The newest version. Raises what the keeper raises."""
        return f"{self._keeper.text}#{self._span()[1]}"

    def holds(self, key: str) -> bool:
        """Whether it is a version that still opens. Raises what the keeper raises."""
        version = self._version(key)
        oldest, newest = self._span() if version else (1, 0)
        return oldest <= version <= newest

    def wrap(self, data_key: bytes, about: str, random: Random) -> str:
        """Under the newest version. Raises BrokenEnvelope where it does not give back what it was
        given: nothing is stored that cannot be opened.
        """
        del random  # the keeper has its own
        keeper, path = self._open(), self._keeper.path
        wrapped = keeper.wrap_key(path, self._span()[1], data_key, about)
        if keeper.unwrap_key(path, wrapped, about) != data_key:
            raise broken_envelope(f"{self._keeper.text} gives back another key than it was given")
        return wrapped

    def unwrap(self, key: str, wrapped: str, about: str) -> bytes:
        """Raises BrokenEnvelope, and what the keeper raises."""
        if not self._version(key):
            raise broken_envelope(f"its key {key[:100]} is not here")
        try:
            return self._open().unwrap_key(self._keeper.path, wrapped, about)
        except SecretNotFound:
            why = f"{self._keeper.text} does not open it: it was changed, or its version was ended"
        raise broken_envelope(why)

    def _span(self) -> tuple[int, int]:
        if self._versions is None:
            self._versions = self._open().key_versions(self._keeper.path)
        return self._versions

    def _version(self, key: str) -> int:
        """0 for what is none of this key."""
        place, mark, version = key.rpartition("#")
        is_ours = mark and place == self._keeper.text and version.isascii() and version.isdigit()
        return int(version) if is_ours and len(version) < 10 else 0


@dataclass(frozen=True, slots=True)
class Keepers:
    """Several as one: the first wraps, each opens what lies under its own. by_text: in their order."""

    by_text: Mapping[str, WrappingKeys]

    @property
    def active(self) -> str:
        """The key that the first one makes new envelopes with."""
        return self._first().active

    def holds(self, key: str) -> bool:
        """Whether one of them opens what lies under it."""
        found = self.keeper_of(key)
        return found is not None and self.by_text[found].holds(key)

    def wrap(self, data_key: bytes, about: str, random: Random) -> str:
        """By the first one."""
        return self._first().wrap(data_key, about, random)

    def unwrap(self, key: str, wrapped: str, about: str) -> bytes:
        """By whose key it is. Raises BrokenEnvelope where it is nobody's."""
        found = self.keeper_of(key)
        if found is None:
            raise broken_envelope(f"its key {key[:100]} is not here")
        return self.by_text[found].unwrap(key, wrapped, about)

    def keeper_of(self, key: str) -> str | None:
        """Whose key it is by its name; nobody is asked."""
        place, mark, _ = key.rpartition("#")
        if mark:
            return place if place in self.by_text else None
        rings = ((text, one) for text, one in self.by_text.items() if isinstance(one, Ring))
        return next((text for text, one in rings if one.holds(key)), None)

    def _first(self) -> WrappingKeys:
        return next(iter(self.by_text.values()))


def unusable(keeper: Keeper, why: str, advice: str) -> KeeperUnusable:
    """The refusal of a keeper that was named."""
    return KeeperUnusable(
        f"{keeper.text} cannot keep the keys of secrets: {why}",
        remedy=Remedy(advice),
        keeper=keeper.text,
    )
