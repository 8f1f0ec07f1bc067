"""An OpenID provider in memory, for tests: it passes the kit that connectors of real ones pass."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from stella.kernel import Json, Remedy, canonical_json
from stella.plugin.contract.identity_provider import ProviderMetadata
from stella.plugin.refusals import ServiceRefused, ServiceUnreachable
from stella.sdk.testing.identity_checks import challenge_of

_LIFE = timedelta(minutes=5)


@dataclass(slots=True)
class _Given:
    claims: dict[str, Json]
    challenge: str
    redirect_uri: str


@dataclass(slots=True)
class SimulatedIdentityProvider:
    """``stella.sdk.IdentityProvider`` in memory; its tokens are signed by real keys (ES256).

    now: the clock of its tokens. called: as what it was opened, where that is another issuer.
    is_out: it cannot be reached. is_shut: it does not take our client.
    """

    now: Callable[[], datetime]
    issuer: str = "https://issuer.example"
    client_id: str = "stella"
    called: str = ""
    is_out: bool = False
    is_shut: bool = False
    _keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict, repr=False)
    _codes: dict[str, _Given] = field(default_factory=dict, repr=False)
    _count: int = 0

    # ------------------------------------------------------------ what a test does

    def log_in(
        self, subject: str, nonce: str, challenge: str, redirect_uri: str, **claims: Json
    ) -> str:
        """Somebody logs in: the code with which their browser comes back."""
        self._count += 1
        code = f"code-{self._count}-of-the-simulated-provider"
        said: dict[str, Json] = {"sub": subject, "nonce": nonce, **claims}
        self._codes[code] = _Given(said, challenge, redirect_uri)
        return code

    def token(self, **claims: Json) -> str:
        """A signed token; what every one has is added."""
        kid, key = self._newest()
        at = int(self.now().timestamp())
        given = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": at,
            "exp": at + int(_LIFE.total_seconds()),
            **claims,
        }
        header = {"alg": "ES256", "kid": kid, "typ": "JWT"}
        signed = f"{_text(canonical_json(header))}.{_text(canonical_json(given))}"
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_text(r.to_bytes(32) + s.to_bytes(32))}"

    def rotate(self) -> None:
        """Sign with a new key from now on; the ones before are gone."""
        self._keys = {f"key-{self._count}-{len(self._keys)}-new": _new_key()}

    # ------------------------------------------------------------ what the host does

    def metadata(self) -> ProviderMetadata:
        """What it says of itself."""
        self._be_there()
        return ProviderMetadata(
            issuer=self.issuer,
            authorization_endpoint=f"{self.issuer}/authorize",
            token_endpoint=f"{self.issuer}/token",
            jwks_uri=f"{self.issuer}/keys",
            client_id=self.client_id,
            scopes=("openid", "profile", "email"),
        )

    def keys(self) -> str:
        """Its public keys."""
        self._be_there()
        self._newest()
        return json.dumps({"keys": [_public(kid, key) for kid, key in self._keys.items()]})

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code, once."""
        self._be_there()
        given = self._codes.get(code)
        is_good = (
            not self.is_shut
            and given is not None
            and given.challenge == challenge_of(verifier)
            and given.redirect_uri == redirect_uri
        )
        if given is None or not is_good:
            raise ServiceRefused(
                "the simulated provider gives no token for the code", remedy=Remedy("Log in again.")
            )
        del self._codes[code]
        return self.token(**given.claims)

    def check(self) -> str:
        """The issuer, and how many keys it has."""
        self._be_there()
        self._newest()
        return f"{self.issuer} (simulated) has {len(self._keys)} keys"

    def _newest(self) -> tuple[str, ec.EllipticCurvePrivateKey]:
        if not self._keys:
            self._keys["key-1"] = _new_key()
        return next(reversed(self._keys.items()))

    def _be_there(self) -> None:
        if self.is_out:
            raise ServiceUnreachable(
                "the simulated provider cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        if self.called not in {"", self.issuer}:
            raise ServiceRefused(
                f"the simulated provider is {self.issuer}", remedy=Remedy("Call it so.")
            )


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _public(kid: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (_text(number.to_bytes(32)) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "alg": "ES256", "use": "sig"}


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
