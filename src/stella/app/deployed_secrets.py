"""Secrets for hosts: read when a command of an order wants them, sealed for that one answer, kept nowhere."""

import json
from collections.abc import Callable, Iterable

from stella.api.services import Outside
from stella.fleet import Agent
from stella.fleet.order_secrets import ask_secrets
from stella.record import Tx
from stella.sdk.protocol import (
    GivenSecrets,
    SecretsReply,
    SecretsRequest,
    about_secrets,
    to_wire,
)
from stella.trust import PublicKey, seal_once


class DeployedSecrets:
    """What agents ask for. keys: of those who sign orders."""

    def __init__(self, outside: Outside, keys: Iterable[PublicKey]) -> None:
        self._outside = outside
        self._keys = tuple(keys)

    def ask(
        self, tx: Tx, agent: Agent, order: str, wanted: SecretsRequest
    ) -> Callable[[], SecretsReply]:
        """Who asks may: what is given back reads the secrets, after the transaction.

        Raises what ``ask_secrets`` raises.
        """
        environment = ask_secrets(
            tx,
            agent,
            order,
            wanted.fence,
            self._keys,
            references=wanted.references,
            registries=wanted.registries,
        )
        return lambda: self._given(order, wanted, environment)

    def _given(self, order: str, wanted: SecretsRequest, environment: str) -> SecretsReply:
        logins = (self._outside.pull_login(one, environment) for one in wanted.registries)
        given = GivenSecrets(
            {one: self._outside.deployed(one, environment) for one in wanted.references},
            tuple(login for login in logins if login is not None),
        )
        content = json.dumps(to_wire(given)).encode()
        return SecretsReply(seal_once(wanted.key, content, about_secrets(order, wanted.fence)))
