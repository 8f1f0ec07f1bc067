"""Statements made public: certified, logged, and given their proof, so that stock tools verify them."""

import base64
import json
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives import serialization

from stella.kernel import Json, Now, canonical_json
from stella.ledger.disk import CHECKPOINT
from stella.ledger.entry import dsse_entry, opening_entry, promise
from stella.ledger.errors import LedgerDamaged
from stella.ledger.fsck import Fault, Rebuilt, rebuild
from stella.ledger.log import Log, Placed
from stella.trust import BUNDLE_TYPE, PublicKey
from stella.trust.dsse import Envelope, malformed, verify_envelope
from stella.trust.sigstore.certificate import Identity
from stella.trust.sigstore.issue import SigningAuthority, certify, root_document
from stella.trust.transparency.note import WitnessKey, note_key_id


@dataclass(frozen=True, slots=True)
class Signed:
    """A key-only bundle, and who its signer is. identity: None where the signer stays a mere key."""

    bundle: bytes
    key: PublicKey
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Attestor:
    """The log, and who certifies those that sign. witnesses: whose cosignatures it takes."""

    log: Log
    authority: SigningAuthority
    now: Now
    witnesses: tuple[WitnessKey, ...] = ()

    @property
    def name(self) -> str:
        """Of the installation, as identities and logs carry it."""
        return self.log.keys.name

    def identity(self, role: str) -> Identity:
        """Who signs as ``role`` here."""
        return Identity(f"https://{self.name}/{role}", f"https://{self.name}")

    def root(self) -> bytes:
        """The ``trusted_root.json`` of this installation."""
        main = self.log.keys.main.public
        return root_document(self.authority, [(self.name, main, bytes.fromhex(main.key_id))])

    def rebuilt(self) -> Rebuilt:
        """The log as its published files give it, held against the database's last checkpoint."""
        # In this order: what is published is never ahead of what the database says by then.
        try:
            public = self.log.published()
        except LedgerDamaged as refusal:
            return _faulty(str(refusal))
        head = self.log.head()
        if head is None:
            if public is not None:
                return _faulty("it is published, and the database knows nothing of it")
            others = self.log.others()
            if others:
                return _faulty(f"the database remembers another log, {others[0]}, and this is none")
            return Rebuilt(None, (), {})
        if public is not None and public.size > head.size:
            return _faulty(
                f"{public.size} entries are published, and the database says {head.size}:"
                " nothing is logged any more"
            )
        earlier = [] if public is None else [public]
        return rebuild(self.log.read, self.log.keys.verifiers, earlier=earlier, at=head)

    def attest(self, *signed: Signed) -> tuple[bytes, ...]:
        """Each as a bundle with certificate (or key), log entry and inclusion proof.

        The envelope is the same, byte for byte. All go into the log in one batch.
        Raises MalformedEnvelope, BadSignature, and as ``Log.append`` does.
        """
        at = self.now()
        envelopes = [_envelope(one) for one in signed]
        materials, entries = [], []
        for one, envelope in zip(signed, envelopes, strict=True):
            if one.identity is None:
                materials.append(_key_material(one))
                entries.append(dsse_entry(envelope, one.key.pem))
                continue
            leaf = certify(self.authority, one.key, one.identity, at)
            der = base64.b64encode(leaf.public_bytes(serialization.Encoding.DER)).decode()
            materials.append({"certificate": {"rawBytes": der}})
            pem = leaf.public_bytes(serialization.Encoding.PEM)
            entries.append(dsse_entry(envelope, pem))
        if self.log.head() is None:
            self.log.append([opening_entry(self.log.keys.origin)])
        places = self.log.append(entries)
        return tuple(
            canonical_json(
                {
                    "mediaType": BUNDLE_TYPE,
                    "verificationMaterial": {
                        **material,
                        "tlogEntries": [self.entry(self.log.prove(place), int(at.timestamp()))],
                    },
                    "dsseEnvelope": {
                        "payload": envelope.payload,
                        "payloadType": envelope.payload_type,
                        "signatures": [{"sig": one.sig} for one in envelope.signatures],
                    },
                }
            )
            for material, envelope, place in zip(materials, envelopes, places, strict=True)
        )

    def entry(self, placed: Placed, at: int) -> Json:
        """An entry as bundles carry it. at: when it was logged, in seconds since 1970."""
        main = self.log.keys.main
        signed = promise(main, placed.entry, at, placed.index)
        line = placed.checkpoint.note.by(self.name, note_key_id(self.name, main.public))
        assert line is not None, "a checkpoint of ours without our signature"
        # Rekor v1's clients refuse a checkpoint under which another key has signed as well.
        checkpoint = placed.checkpoint.text() + "\n" + line.line()
        return {
            "logIndex": str(placed.index),
            "logId": {"keyId": _text(bytes.fromhex(main.key_id))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(at),
            "inclusionPromise": {"signedEntryTimestamp": _text(signed)},
            "inclusionProof": {
                "logIndex": str(placed.index),
                "rootHash": _text(placed.checkpoint.root),
                "treeSize": str(placed.size),
                "hashes": [_text(one) for one in placed.proof],
                "checkpoint": {"envelope": checkpoint},
            },
            "canonicalizedBody": _text(placed.entry),
        }


def _faulty(why: str) -> Rebuilt:
    return Rebuilt(None, (Fault(CHECKPOINT, why),), {})


def _envelope(signed: Signed) -> Envelope:
    """The envelope of a bundle that its key has signed. Raises MalformedEnvelope, BadSignature."""
    try:
        envelope = msgspec.convert(json.loads(signed.bundle)["dsseEnvelope"], type=Envelope)
    except (ValueError, KeyError, TypeError, msgspec.ValidationError, RecursionError) as error:
        raise malformed("no Sigstore bundle with an envelope") from error
    if len(envelope.signatures) != 1:
        raise malformed(f"{len(envelope.signatures)} signatures where there is one")
    verify_envelope(envelope, [signed.key])
    return envelope


def _key_material(signed: Signed) -> dict[str, Json]:
    return {"publicKey": {"hint": _text(bytes.fromhex(signed.key.key_id))}}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
