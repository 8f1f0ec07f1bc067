"""A statement of the caller's key, given its proof by a server's ledger."""

from stella.client import open_client
from stella.kernel import canonical_json
from stella.trust import PublicKey


def logged(bundle: bytes, key: PublicKey) -> bytes:
    """The same envelope as a bundle with log entry and inclusion proof. Raises what a client does."""
    body = {"bundle": bundle.decode(), "key": key.pem.decode()}
    with open_client() as client:
        # It is canonical JSON: read and written again, it is the same bytes.
        return canonical_json(client.post("/ledger/statements", body))
