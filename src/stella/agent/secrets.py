"""Secrets of an order: read on this host, or asked of the control plane for one command."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stella.agent.control_plane import ControlPlane
from stella.agent.errors import ControlPlaneUnreachable
from stella.kernel import Remedy, StellaError
from stella.sdk import SecretUnresolved
from stella.sdk.protocol import (
    GivenSecrets,
    NextReply,
    SecretsReply,
    SecretsRequest,
    about_secrets,
    from_wire,
    order_path,
)
from stella.trust import OneTimeKey

AskSecrets = Callable[[Sequence[str], Sequence[str]], GivenSecrets]
"""(references, registries) -> what they stand for now. Raises SecretUnresolved."""

# Without a login of the control plane the host's own counts: that is not waited for as long.
_TRIES, _TRIES_FOR_LOGINS, _WAIT_S = 5, 2, 1.0
_PATIENCE_S = 60
_REMEMBERED_S = 3600.0


SECRETS_DIRECTORY = Path("/etc/stella/secrets")
VARIABLES = "STELLA_SECRET_"


@dataclass(frozen=True, slots=True)
class OwnSecrets:
    """What references may lead to on the agent's own machine.

    state: the agent's directory, of which nothing is ever given: its key lies there. directory: below
    which files lie for hosts that are reached; for them variables begin with ``VARIABLES``. Who writes
    a target says where they go, and is not who may read everything here.
    """

    state: Path | None = None
    directory: Path = SECRETS_DIRECTORY

    def resolved(self, value: str, *, named: frozenset[str] | None = None) -> str:
        """What ``env://`` or ``file://`` leads to; another value as it is.

        named: for a host that is reached, all that its order names; None for the agent's own machine.
        Raises SecretUnresolved.
        """
        scheme, found, rest = value.partition("://")
        if not found or scheme not in {"env", "file"}:
            return value
        if named is not None and value not in named:
            raise _not_given(value, "the order does not name it")
        secret = self._variable(rest, value, named) if scheme == "env" else None
        if scheme == "file":
            secret = self._file(rest, value, named)
        if secret is None:
            raise SecretUnresolved(
                f"this host cannot resolve the secret {value}",
                remedy=Remedy("Give it to the agent: its environment, or a file that it may read."),
                reference=value,
            )
        return secret

    def _variable(self, name: str, value: str, named: frozenset[str] | None) -> str | None:
        if named is not None and not name.startswith(VARIABLES):
            raise _not_given(value, f"for hosts that are reached, its name begins with {VARIABLES}")
        return os.environ.get(name)

    def _file(self, path: str, value: str, named: frozenset[str] | None) -> str | None:
        """Where it really lies decides: links count for what they lead to."""
        try:
            real = Path(path).resolve()
            if self.state is not None and real.is_relative_to(self.state.resolve()):
                raise _not_given(value, "it leads into the agent's own directory")
            if named is not None and not real.is_relative_to(self.directory.resolve()):
                why = f"for hosts that are reached, it lies below {self.directory}"
                raise _not_given(value, why)
            return real.read_text().rstrip("\n")
        except (OSError, ValueError, RuntimeError):
            return None  # not there, no text, no path, links in a circle


def _not_given(value: str, why: str) -> SecretUnresolved:
    return SecretUnresolved(
        f"this agent does not give {value}: {why}",
        remedy=Remedy(
            "Place it where the agent's administrator lets it lie, and name it in the target.",
            "stella agent run --secrets DIR",
        ),
        reference=value,
    )


def asking(plane: ControlPlane, given: NextReply, wait: Callable[[float], object]) -> AskSecrets:
    """Asks for the secrets of an order while it is held: under a key for each answer, kept nowhere.

    wait: called between two tries where the control plane does not answer.
    """

    def ask(references: Sequence[str], registries: Sequence[str]) -> GivenSecrets:
        for _ in range(_TRIES if references else _TRIES_FOR_LOGINS):
            try:
                return _asked(plane, given, references, registries)
            except ControlPlaneUnreachable as refusal:
                last = str(refusal)
                wait(_WAIT_S)
            except SecretUnresolved:
                raise
            except StellaError as refusal:
                raise unresolved(_named(references, registries), str(refusal)) from refusal
        if not references:
            return GivenSecrets()  # the host's own login counts
        raise unresolved(_named(references, registries), last)

    return ask


class Remembered:
    """What reaches hosts, to look at them between orders: in memory alone, and for an hour at most.

    Else each look would read a store, and be a fact, twice a minute. What one order was given is for that
    order alone: another that names the same may be for an environment which is given nothing of it.
    """

    def __init__(self, plane: ControlPlane, wait: Callable[[float], object]) -> None:
        self._plane = plane
        self._wait = wait
        self._known: dict[tuple[str, str], tuple[float, str]] = {}

    def of(self, order: str) -> AskSecrets:
        """Asks as the agent that carried out ``order``, where it does not remember."""
        given = NextReply(order, "", 0, 0)

        def ask(references: Sequence[str], registries: Sequence[str]) -> GivenSecrets:
            now = time.monotonic()
            known = {one: self._known.get((order, one), (0.0, "")) for one in references}
            if all(until > now for until, _ in known.values()):
                return GivenSecrets({one: value for one, (_, value) in known.items()})
            found = asking(self._plane, given, self._wait)(references, registries)
            self._forget(lambda _, until: until <= now)
            for one, value in found.values.items():
                self._known[order, one] = (now + _REMEMBERED_S, value)
            return found

        return ask

    def forget(self, order: str) -> None:
        """All that ``order`` was given: some of it was not taken any more."""
        self._forget(lambda by, _: by == order)

    def _forget(self, what: Callable[[str, float], bool]) -> None:
        # Looks are many threads: each may have taken away what another found.
        for key, (until, _) in [*self._known.items()]:
            if what(key[0], until):
                self._known.pop(key, None)


def _asked(
    plane: ControlPlane, given: NextReply, references: Sequence[str], registries: Sequence[str]
) -> GivenSecrets:
    key = OneTimeKey()
    wanted = SecretsRequest(given.fence, key.public, tuple(references), tuple(registries))
    path = order_path(given.order, "secrets")
    reply = plane.post(path, wanted, SecretsReply, patience_s=_PATIENCE_S)
    if reply is None:
        return GivenSecrets()
    content = key.open(reply.sealed, about_secrets(given.order, given.fence))
    found = from_wire(GivenSecrets, json.loads(content))
    missing = sorted(set(references) - found.values.keys())
    if missing:
        raise unresolved(missing[0], "it leaves it out")
    return found


def _named(references: Sequence[str], registries: Sequence[str]) -> str:
    return references[0] if references else f"the login for {registries[0]}"


def unresolved(what: str, why: str) -> SecretUnresolved:
    """The refusal of what the control plane does not give."""
    return SecretUnresolved(
        f"the control plane does not give {what}: {why}",
        remedy=Remedy(
            "See that its integration answers and names this environment.", "stella doctor"
        ),
        reference=what,
    )
