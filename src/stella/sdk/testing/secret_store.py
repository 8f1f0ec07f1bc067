"""A secret store in memory, for tests: it passes the kit that the connectors of real ones pass."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from stella.kernel import Remedy
from stella.plugin.contract.secret_store import Secret
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable

_VERSION = re.compile(r"version=([1-9][0-9]{0,8})\Z")


@dataclass(slots=True)
class _Loan:
    """A path at which every read makes credentials of its own."""

    duration_s: float
    given: int = 0


@dataclass(slots=True)
class SimulatedSecretStore:
    """``stella.sdk.SecretStore`` in memory. Paths as Vault's: ``shop/database?version=2``.

    now: the clock by which leases end. is_out: it cannot be reached. is_shut: it takes no login.
    denied: paths that the login may not read. reads: how often a value was handed out.
    """

    now: Callable[[], datetime]
    is_out: bool = False
    is_shut: bool = False
    denied: set[str] = field(default_factory=set)
    reads: int = 0
    _versions: dict[str, list[str | dict[str, str]]] = field(default_factory=dict, repr=False)
    _loans: dict[str, _Loan] = field(default_factory=dict, repr=False)
    _leases: dict[str, datetime] = field(default_factory=dict, repr=False)

    # ------------------------------------------------------------ what a test does

    def put(self, path: str, value: str | Mapping[str, str]) -> str:
        """A new version of the secret, one text or fields; its number."""
        kept = self._versions.setdefault(path, [])
        kept.append(value if isinstance(value, str) else dict(value))
        return str(len(kept))

    def lend(self, path: str, *, duration_s: float) -> None:
        """Let each read of ``path`` make a ``username`` and a ``password`` that end by themselves."""
        self._loans[path] = _Loan(duration_s)

    def lives(self, lease: str) -> bool:
        """Whether the lease has neither ended nor been revoked."""
        return lease in self._leases and self.now() < self._leases[lease]

    # ------------------------------------------------------------ what the host does

    def read(self, path: str, key: str | None) -> Secret:
        """The field ``key``; without one the text, or all fields as a JSON object."""
        self._let_in()
        at, mark, version = path.partition("?")
        if at in self.denied:
            raise SecretStoreRefused(
                f"the simulated store does not allow {at!r}", remedy=Remedy("Take it off `denied`.")
            )
        if at in self._loans and not mark:
            return self._lent(at, self._loans[at], key)
        kept = self._versions.get(at, [])
        found = _VERSION.match(version)
        number = int(found.group(1)) if found else 0 if mark else len(kept)
        if not 0 < number <= len(kept):
            raise _missing(f"secret {path[:200]!r}")
        return Secret(self._field(kept[number - 1], key, at), str(number))

    def revoke(self, lease: str) -> None:
        """End the lease, where it lives."""
        self._let_in()
        self._leases.pop(lease, None)

    def check(self) -> str:
        """That it is simulated."""
        self._let_in()
        return "simulated store"

    def _lent(self, path: str, loan: _Loan, key: str | None) -> Secret:
        number = loan.given + 1
        made = {"username": f"user-{number}", "password": f"password-{number}"}
        value = self._field(made, key, path)
        loan.given = number
        lease, ends_at = f"{path}/{number}", self.now() + timedelta(seconds=loan.duration_s)
        self._leases[lease] = ends_at
        return Secret(value, expires_at=ends_at, lease=lease, fields=made)

    def _field(self, value: str | dict[str, str], key: str | None, path: str) -> str:
        if isinstance(value, dict) and key is None:
            text = next(iter(value.values())) if len(value) == 1 else json.dumps(value)
        elif isinstance(value, dict) and key in value:
            text = value[key]
        elif isinstance(value, str) and key is None:
            text = value
        else:
            raise _missing(f"field {str(key)[:200]!r} in {path!r}")
        self.reads += 1
        return text

    def _let_in(self) -> None:
        if self.is_out:
            raise SecretStoreUnreachable(
                "the simulated store cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        if self.is_shut:
            raise SecretStoreRefused(
                "the simulated store does not take the login",
                remedy=Remedy("Set `is_shut` to False."),
            )


def _missing(what: str) -> SecretNotFound:
    return SecretNotFound(f"the simulated store has no {what}", remedy=Remedy("Put it there."))
