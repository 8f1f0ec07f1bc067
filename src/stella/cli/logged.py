"""A statement of the caller's key, given its proof by a server's ledger."""

from stella.client import open_client
from stella.trust import PublicKey


def logged(bundle: bytes, key: PublicKey) -> bytes:
    """The same envelope as a bundle with log entry and inclusion proof. Raises what a client does."""
    body = {"bundle": bundle.decode(), "key": key.pem.decode()}
    with open_client() as client:
        return str(client.post("/ledger/statements", body)["bundle"]).encode()
