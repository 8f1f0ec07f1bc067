"""The same request sent twice is done once: answers kept by their Idempotency-Key."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Boolean, Column, String, Table, Text, delete, select
from sqlalchemy.exc import IntegrityError

from stella.api.errors import KeyReused, SecretShownOnce
from stella.kernel import Remedy, time_text
from stella.record import Tx, metadata

KEPT = timedelta(hours=24)
KEY_LENGTH_MAX = 200

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("actor", String(80), primary_key=True),
    Column("key_digest", String(64), primary_key=True),
    # SHA-256 of method, path and body.
    Column("request_digest", String(64), nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("etag", String(80), nullable=False),
    # The answer held a secret and was not kept.
    Column("is_secret", Boolean, nullable=False),
    Column("at", String(27), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered. content: JSON, empty where there was no body."""

    status: int
    content: str
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key and the digest of the request that came with it."""

    text: str
    request_digest: str

    @property
    def digest(self) -> str:
        """SHA-256 of the key: clients choose its form."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def earlier_answer(tx: Tx, key: Key) -> Answer | None:
    """What the same request was answered before, or None.

    Raises KeyReused where the key came with another request, SecretShownOnce.
    """
    row = tx.row(
        select(idempotency).where(
            idempotency.c.tenant == tx.tenant,
            idempotency.c.actor == tx.actor,
            idempotency.c.key_digest == key.digest,
        )
    )
    if row is None:
        return None
    if row["request_digest"] != key.request_digest:
        raise _reused("the Idempotency-Key came with another request before")
    if row["is_secret"]:
        raise SecretShownOnce(
            "this was done before, and its secret was shown then",
            remedy=Remedy("If the secret was lost, revoke what was made and make another."),
        )
    return Answer(row["status"], row["answer"], row["etag"])


def keep_answer(tx: Tx, key: Key, answer: Answer, *, is_secret: bool) -> None:
    """Keep ``answer`` with what it is the answer to, in its transaction; forget old ones.

    Raises KeyReused where the same request is answered at this moment.
    """
    tx.connection.execute(delete(idempotency).where(idempotency.c.at < time_text(tx.now - KEPT)))
    values = {
        "tenant": tx.tenant,
        "actor": tx.actor,
        "key_digest": key.digest,
        "request_digest": key.request_digest,
        "status": answer.status,
        "answer": "" if is_secret else answer.content,
        "etag": answer.etag,
        "is_secret": is_secret,
        "at": time_text(tx.now),
    }
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(idempotency.insert(), values)
    except IntegrityError as error:
        raise _reused("the same request is being answered at this moment") from error


def _reused(why: str) -> KeyReused:
    return KeyReused(why, remedy=Remedy("Use a fresh key for each thing that you ask for."))
