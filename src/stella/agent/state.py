"""What an agent keeps on its host: who it is, whom it believes, which orders it has begun."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from stella.agent.errors import AlreadyEnrolled, AnotherAgentRuns, NotEnrolled, StateUnusable
from stella.kernel import Remedy, canonical_json, checked_id
from stella.sdk.files import write_file
from stella.sdk.protocol import (
    MalformedWire,
    OrderResult,
    PluginReference,
    Reach,
    from_wire,
    to_wire,
)
from stella.trust import PublicKey, Signer, create_key, load_signer

# An order that old is refused by its time alone: what was noted about it is no longer needed.
_FORGET_AFTER = timedelta(days=7)


class Trust(StrEnum):
    """Whose word is taken for who the control plane is."""

    OWN = "own"  # the authority that the agent enrolled with
    SYSTEM = "system"  # the machine's own list, where a proxy in front ends the TLS


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this agent is and whom it believes; ``agent.json``. order_keys: PEM."""

    agent: str
    name: str
    url: str
    trust: Trust
    order_keys: tuple[str, ...]
    heartbeat_s: int

    @property
    def trusted_keys(self) -> tuple[PublicKey, ...]:
        """Who may sign orders."""
        return tuple(PublicKey(pem.encode()) for pem in self.order_keys)


class Phase(StrEnum):
    """How far an order has come here. ``told``: the control plane knows how it ended."""

    BEGUN = "begun"
    DONE = "done"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class OrderNote:
    """What is noted of an order before it is begun, and until long after: it is done once."""

    order: str
    phase: Phase
    fence: int
    expires_at: datetime
    begun_at: datetime
    result: OrderResult | None = None


@dataclass(frozen=True, slots=True)
class ProjectNote:
    """A project that this agent has deployed, so that it can say what runs of it.

    plugin: who brings the connector; None where it is installed beside the agent. reach: the way to its
    host; None where that is the agent's own. order: by which that was told. references: which secrets
    the last order that succeeded there named: where the next fails, it is brought back.
    """

    project: str
    connector: str
    target: str
    plugin: PluginReference | None = None
    reach: Reach | None = None
    order: str | None = None
    references: tuple[str, ...] = ()


class StateDirectory:
    """The agent's directory, closed to everybody else (0700)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.projects = root / "projects"
        self.plugins = root / "plugins"
        self._orders = root / "orders"

    def create(self) -> None:
        """Make what is missing. Raises StateUnusable, also where others may look in."""
        try:
            for directory in (self.root, self.projects, self.plugins, self._orders):
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            is_open = self.root.stat().st_mode & 0o077
        except OSError as error:
            raise self._unusable(error) from error
        if is_open:
            raise StateUnusable(
                f"others may look into {self.root}",
                remedy=Remedy("Close it.", f"chmod 700 {self.root}"),
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory alone. Raises AnotherAgentRuns, StateUnusable."""
        try:
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise AnotherAgentRuns(
                f"another process runs the agent in {self.root}",
                remedy=Remedy("Stop it, or give this one a directory of its own."),
            ) from error
        try:
            yield
        finally:
            os.close(handle)

    # ------------------------------------------------------------ who it is

    def new_key(self) -> Signer:
        """The agent's key: that of an enrolment whose answer was lost, or a fresh one.

        Raises AlreadyEnrolled, StateUnusable.
        """
        if (self.root / "agent.json").exists():
            raise AlreadyEnrolled(
                f"there is an agent in {self.root}",
                remedy=Remedy("Give the new one a directory of its own.", "--state DIR"),
            )
        path = self.root / "agent.key"
        try:
            return load_signer(path) if path.exists() else create_key(self.root, "agent")
        except OSError as error:
            raise self._unusable(error) from error

    def keep_identity(self, identity: Identity, certificate: bytes, ca: bytes) -> None:
        """Store the outcome of an enrolment or a renewal; ``agent.json`` last, it makes it one."""
        write_file(self.root / "ca.pem", ca)
        write_file(self.root / "agent.crt", certificate)
        write_file(self.root / "agent.json", canonical_json(to_wire(identity)))

    def identity(self) -> Identity:
        """Who this is. Raises NotEnrolled, StateUnusable."""
        try:
            return from_wire(Identity, json.loads((self.root / "agent.json").read_bytes()))
        except FileNotFoundError as error:
            raise NotEnrolled(
                f"there is no agent in {self.root}",
                remedy=Remedy("Enrol it.", "stella agent enroll --url URL --token TOKEN"),
            ) from error
        except (ValueError, MalformedWire) as error:
            raise self._damaged("agent.json") from error

    def key(self) -> Signer:
        """The agent's key. Raises UnusableKey."""
        return load_signer(self.root / "agent.key")

    def certificate(self) -> bytes:
        """The agent's certificate, PEM."""
        return (self.root / "agent.crt").read_bytes()

    # ------------------------------------------------------------ what it did

    def note_order(self, note: OrderNote) -> None:
        """Write down how far an order has come, before anything else happens."""
        name = checked_id(note.order, "ord")
        write_file(self._orders / f"{name}.json", canonical_json(to_wire(note)))

    def order(self, order_id: str) -> OrderNote | None:
        """What is noted of an order. Raises MalformedId, StateUnusable."""
        path = self._orders / f"{checked_id(order_id, 'ord')}.json"
        try:
            return from_wire(OrderNote, json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, MalformedWire) as error:
            raise self._damaged(path.name) from error

    def untold_orders(self) -> tuple[OrderNote, ...]:
        """Orders that are done, of which the control plane does not know so."""
        return tuple(note for note in self._notes() if note.phase is Phase.DONE)

    def forget_orders(self, now: datetime) -> None:
        """Drop the notes that no longer protect from anything."""
        for note in self._notes():
            if note.expires_at + _FORGET_AFTER < now and note.phase is not Phase.DONE:
                (self._orders / f"{note.order}.json").unlink(missing_ok=True)

    def note_project(self, note: ProjectNote) -> None:
        """Write down that a project is deployed here."""
        content = canonical_json(to_wire(note))
        path = self.root / f"project-{note.project}.json"
        if not path.exists() or path.read_bytes() != content:
            write_file(path, content)

    def project_note(self, project: str) -> ProjectNote | None:
        """What is noted of that one."""
        return next((one for one in self.project_notes() if one.project == project), None)

    def forget_project(self, project: str) -> None:
        """It is not looked at any more."""
        (self.root / f"project-{project}.json").unlink(missing_ok=True)

    def project_notes(self) -> tuple[ProjectNote, ...]:
        """Every project that was deployed here."""
        paths = sorted(self.root.glob("project-*.json"))
        return tuple(from_wire(ProjectNote, json.loads(path.read_bytes())) for path in paths)

    def _notes(self) -> Iterator[OrderNote]:
        for path in sorted(self._orders.glob("ord_*.json")):
            note = self.order(path.stem)
            if note is not None:
                yield note

    def _unusable(self, error: OSError) -> StateUnusable:
        return StateUnusable(
            f"{self.root} cannot be used: {error.strerror}",
            remedy=Remedy(
                "Free space there, or name another directory.", "stella agent run --state DIR"
            ),
        )

    def _damaged(self, name: str) -> StateUnusable:
        return StateUnusable(
            f"{self.root / name} is damaged",
            remedy=Remedy("Enrol anew in an empty directory, and revoke the old agent."),
            file=name,
        )
