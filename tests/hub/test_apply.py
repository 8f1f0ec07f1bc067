"""Integrations are applied as documents say, where that breaks no other one."""

from typing import Any

import pytest

from fixtures.databases import OpenDatabase
from stella.hub.apply import apply_integration, integration_for
from stella.hub.errors import IntegrationInUse, MalformedIntegration
from stella.plugin.contract import Contribution, Credential, Kind

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
