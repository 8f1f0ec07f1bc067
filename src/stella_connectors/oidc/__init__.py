"""Issuers that speak OpenID Connect: GitHub Actions, GitLab, Keycloak, Entra ID, and the rest."""

from stella.sdk import Plugin
from stella_connectors.oidc.connector import OidcProvider, open_oidc

PLUGIN = Plugin(identity_providers={"oidc": open_oidc})

__all__ = ["PLUGIN", "OidcProvider", "open_oidc"]
