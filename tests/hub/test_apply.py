"""Integrations are applied as documents say, where that breaks no other one."""

import os
import threading
from typing import Any

import pytest

from fixtures.databases import OpenDatabase
from stella.hub.apply import apply_integration, integration_for
from stella.hub.errors import IntegrationInUse, MalformedIntegration, SecretInUse
from stella.hub.secrets import delete_secret, sealed_value, store_secret
from stella.plugin.contract.core import Contribution, Credential, Kind
from stella.trust.envelope import Ring

ANY = {"type": "object"}
BROUGHT = {
    (kind, name): Contribution(kind, name, name, ANY, (Credential("password", "", required=False),))
    for kind, name in (
        (Kind.REGISTRY, "oci"),
        (Kind.SECRET_STORE, "chest"),
        (Kind.SECRET_STORE, "vault"),
    )
}
CHEST = {"kind": "secret_store", "connector": "chest", "endpoint": "https://chest.example"}
REGISTRY = {"kind": "registry", "connector": "oci", "endpoint": "a.example"}


@pytest.mark.parametrize("other", [{**CHEST, "connector": "vault"}, {**REGISTRY, "endpoint": "b"}])
def test_what_others_read_their_credentials_from_stays_what_it_is(
    open_database: OpenDatabase, other: dict[str, Any]
):
    user = {**REGISTRY, "credentials": {"password": "chest://box/a#b"}}
    with open_database().transaction(actor="usr_1") as tx:
        apply_integration(tx, "box", CHEST, BROUGHT)
        apply_integration(tx, "main", user, BROUGHT)
        with pytest.raises(IntegrationInUse, match="gives credentials to main"):
            apply_integration(tx, "box", other, BROUGHT)
        apply_integration(tx, "box", {**CHEST, "enabled": False}, BROUGHT)
        apply_integration(tx, "main", REGISTRY, BROUGHT)
        apply_integration(tx, "box", other, BROUGHT)


def test_a_host_is_one_in_whatever_case_it_is_written(open_database: OpenDatabase):
    with open_database().transaction(actor="usr_1") as tx:
        apply_integration(tx, "main", {**REGISTRY, "endpoint": "A.example:5000"}, BROUGHT)
        with pytest.raises(MalformedIntegration, match="is the one for the registry"):
            apply_integration(tx, "other", {**REGISTRY, "endpoint": "a.EXAMPLE:5000"}, BROUGHT)
        found = integration_for(tx, Kind.REGISTRY, "a.example:5000")
    assert found is not None
    assert found.name == "main"


def test_a_secret_is_not_ended_while_somebody_names_it(open_database: OpenDatabase):
    database, ring = open_database(), Ring({"one": b"1" * 32}, "one")
    refusals = []
    with database.transaction(actor="usr_1") as tx:
        store_secret(tx, "password", sealed_value(ring, "password", "hunter2", os.urandom))

    def end() -> None:
        try:
            with database.transaction(actor="usr_2") as tx:
                delete_secret(tx, "password")
        except SecretInUse as refusal:
            refusals.append(refusal)

    other = threading.Thread(target=end)
    with database.transaction(actor="usr_1") as tx:
        spec = {**REGISTRY, "credentials": {"password": "secret://password"}}
        apply_integration(tx, "main", spec, BROUGHT)
        other.start()
        other.join(0.5)
    other.join()
    assert len(refusals) == 1
