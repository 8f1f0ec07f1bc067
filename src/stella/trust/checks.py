"""What the doctor asks of the authority: is its key the one that its certificate vouches for?"""

from pathlib import Path

from stella.kernel import Outcome, Seen
from stella.trust.authority import read_certificate
from stella.trust.keys import load_signer

_KEY, _CERTIFICATE = "ca.key", "ca.pem"


def authority_is_one(keys: Path) -> list[Seen]:
    """What the authority's key signs is believed by who has its certificate. keys: the directory.

    Raises UnusableKey, BadCertificate.
    """
    key, certificate = keys / _KEY, keys / _CERTIFICATE
    if not key.is_file() or not certificate.is_file():
        return [
            Seen(Outcome.UNKNOWN, "the authority's key or certificate is missing", "Put it back.")
        ]
    if load_signer(key).public.pem == read_certificate(certificate.read_bytes()).key.pem:
        return [Seen(Outcome.PASS, "the key is that of the certificate")]
    names = f"keys/{_KEY} keys/{_CERTIFICATE}"
    fix = f"Put both back from a backup: tar -xf BACKUP -C {keys.parent} {names}"
    return [Seen(Outcome.BLOCKED, f"{_KEY} is not the key of {_CERTIFICATE}", fix)]
