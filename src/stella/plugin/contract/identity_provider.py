"""Who vouches for people and programs: an OpenID provider. What it says is verified by the host."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """What its discovery document says. authorization_endpoint: where people log in.

    client_id: as whom it knows us, empty where it knows us as nobody (its keys are all we use);
    scopes: what is asked for when somebody logs in.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    client_id: str = ""
    scopes: tuple[str, ...] = ("openid",)


class IdentityProvider(Protocol):
    """One issuer. All calls raise ``ServiceUnreachable``, ``ServiceRefused``."""

    def metadata(self) -> ProviderMetadata:
        """What it says of itself. Raises ``ServiceRefused`` where it is of another issuer."""
        ...

    def keys(self) -> str:
        """Its public keys now, as the JSON of a JWK Set (RFC 7517)."""
        ...

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for an authorization code, as it was signed (RFC 7636 for the verifier)."""
        ...

    def check(self) -> str:
        """The issuer, and how many keys it has; nobody is logged in."""
        ...
