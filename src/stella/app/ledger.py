"""The server's ledger: its keys, where the chain of facts stood, and what packets state, made public."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from stella.app.errors import KeysIncomplete, MalformedSetting
from stella.app.keys import data_unusable
from stella.blob import Blobs
from stella.evidence import names, read_packet
from stella.evidence.store import find_evidence
from stella.kernel import Digest, Now, Remedy, time_text
from stella.ledger import Attestor, AuditEntry, Directory, Log, LogKeys, Signed, StoredHeads
from stella.ledger.store import keep_public, public_of
from stella.record import Database, StoredFact, take_lease
from stella.record.tables import chain
from stella.trust import (
    Algorithm,
    BadSignature,
    MalformedEnvelope,
    PublicKey,
    create_key,
    load_signer,
    verify_bundle,
)
from stella.trust.errors import UnprovenEntry
from stella.trust.sigstore.issue import SigningAuthority, create_signing_authority
from stella.trust.transparency.note import WitnessKey

_KEYS = ("log", "note", "authority", "promises")
_CERTIFICATE = "authority.pem"
_LEASE_S = 60


def open_attestor(
    data: Path, database: Database, now: Now, witnesses: Sequence[str] = ()
) -> Attestor:
    """The ledger in ``data/ledger``; its keys are made where the directory is missing, all together.

    witnesses: the verifier keys of those whose cosignatures are taken.
    Raises KeysIncomplete where some are gone, UnusableKey, DataUnusable, MalformedSetting.
    """
    try:
        known = tuple(WitnessKey.read(one) for one in witnesses)
    except UnprovenEntry as error:
        raise MalformedSetting(
            f"ledger_witnesses: {error}",
            remedy=Remedy(
                "Write each as its witness publishes it: NAME+ID+KEY (c2sp.org/signed-note)."
            ),
        ) from error
    directory = data / "ledger" / "keys"
    try:
        if not directory.exists():
            _create(directory, now())
    except OSError as error:
        raise data_unusable(data, error) from error
    wanted = (*(f"{name}.key" for name in _KEYS), _CERTIFICATE)
    missing = [name for name in wanted if not (directory / name).is_file()]
    if missing:
        raise KeysIncomplete(
            f"keys are missing in {directory}: {', '.join(missing)}",
            remedy=Remedy(
                "Restore them from a backup: what they signed is verified by them.",
                command="stella db restore <backup>",
            ),
            missing=missing,
        )
    main, note, authority, promises = (load_signer(directory / f"{name}.key") for name in _KEYS)
    keys = LogKeys(_name_of(main.key_id), main, note)
    signing = SigningAuthority(authority, (directory / _CERTIFICATE).read_bytes(), promises)
    shelf = Directory(data / "ledger" / "log")
    log = Log(shelf, StoredHeads(database, keys.name), keys)
    return Attestor(log, signing, now, known)


def _create(directory: Path, now: datetime) -> None:
    """A kill in the middle leaves nothing under the final name: the next start makes them anew."""
    unfinished = directory.with_name(f".keys-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    made = {
        name: create_key(
            unfinished, name, Algorithm.ED25519 if name == "note" else Algorithm.ECDSA_P256
        )
        for name in _KEYS
    }
    name = _name_of(made["log"].key_id)
    authority = create_signing_authority(name, made["authority"], made["promises"], now)
    (unfinished / _CERTIFICATE).write_bytes(authority.certificate)
    for path in unfinished.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    unfinished.rename(directory)
    parent = os.open(directory.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _name_of(key_id: str) -> str:
    """A name that no other installation has, and that needs no setting: its log's key is in it."""
    return f"ledger-{key_id[:16]}.stella-ops"


class ChainToLedger:
    """Puts into the ledger where each tenant's chain of facts stands."""

    def __init__(self, database: Database, attestor: Attestor, holder: str) -> None:
        self._database, self._attestor, self._holder = database, attestor, holder
        self._logged: dict[str, int] | None = None

    def __call__(self) -> int:
        """How many chains had grown. Nothing where another server does it."""
        with self._database.read() as tx:
            heads = {row["tenant"]: row for row in tx.rows(select(chain))}
        if self._logged is not None and not self._grown(heads, self._logged):
            return 0
        with self._database.transaction(actor="system") as tx:
            if take_lease(tx, "ledger", self._holder, _LEASE_S) is None:
                self._logged = None  # another server logs: what it did is read when this one does
                return 0
            at = time_text(tx.now)
        # The whole log is read once by whoever begins to write it, and by nobody who only waits.
        logged = self._logged if self._logged is not None else self._found()
        self._logged = logged
        grown = self._grown(heads, logged)
        if not grown:
            return 0
        made = [AuditEntry(row["tenant"], row["position"], row["hash"], at) for row in grown]
        self._attestor.log.append([one.body() for one in made])
        self._logged = {**logged, **{one.tenant: one.position for one in made}}
        return len(made)

    def _grown(self, heads: Mapping[str, Any], logged: Mapping[str, int]) -> list[Any]:
        return [row for tenant, row in heads.items() if row["position"] > logged.get(tenant, 0)]

    def _found(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in self._attestor.rebuilt().audits.values():
            found[one.tenant] = max(found.get(one.tenant, 0), one.position)
        return found


@dataclass(frozen=True, slots=True)
class Publishing:
    """What makes statements public. signers: role -> the key of this installation that signs as it."""

    database: Database
    blobs: Blobs
    attestor: Attestor
    signers: Mapping[str, PublicKey]

    def packet(self, fact: StoredFact) -> None:
        """Log every statement of a packet that this installation signed, and keep its public form.

        Twice is harmless: what has its public form already is passed over.
        """
        with self.database.read(fact.tenant) as tx:
            kept = find_evidence(tx, str(fact.data["evidence"]))
            entries = read_packet(self.blobs.get(Digest(kept.digest))).entries
            bundles = [
                content
                for name, content in entries.items()
                if name.endswith(names.BUNDLE_SUFFIX) or name.startswith(names.VEX_DOCUMENTS)
                if public_of(tx, Digest.of(content)) is None
            ]
        signed = [one for content in bundles if (one := self._own(content)) is not None]
        if not signed:
            return
        made = [self.blobs.put(one) for one in self.attestor.attest(*signed)]
        with self.database.transaction(actor="system", cause=fact.id, tenant=fact.tenant) as tx:
            for one, public in zip(signed, made, strict=True):
                keep_public(tx, Digest.of(one.bundle), public)

    def _own(self, content: bytes) -> Signed | None:
        """The bundle with its signer; None for what others signed, or nobody."""
        for role, key in self.signers.items():
            try:
                verify_bundle(content, [key])
            except (BadSignature, MalformedEnvelope):
                continue
            return Signed(content, key, self.attestor.identity(role))
        return None
