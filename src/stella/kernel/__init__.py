"""Words everyone needs. Imports nothing of ours."""

from typing import TYPE_CHECKING

from stella.kernel.canonical import Json, NotCanonical, canonical_json, digest_of
from stella.kernel.clock import Now, parse_time, time_text
from stella.kernel.digest import Digest, MalformedDigest
from stella.kernel.door import late
from stella.kernel.errors import Fault, Remedy, StellaError
from stella.kernel.outcome import Outcome, Seen, Unknown, worst

if TYPE_CHECKING:
    from stella.kernel.fact import Fact, sealed_hash
    from stella.kernel.ids import NewId, checked_id, id_maker, ulid
    from stella.kernel.machine import IllegalMove, Machine

__all__ = [
    "Digest",
    "Fact",
    "Fault",
    "IllegalMove",
    "Json",
    "Machine",
    "MalformedDigest",
    "NewId",
    "NotCanonical",
    "Now",
    "Outcome",
    "Remedy",
    "Seen",
    "StellaError",
    "Unknown",
    "canonical_json",
    "checked_id",
    "digest_of",
    "id_maker",
    "parse_time",
    "sealed_hash",
    "time_text",
    "ulid",
    "worst",
]

__getattr__ = late(
    __name__,
    {
        "fact": "Fact sealed_hash",
        "ids": "NewId checked_id id_maker ulid",
        "machine": "IllegalMove Machine",
    },
)
