"""A check, and what is examined."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stella.blob import Blobs
from stella.hub.model import Health
from stella.kernel import Outcome
from stella.plugin import RefusedPlugin
from stella.plugin.contract.check import DoctorCheck
from stella.plugin.contract.registry import Registry
from stella.record import Database
from stella.trust import TrustRoot


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. fix: what to do; empty where it passed."""

    name: str
    outcome: Outcome
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """An agent as the server knows it. engines: name -> version, as it last reported them."""

    name: str
    is_online: bool
    engines: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Patient:
    """What the checks look at.

    schema: the revision that this version of the program brings. registries: hosts to call.
    integrations: uses each that is switched on, and says how it was. plugin_checks: name -> what
    plugins look at.
    failed_runs: facts whose handlers gave up.
    """

    database: Database
    schema: str
    data: Path
    blobs: Blobs
    trust_root: TrustRoot
    registries: tuple[str, ...]
    integrations: Callable[[], Sequence[Health]]
    refused_plugins: tuple[RefusedPlugin, ...]
    plugin_checks: Callable[[], Mapping[str, DoctorCheck]]
    open_registry: Callable[[str], Registry]
    advisories: Path | None
    agents: Callable[[], Sequence[AgentSeen]]
    failed_runs: Callable[[], tuple[str, ...]]
