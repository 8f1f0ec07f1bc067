"""A directory in memory, for tests: it passes the kit that connectors of real ones pass."""

from dataclasses import dataclass, field, replace

from stella.kernel import Remedy
from stella.plugin.contract.directory import DirectoryEntry
from stella.plugin.refusals import ServiceRefused, ServiceUnreachable


@dataclass(slots=True)
class SimulatedDirectory:
    """``stella.sdk.Directory`` in memory. Names are compared as directories do: in any case.

    is_out: it cannot be reached. is_shut: it does not take our own login.
    """

    is_out: bool = False
    is_shut: bool = False
    _entries: list[DirectoryEntry] = field(default_factory=list, repr=False)
    _passwords: dict[str, str] = field(default_factory=dict, repr=False)
    _locked: set[str] = field(default_factory=set, repr=False)

    # ------------------------------------------------------------ what a test does

    def add(self, entry: DirectoryEntry, password: str) -> None:
        """Somebody more."""
        self._entries.append(entry)
        self._passwords[entry.id] = password

    def rename(self, name: str, to: str) -> None:
        """The same person under another name."""
        self._entries = [
            replace(one, name=to) if one.name == name else one for one in self._entries
        ]

    def lock(self, name: str) -> None:
        """Nobody gets in by that account."""
        self._locked |= {one.id for one in self._entries if one.name == name}

    # ------------------------------------------------------------ what the host does

    def log_in(self, name: str, password: str) -> DirectoryEntry | None:
        """Who that is, where the password is theirs."""
        found = self.find(name)
        if found is None or not password or found.id in self._locked:
            return None
        return found if self._passwords[found.id] == password else None

    def find(self, name: str) -> DirectoryEntry | None:
        """The only one of that name."""
        self._let_in()
        found = [one for one in self._entries if one.name.lower() == name.lower()]
        return found[0] if len(found) == 1 else None

    def check(self) -> str:
        """That it is simulated."""
        self._let_in()
        return "simulated directory"

    def _let_in(self) -> None:
        if self.is_out:
            raise ServiceUnreachable(
                "the simulated directory cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        if self.is_shut:
            raise ServiceRefused(
                "the simulated directory does not take our login",
                remedy=Remedy("Set `is_shut` to False."),
            )
