"""Our identity connectors in a process of their own, as a stranger's are, over the host's sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.test_ldap import profile as ldap_profile
from connectors.test_oidc import profile as oidc_profile
from fixtures.directories import PASSWORDS, RealDirectory
from fixtures.identity_providers import RealProvider
from stella.app.plugin_apart import connected_apart
from stella.app.plugin_process import PluginProcess, PluginSource
from stella.identity.jwks import parse_keys
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Kind
from stella.plugin.manifest import manifest_beside
from stella.plugin.refusals import ServiceRefused
from stella.sdk.testing.identity_checks import NONCE, VERIFIER
from stella.sdk.testing.telling import untold
from stella_connectors.ldap import open_ldap
from stella_connectors.oidc import open_oidc

pytestmark = [pytest.mark.stores, pytest.mark.apart]


@contextmanager
def apart(kind: Kind, name: str, connection: Connection) -> Iterator[Any]:
    module = f"stella_connectors.{name}"
    process = PluginProcess(PluginSource(manifest_beside(module), f"{module}:PLUGIN"))
    try:
        yield connected_apart(process, kind, name, connection)
    finally:
        process.close()


def test_a_directory_apart_says_the_same_as_in_process(real_directory: RealDirectory):
    connection = ldap_profile(real_directory.tls, ca=real_directory.ca)
    here = open_ldap(connection)
    with apart(Kind.DIRECTORY, "ldap", connection) as there:
        for name, password in PASSWORDS.items():
            assert there.log_in(name, password) == here.log_in(name, password)
            assert there.log_in(name, f"{password}x") is None
            assert there.find(name) == here.find(name)
        assert there.find("*") is None
        assert there.check() == here.check()


def test_a_provider_apart_says_the_same_as_in_process(real_provider: RealProvider):
    connection = oidc_profile(real_provider.issuer, real_provider.client_secret)
    here = open_oidc(connection)
    with apart(Kind.IDENTITY_PROVIDER, "oidc", connection) as there:
        assert there.metadata() == here.metadata()
        assert parse_keys(there.keys()).keys
        assert there.check() == here.check()
        code = real_provider.log_in("ana", NONCE, VERIFIER)
        token = there.redeem(code, VERIFIER, real_provider.redirect_uri)
        assert token.count(".") == 2
        with pytest.raises(ServiceRefused) as refusal:
            there.redeem(code, VERIFIER, real_provider.redirect_uri)
        untold(refusal.value, (code, VERIFIER, real_provider.client_secret))
