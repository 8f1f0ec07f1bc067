"""The judgement of a bundle: one check after the other, each named; what fails ends it.

In this order, so that each rests on those before it: the bundle can be read in one way; its entry lies in
a trusted log; trusted clocks say when; a trusted authority made the certificate, valid at those times, and
it was published; it names who was asked for; the signature is of its key; the entry is about this very
signature; and all that is about this artifact.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509

from stella.kernel import Digest, Remedy, StellaError, time_text
from stella.trust.dsse import PAYLOAD_TYPE, malformed
from stella.trust.errors import SigstorePartMissing, UntrustedSigner, WrongStatement
from stella.trust.sigstore.bundle import Bundle, LogEntry, read_bundle
from stella.trust.sigstore.certificate import (
    Identity,
    check_came_with,
    check_identity,
    check_leaf,
    check_published,
    check_times,
    identity_of,
    issuing_chain,
    wrong_time,
)
from stella.trust.sigstore.entry import (
    Signed,
    check_about,
    check_proof,
    digest_of_signed,
    is_second,
    promised_at,
)
from stella.trust.sigstore.root import Key, SigstoreRoot, TrustedLog, verify_signature
from stella.trust.sigstore.strict import strict_json
from stella.trust.sigstore.timestamp import stamped_at
from stella.trust.transparency.merkle import unproven

_SKEW = timedelta(minutes=5)
_STATEMENTS = {"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who shall have signed what.

    signer: a key, or whom a certificate shall name. artifact: its bytes, or its digest where it lies
    elsewhere (then no signature over the bytes themselves can be checked); None: not compared.
    needs_log: whether a signature that stands in no log is none.
    """

    signer: Key | Identity
    artifact: bytes | Digest | None = None
    predicate_type: str | None = None
    needs_log: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """One check, and what it found. code: of the refusal."""

    name: str
    good: bool
    detail: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every check that was made; after a bad one, none was."""

    checks: tuple[Checked, ...]

    @property
    def good(self) -> bool:
        """Whether all hold."""
        return all(one.good for one in self.checks)


def judge_bundle(content: bytes, asked: Asked, root: SigstoreRoot, now: datetime) -> Judgement:
    """What holds of a bundle, and what does not. Raises SigstorePartMissing alone."""
    checks: list[Checked] = []
    walk = _Walk(content, asked, root, now)
    steps = iter(walk.steps())
    while True:
        try:
            name, detail = next(steps)
        except StopIteration:
            return Judgement(tuple(checks))
        except SigstorePartMissing:
            raise
        except StellaError as refusal:
            checks.append(Checked(walk.at, False, str(refusal), refusal.code))
            return Judgement(tuple(checks))
        except Exception as error:  # noqa: BLE001 - hostile input: whatever a parser says of it, it is no
            bad = malformed(f"it cannot be read: {type(error).__name__}")
            checks.append(Checked(walk.at, False, str(bad), bad.code))
            return Judgement(tuple(checks))
        checks.append(Checked(name, True, detail))


@dataclass(slots=True)
class _Walk:
    """The judgement as it goes on. at: the check that is being made; times: those that are proven."""

    content: bytes
    asked: Asked
    root: SigstoreRoot
    now: datetime
    at: str = "bundle"
    times: list[datetime] = field(default_factory=list)

    def steps(self) -> Iterator[tuple[str, str]]:
        bundle = read_bundle(self.content)
        yield "bundle", f"{'an envelope' if bundle.payload is not None else 'a signature'}"
        self.at = "signer"
        signer = self._signer(bundle)
        self.at = "log"
        logs = [self._log(entry) for entry in bundle.entries]
        # A certificate lives for minutes, and whom it was given to is known by the log alone.
        if not logs and (self.asked.needs_log or isinstance(self.asked.signer, Identity)):
            raise unproven("the bundle stands in no log")
        for entry, log in zip(bundle.entries, logs, strict=True):
            proof = check_proof(entry, log)
            yield "log", f"entry {proof.index} of {proof.size} in {log.name}"
        self.at = "time"
        yield "time", self._timed(bundle, logs)
        self.at = "signer"
        yield "signer", self._named(bundle)
        self.at = "signature"
        key = signer.public_key() if isinstance(signer, x509.Certificate) else signer
        yield "signature", self._signature(bundle, key)
        self.at = "entry"
        signed = self._signed(bundle, signer)
        for entry in bundle.entries:
            check_about(entry, signed)
            yield "entry", f"{entry.kind} {entry.version} of this signature"
        self.at = "artifact"
        yield "artifact", self._about(bundle)

    def _signer(self, bundle: Bundle) -> x509.Certificate | Key:
        """Whose signature it is to be."""
        if isinstance(self.asked.signer, Identity):
            if bundle.leaf is None:
                raise _not_asked("it was signed with a key, and no key was given")
            check_came_with(bundle.chain)
            return bundle.leaf
        if bundle.leaf is not None:
            raise _not_asked("it was signed by an identity, and a key was given")
        return self.asked.signer

    def _log(self, entry: LogEntry) -> TrustedLog:
        log = self.root.log(entry.log_id)
        if log is None:
            raise unproven(f"the log {entry.log_id.hex()[:16]} is not trusted")
        return log

    def _timed(self, bundle: Bundle, logs: list[TrustedLog]) -> str:
        """Collect every time that the bundle carries: each has to hold."""
        for entry, log in zip(bundle.entries, logs, strict=True):
            at = promised_at(entry, log)
            if at is not None:
                self.times.append(at)
        stamps = [stamped_at(one, bundle.signature, self.root) for one in bundle.tokens]
        self.times += stamps
        for entry, log in zip(bundle.entries, logs, strict=True):
            if entry.promise is not None and not is_second(entry):
                continue  # it says itself when, and was held to that
            if not all(log.lasting.holds(at) for at in stamps):
                raise wrong_time(f"the log {log.name} was not trusted at that time")
            if not stamps and log.lasting.end is not None:
                raise wrong_time(
                    f"the log {log.name} is trusted no more, and no clock says that it was then"
                )
        if any(at > self.now + _SKEW for at in self.times):
            raise wrong_time(f"it was signed in the future: now is {time_text(self.now)}")
        if self.times:
            return ", ".join(time_text(at) for at in self.times)
        # A key is trusted until it is not: without a certificate no time is asked for.
        if bundle.leaf is not None or any(map(is_second, bundle.entries)):
            raise wrong_time("no trusted clock says when it was signed")
        return "no clock says when; the key has no end"

    def _named(self, bundle: Bundle) -> str:
        if not isinstance(self.asked.signer, Identity):
            return "the key that was given"
        assert bundle.leaf is not None
        check_leaf(bundle.leaf)
        authority = issuing_chain(self.root, bundle.leaf, bundle.chain)
        for at in self.times:
            check_times(bundle.leaf, authority, at)
        check_published(bundle.leaf, self.root, authority.certificates[0])
        check_identity(bundle.leaf, self.asked.signer)
        found = identity_of(bundle.leaf)
        return f"{found.name}, says {found.issuer}"

    def _signature(self, bundle: Bundle, key: object) -> str:
        if bundle.payload is None:
            if not isinstance(self.asked.artifact, bytes):
                raise WrongStatement(
                    "the signature is over a file, and the file was not given",
                    remedy=Remedy("Name it with --artifact."),
                )
            verify_signature(key, bundle.signature, self.asked.artifact)
            return "of the file"
        verify_signature(key, bundle.signature, bundle.signed_of(b""))
        return "of the envelope"

    def _signed(self, bundle: Bundle, signer: x509.Certificate | Key) -> Signed:
        digest = _artifact_digest(self.asked.artifact)
        return Signed(
            signature=bundle.signature,
            signer=signer,
            digest=digest_of_signed(digest, bundle.payload, bundle.payload_type),
            payload=bundle.payload,
            payload_type=bundle.payload_type,
        )

    def _about(self, bundle: Bundle) -> str:
        digest = _artifact_digest(self.asked.artifact)
        if bundle.payload is None:
            if bundle.claimed is not None and bundle.claimed != digest:
                raise _wrong("the bundle names another digest than the file has")
            if self.asked.predicate_type is not None:
                raise _wrong("the bundle is about a file, and states nothing of it")
            return f"sha256:{digest.hex()}"
        if bundle.payload_type != PAYLOAD_TYPE:
            raise malformed(f"a payload of the type {bundle.payload_type[:80]!r}")
        kind, subjects = _statement(bundle.payload)
        if self.asked.predicate_type not in {None, kind}:
            raise _wrong(f"it states {kind}, not {self.asked.predicate_type}")
        if self.asked.artifact is None:
            return f"{kind} about {', '.join(subjects)}; no artifact to compare was given"
        if digest.hex() not in subjects:
            raise _wrong(f"it is about {', '.join(subjects)}, not sha256:{digest.hex()}")
        return f"{kind} about sha256:{digest.hex()}"


def _statement(payload: bytes) -> tuple[str, list[str]]:
    """The type of what is stated, and the SHA-256 of each subject. Raises MalformedEnvelope."""
    read = strict_json(payload)
    try:
        if read["_type"] not in _STATEMENTS:
            raise malformed("no in-toto statement")
        subjects = [one["digest"]["sha256"] for one in read["subject"]]
        kind = read["predicateType"]
        if not subjects or not all(isinstance(one, str) for one in [kind, *subjects]):
            raise malformed("an in-toto statement about nothing")
    except (KeyError, TypeError) as error:
        raise malformed("no in-toto statement about sha256 digests") from error
    return kind, subjects


def _artifact_digest(artifact: bytes | Digest | None) -> bytes:
    if isinstance(artifact, Digest):
        return bytes.fromhex(artifact.hex)
    return hashlib.sha256(artifact or b"").digest()


def _not_asked(why: str) -> UntrustedSigner:
    return UntrustedSigner(
        why, remedy=Remedy("Name whom you trust: --identity and --issuer, or --key.")
    )


def _wrong(why: str) -> WrongStatement:
    return WrongStatement(why, remedy=Remedy("Take the statement that was made about this."))
