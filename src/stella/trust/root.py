"""Whom we believe: public keys, each with what it may sign."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from stella.kernel import Json, canonical_json
from stella.trust.dsse import malformed
from stella.trust.errors import UnusableKey
from stella.trust.keys import PublicKey


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """Name -> public key. The name says what the key is for: ``evidence``, ``orders``, ``ledger``."""

    keys: Mapping[str, PublicKey] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """The document that is handed to verifiers, and that every packet carries."""
        keys: Json = {name: key.pem.decode() for name, key in sorted(self.keys.items())}
        return canonical_json({"schema": 1, "keys": keys})

    @classmethod
    def from_json(cls, content: bytes) -> "TrustRoot":
        """The root in ``content``. Raises MalformedEnvelope or UnusableKey."""
        try:
            pems = json.loads(content)["keys"]
            root = cls({str(name): PublicKey(pem.encode()) for name, pem in pems.items()})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise malformed("no trusted root") from error
        for key in root.keys.values():
            try:
                _ = key.loaded
            except UnusableKey as error:
                raise malformed(f"a trusted root with an unusable key: {error}") from error
        return root
