"""Credentials of integrations: references that become secrets at use, and what is given back after."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock, Thread

from stella.app.places import read_here, refuse_place, unresolved
from stella.app.settings import Settings
from stella.hub.allow import HOSTS, is_allowed, is_for_hosts, not_allowed
from stella.hub.broker import Broker
from stella.hub.errors import IntegrationDisabled, SecretNotDeployed
from stella.hub.leases import (
    Lease,
    any_lease,
    delete_lease,
    lease_key,
    put_lease,
    still_used,
    take_over,
)
from stella.hub.model import NO_ENVIRONMENT, Integration
from stella.hub.reference import ENV, FILE, SECRET, Reference, parse_reference
from stella.hub.secrets import opened_secret
from stella.hub.store import find_integration, list_integrations, sealed_secret
from stella.kernel import Now, Remedy, StellaError, time_text
from stella.plugin.contract.core import Kind
from stella.plugin.contract.secret_store import Secret, SecretStore
from stella.record import Database
from stella.trust.envelope import WrappingKeys

_SECRET_BYTES_MAX = 65_536
_CLOSE_S = 5.0
_ALLOWED_S = 5.0
_ALLOWED_MAX = 1000
# A server of which so long nothing was heard has ended, and uses no lease any more.
_DEAD_S = 300
_log = logging.getLogger("stella.leases")


class Credentials:
    """Safe for threads. open_store: the connector of an integration of a secret store. learned: told
    of every value.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ring: Callable[[], WrappingKeys],
        open_store: Callable[[Integration], SecretStore],
        *,
        now: Now,
        learned: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._ring = ring
        self.holder = database.new_id("lsh")
        self._open_store = open_store
        self.broker = Broker(self._read, now=now, seen=learned, end=self._end_lease)
        # References that integrations led to: what none names any more is given back.
        self._named: set[Reference] = set()
        self._stores: dict[str, Integration] = {}
        self._allowed_at: dict[tuple[str, str, str], float] = {}
        self._lock = Lock()

    def asked_for(self, integration: Integration, text: str) -> Callable[[], str]:
        """Gives the secret behind the reference, each time it is called. Raises what reading raises."""
        reference = parse_reference(text)

        def ask() -> str:
            self._refuse_unallowed(integration, reference)
            with self._lock:
                self._named.add(reference)
            return self.broker.secret(reference).value

        return ask

    def deployed(self, text: str, environment: str) -> str:
        """The secret behind a reference that stands in a deployment to that environment.

        Its store's integration has to name the environment: whoever may deploy is not let into every
        store by that. One that ends by itself is refused, for what is deployed outlives it.
        Raises SecretNotDeployed, and what reading raises.
        """
        reference = parse_reference(text)
        if reference.scheme == SECRET:
            return self._built_in_for(reference, environment)
        store = self._store_of(reference)
        if environment not in store.environments:
            raise SecretNotDeployed(
                f"the integration {store.name} gives no secrets to hosts of {environment}",
                remedy=Remedy(
                    "Let `environments` of an integration that reads what is deployed alone name it.",
                    f"stella integration get {store.name}",
                ),
                integration=store.name,
                environment=environment,
            )
        secret = self.broker.secret(reference)
        if secret.expires_at is not None:
            with self._lock:
                is_ours = reference not in self._named
            if is_ours:
                self.broker.let_go([reference])
            raise SecretNotDeployed(
                f"what {text} leads to ends at {time_text(secret.expires_at)}, and what is deployed"
                " would go on with it",
                remedy=Remedy("Name a secret that lasts until somebody exchanges it."),
                integration=store.name,
                environment=environment,
            )
        return secret.value

    def _built_in_for(self, reference: Reference, environment: str) -> str:
        with self._database.read() as tx:
            sealed_secret(tx, reference.path)
            is_allowed_there = is_for_hosts(tx, reference.path, environment)
        if not is_allowed_there:
            raise SecretNotDeployed(
                f"the secret {reference.path} is not allowed for hosts of {environment}",
                remedy=Remedy(
                    "Who stored it, or an administrator, may allow it.",
                    f"stella secret allow {reference.path} {HOSTS}{environment}",
                ),
                secret=reference.path,
                environment=environment,
            )
        return self.broker.secret(reference).value

    def renew(self, integration: Integration, since: datetime) -> bool:
        """Whether a credential of it is another one by now than then, for what we had was not taken."""
        given = [parse_reference(text) for text in integration.credentials.values()]
        try:
            return self.broker.renew(given, since)
        except StellaError:
            return False  # the first refusal says more

    def refuse_unallowed(self, integration: Integration) -> None:
        """Return where it may send every built-in secret that it names. Raises SecretNotAllowed."""
        for text in integration.credentials.values():
            self._refuse_unallowed(integration, parse_reference(text))

    def _refuse_unallowed(self, integration: Integration, reference: Reference) -> None:
        """Return where a built-in secret may be sent there. Raises SecretNotAllowed.

        What was forbidden at another server counts here within a few seconds.
        """
        if reference.scheme != SECRET:
            return
        use = (reference.path, integration.name, integration.place)
        at = time.monotonic()
        with self._lock:
            if at - self._allowed_at.get(use, -_ALLOWED_S) < _ALLOWED_S:
                return
        with self._database.read() as tx:
            sealed_secret(tx, reference.path)
            if not is_allowed(tx, reference.path, integration):
                raise not_allowed(reference.path, integration.name)
        with self._lock:
            if len(self._allowed_at) > _ALLOWED_MAX:
                self._allowed_at.clear()
            self._allowed_at[use] = at

    def forget(self, reference: Reference | None = None) -> None:
        """Read it anew at its next use, and look again whether it may be used."""
        with self._lock:
            self._allowed_at.clear()
        self.broker.forget(reference)

    def settle(self) -> tuple[StellaError, ...]:
        """Give back what stores made for integrations that name it no more, or are switched off."""
        with self._database.read() as tx:
            listed = [one.integration for one in list_integrations(tx)]
        wanted = {
            parse_reference(text)
            for one in listed
            if one.enabled
            for text in one.credentials.values()
        }
        stores = {one.name for one in listed if one.enabled}
        with self._lock:
            gone = {r for r in self._named if r not in wanted or r.integration not in {"", *stores}}
            self._named -= gone
        self.broker.let_go(gone)
        self._settle_leases()
        return self.broker.give_back()

    def close(self) -> None:
        """Give every lease back, as far as that goes quickly: what is left ends by itself."""
        ending = Thread(target=self.broker.give_back, kwargs={"everything": True}, daemon=True)
        ending.start()
        ending.join(_CLOSE_S)

    def unresolved(self, integration: Integration) -> list[tuple[str, StellaError]]:
        """Of its credentials those that lead nowhere, as far as this machine knows, and why."""
        found: list[tuple[str, StellaError]] = []
        for name, text in integration.credentials.items():
            reference = parse_reference(text)
            try:
                if reference.scheme in {SECRET, ENV, FILE}:
                    self._refuse_unallowed(integration, reference)
                    self._read(reference)
                else:
                    self._store_of(reference)
            except StellaError as refusal:
                found.append((name, refusal))
        return found

    def _read(self, reference: Reference) -> Secret:
        """Where secrets lie. Raises UnresolvedReference, and what a secret store raises."""
        if reference.scheme == SECRET:
            with self._database.read() as tx:
                version, envelope = sealed_secret(tx, reference.path)
            return opened_secret(self._ring(), reference.path, version, envelope)
        if reference.scheme in {ENV, FILE}:
            refuse_place(reference, self._settings)
            return read_here(reference, os.environ)
        store = self._open_store(self._store_of(reference))
        secret = store.read(reference.path, reference.key)
        if secret.lease is not None:
            self._note_lease(store, reference, secret, secret.lease)
        return secret

    def _note_lease(
        self, store: SecretStore, reference: Reference, secret: Secret, lease: str
    ) -> None:
        """Before it is used, for a killed server forgets what it has not noted."""
        place = replace(reference, key=None).text
        ends = None if secret.expires_at is None else time_text(secret.expires_at)
        try:
            with self._database.transaction(actor="system") as tx:
                at = time_text(tx.now)
                put_lease(tx, Lease(reference.integration, lease, place, self.holder, at, ends))
        except BaseException:
            with suppress(StellaError):
                store.revoke(lease)
            raise

    def _store_of(self, reference: Reference) -> Integration:
        """Raises UnknownIntegration, UnresolvedReference, IntegrationDisabled."""
        with self._database.read() as tx:
            known = find_integration(tx, reference.integration).integration
        if (known.kind, known.connector) != (Kind.SECRET_STORE, reference.scheme):
            raise unresolved(
                f"the integration {known.name} is no {reference.scheme} secret store",
                "Let the reference name one that is.",
            )
        refuse_use(known, None)
        with self._lock:
            self._stores[known.name] = known
        return known

    def _end_lease(self, reference: Reference, lease: str) -> None:
        """By the store that made it, also where its integration is switched off or gone by now."""
        with self._lock:
            store = self._stores.get(reference.integration)
        try:
            if store is None:  # another server's, which was killed
                store = self._store_of(reference)
            self._open_store(store).revoke(lease)
        except StellaError as refusal:
            if refusal.retry_may_help:
                raise
            self._forget_lease(reference.integration, lease)
            raise
        self._forget_lease(reference.integration, lease)

    def _forget_lease(self, integration: str, lease: str) -> None:
        with self._database.transaction(actor="system") as tx:
            delete_lease(tx, lease_key(integration, lease))

    def _settle_leases(self) -> None:
        """Say that ours are used, and take over what servers left of which nothing was heard."""
        dead_s = max(_DEAD_S, 6 * self._settings.sweep_s)
        with self._database.read() as tx:
            if not any_lease(tx):
                return
        with self._database.transaction(actor="system") as tx:
            still_used(tx, self.holder)
            found = take_over(tx, self.holder, tx.now - timedelta(seconds=dead_s))
        for one in found:
            _log.info("the lease of %s is given back: its server left it", one.reference)
            self.broker.owe(parse_reference(one.reference), one.lease)


def refuse_use(
    integration: Integration, roles: frozenset[str] | None, environment: str = ""
) -> None:
    """Return where it may be used by one with these roles, for that environment.

    environment: "" where it is for none in particular. Raises IntegrationDisabled.
    """
    if not integration.enabled:
        raise IntegrationDisabled(
            f"the integration {integration.name} is switched off",
            remedy=Remedy("Apply it with `enabled: true`."),
            integration=integration.name,
        )
    if not integration.is_for(roles):
        raise IntegrationDisabled(
            f"the integration {integration.name} is for {', '.join(integration.roles)} alone",
            remedy=Remedy("Ask one of them, or let `roles` of the integration name another role."),
            integration=integration.name,
        )
    if environment and not integration.serves([environment]):
        raise IntegrationDisabled(
            f"the integration {integration.name} is for {', '.join(integration.environments)} alone,"
            f" not for {'runs of workflows' if environment == NO_ENVIRONMENT else environment}",
            remedy=Remedy("Use another one, or let `environments` of the integration name it."),
            integration=integration.name,
            environment=environment,
        )
