"""What happens to plugins."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class PluginInstalled(Fact):
    """A version of it is here. subject: its name; wheel: digest of its wheel."""

    version: str
    publisher: str
    wheel: str


@dataclass(frozen=True, slots=True)
class PluginEnabled(Fact):
    """It is used, in that version. before: the version that was used, empty for none."""

    version: str
    before: str


@dataclass(frozen=True, slots=True)
class PluginDisabled(Fact):
    """It is used no more."""

    version: str


@dataclass(frozen=True, slots=True)
class PluginGranted(Fact):
    """What it may do is another. granted: capabilities, with hosts where they are named."""

    granted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PluginRemoved(Fact):
    """A version of it is here no more."""

    version: str
