"""What stands in the log: entries of Rekor v1, which every stock tool reads, and our own about facts."""

import base64
import hashlib
import json
from dataclasses import dataclass

from stella.kernel import Json, canonical_json
from stella.ledger.errors import damaged
from stella.trust import Signer
from stella.trust.dsse import Envelope

AUDIT = "stella-audit"
OPENING = "stella-log"
_VERSION = "0.0.1"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Where the chain of facts stood. position: facts that were sealed; head: the hash of the last."""

    tenant: str
    position: int
    head: str
    at: str

    def body(self) -> bytes:
        """As it is logged."""
        spec: Json = {
            "at": self.at,
            "head": self.head,
            "position": self.position,
            "tenant": self.tenant,
        }
        return canonical_json({"apiVersion": _VERSION, "kind": AUDIT, "spec": spec})


def read_audit(entry: bytes) -> AuditEntry | None:
    """The entry as one about facts; None where it is of another kind. Raises LedgerDamaged."""
    try:
        body = json.loads(entry)
        if body["kind"] != AUDIT:
            return None
        spec = body["spec"]
        found = AuditEntry(spec["tenant"], spec["position"], spec["head"], spec["at"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged("an entry that is none") from error
    if found.body() != entry:
        raise damaged("an entry about facts in another form than it was logged in")
    return found


def opening_entry(origin: str) -> bytes:
    """The first entry of a log: cosign 2.5 takes an index of 0 for one that is missing."""
    spec: Json = {"origin": origin}
    return canonical_json({"apiVersion": _VERSION, "kind": OPENING, "spec": spec})


def dsse_entry(envelope: Envelope, verifier_pem: bytes) -> bytes:
    """The entry about a signed envelope (Rekor v1, ``dsse`` 0.0.1). verifier_pem: certificate or key."""
    (signature,) = envelope.signatures
    written = canonical_json(
        {
            "payload": envelope.payload,
            "payloadType": envelope.payload_type,
            "signatures": [{"sig": signature.sig}],
        }
    )
    verifier = base64.b64encode(verifier_pem).decode()
    spec: Json = {
        "envelopeHash": _hashed(written),
        "payloadHash": _hashed(base64.b64decode(envelope.payload)),
        "signatures": [{"signature": signature.sig, "verifier": verifier}],
    }
    return canonical_json({"apiVersion": _VERSION, "kind": "dsse", "spec": spec})


def promise(signer: Signer, body: bytes, at: int, index: int) -> bytes:
    """The log's signature on when it took the entry. at: seconds since 1970."""
    return signer.sign(
        canonical_json(
            {
                "body": base64.b64encode(body).decode(),
                "integratedTime": at,
                "logID": signer.key_id,
                "logIndex": index,
            }
        )
    )


def _hashed(content: bytes) -> Json:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}
