"""Our own public statements: whatever is changed in one, it is refused, and for its reason."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.logs import KEYS, Memory, Remembered, log_on
from stella.kernel import Digest, canonical_json
from stella.ledger import Attestor, Log, LogKeys, Signed
from stella.trust import (
    CYCLONEDX,
    Algorithm,
    BadSignature,
    MalformedEnvelope,
    new_signer,
    sign_statement,
)
from stella.trust.sigstore import (
    Asked,
    Identity,
    Judgement,
    judge_bundle,
    load_key,
    read_sigstore_root,
)
from stella.trust.sigstore.issue import create_signing_authority
from stella.trust.sigstore.strict import strict_json
from stella.trust.transparency.note import sign_note

NOW = datetime(2025, 6, 1, tzinfo=UTC)
IMAGE = b"an image"
SIGNER = new_signer()
WHO = Identity("ci@shop.example", "https://login.shop.example")


def attestor_of(keys: LogKeys = KEYS) -> Attestor:
    made = create_signing_authority(keys.name, new_signer(), new_signer(), NOW - timedelta(days=9))
    log = log_on(Memory(), Remembered()) if keys is KEYS else Log(Memory(), Remembered(), keys)
    return Attestor(log, made, lambda: NOW)


def statement(image: bytes = IMAGE) -> bytes:
    return sign_statement(
        SIGNER,
        subject_name="image",
        subject=Digest.of(image),
        predicate_type=CYCLONEDX,
        predicate={"components": []},
    )


ATTESTOR = attestor_of()
ATTESTOR.log.append([b"%d" % one for one in range(400)])
GOOD, OTHER, BY_KEY = ATTESTOR.attest(
    Signed(statement(), SIGNER.public, WHO),
    Signed(statement(b"other"), SIGNER.public, WHO),
    Signed(statement(), SIGNER.public),
)
ROOT = ATTESTOR.root()


def judged(bundle: bytes, *, root: bytes = ROOT, now: datetime = NOW, **asked: Any) -> Judgement:
    whole = {"signer": WHO, "artifact": IMAGE, "predicate_type": CYCLONEDX, **asked}
    return judge_bundle(bundle, Asked(**whole), read_sigstore_root(root), now)


def test_a_public_statement_convinces_by_its_identity_and_by_its_key():
    for found in (
        judged(GOOD),
        judged(GOOD, artifact=Digest.of(IMAGE)),
        judged(GOOD, artifact=None),
        # Long after the certificate has ended.
        judged(GOOD, now=NOW + timedelta(days=3650)),
        judged(BY_KEY, signer=load_key(SIGNER.public.pem)),
        judged(statement(), signer=load_key(SIGNER.public.pem), needs_log=False),
    ):
        assert found.good, found.checks[-1]


def test_who_did_not_sign_it_is_told_from_who_did():
    stranger = new_signer().public.pem
    refusals = {
        "not eve@shop.example": judged(GOOD, signer=Identity("eve@shop.example", WHO.issuer)),
        "not https://other": judged(GOOD, signer=Identity(WHO.name, "https://other")),
        "a key was given": judged(GOOD, signer=load_key(SIGNER.public.pem)),
        "no key was given": judged(BY_KEY),
        "not of that key": judged(BY_KEY, signer=load_key(stranger)),
        "stands in no log": judged(statement(), signer=load_key(SIGNER.public.pem)),
        "is about": judged(GOOD, artifact=b"other"),
        "not https://openvex": judged(GOOD, predicate_type="https://openvex.dev/ns"),
        "in the future": judged(GOOD, now=NOW - timedelta(minutes=6)),
        "is not trusted": judged(GOOD, root=attestor_of(LogKeys("x.example", *_two())).root()),
    }
    for why, found in refusals.items():
        assert not found.good, why
        assert why in found.checks[-1].detail
    # Clocks differ by minutes.
    assert judged(GOOD, now=NOW - timedelta(minutes=4)).good
    # The same log and another authority.
    other = Attestor(ATTESTOR.log, attestor_of().authority, lambda: NOW)
    assert "no authority" in judged(GOOD, root=other.root()).checks[-1].detail


def _two() -> tuple[Any, Any]:
    return new_signer(), new_signer(Algorithm.ED25519)


def test_an_envelope_that_the_key_did_not_sign_is_not_made_public():
    before = ATTESTOR.log.head()
    with pytest.raises(BadSignature):
        ATTESTOR.attest(Signed(statement(), new_signer().public, WHO))
    assert ATTESTOR.log.head() == before


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        (NOW + timedelta(minutes=1), None, "not trusted at"),
        (NOW - timedelta(days=1), NOW - timedelta(minutes=1), "not trusted at"),
        (NOW - timedelta(days=1), NOW, ""),
    ],
    ids=["not yet", "no more", "to the last moment"],
)
@pytest.mark.parametrize("whose", ["tlogs", "certificateAuthorities", "ctlogs"])
def test_a_key_counts_in_its_time_alone(
    whose: str, start: datetime, end: datetime | None, why: str
):
    root = json.loads(ROOT)
    place = root[whose][0]
    valid = {"start": start.isoformat(), **({"end": end.isoformat()} if end else {})}
    (place if whose == "certificateAuthorities" else place["publicKey"])["validFor"] = valid
    found = judged(GOOD, root=json.dumps(root).encode())
    assert found.good is not bool(why), found.checks[-1]


def _part(bundle: dict[str, Any], path: str) -> tuple[Any, Any]:
    *way, last = path.split(".")
    place: Any = bundle
    for step in way:
        place = place[int(step)] if step.isdecimal() else place[step]
    return place, int(last) if last.isdecimal() else last


ENTRY = "verificationMaterial.tlogEntries.0"
PROOF = f"{ENTRY}.inclusionProof"


def _checkpoint_of(size: int) -> Callable[[str], str]:
    """The same root, signed by the log for another size: a log that tells two stories."""

    def change(note: str) -> str:
        lines = note.split("\n")
        text = "\n".join([lines[0], str(size), lines[2]]) + "\n"
        return sign_note(text, KEYS.name, KEYS.main).written()

    return change


def _flip(text: str) -> str:
    content = bytearray(base64.b64decode(text))
    content[len(content) // 2] ^= 1
    return base64.b64encode(content).decode()


def _plus(text: str) -> str:
    return str(int(text) + 1)


OF_OTHER = json.loads(OTHER)
CHANGES: dict[str, tuple[str, Any, str]] = {
    "size": (f"{PROOF}.treeSize", _plus, "its checkpoint of"),
    "index of the proof": (f"{PROOF}.logIndex", _plus, "inclusion proof"),
    "index": (f"{ENTRY}.logIndex", _plus, "not of that key"),
    "time": (f"{ENTRY}.integratedTime", _plus, "not of that key"),
    "a number as a number": (f"{ENTRY}.logIndex", 401, "Expected `str`"),
    "a number with a zero before it": (f"{ENTRY}.logIndex", lambda one: "0" + one, "not a number"),
    "a negative number": (f"{PROOF}.treeSize", "-1", "not a number"),
    "root": (f"{PROOF}.rootHash", _flip, "not that of its checkpoint"),
    "a hash": (f"{PROOF}.hashes.0", _flip, "does not lead to the root"),
    "a hash less": (f"{PROOF}.hashes", lambda one: one[:-1], "too short"),
    "a hash more": (f"{PROOF}.hashes", lambda one: [*one, one[0]], "too long"),
    "checkpoint of another size": (
        f"{PROOF}.checkpoint.envelope",
        _checkpoint_of(500),
        "its checkpoint of",
    ),
    "checkpoint cut off": (f"{PROOF}.checkpoint.envelope", lambda one: one[:-1], "cut off"),
    "checkpoint of nobody": (
        f"{PROOF}.checkpoint.envelope",
        lambda one: one[: one.index("—")] + "— x.example AAAAAAAA\n",
        "with its key",
    ),
    "no checkpoint": (f"{PROOF}.checkpoint", None, "no checkpoint holds"),
    "no proof": (f"{ENTRY}.inclusionProof", None, "proves no inclusion"),
    "no promise": (f"{ENTRY}.inclusionPromise", None, "did not sign the time"),
    "promise": (f"{ENTRY}.inclusionPromise.signedEntryTimestamp", _flip, "not of that key"),
    "body": (f"{ENTRY}.canonicalizedBody", _flip, "does not lead to the root"),
    "kind": (f"{ENTRY}.kindVersion.kind", "hashedrekord", "of another kind"),
    "unknown kind": (f"{ENTRY}.kindVersion.kind", "stella-audit", "of the kind"),
    "log": (f"{ENTRY}.logId.keyId", _flip, "is not trusted"),
    "no entry": ("verificationMaterial.tlogEntries", [], "in no log"),
    "entry of another": (
        "verificationMaterial.tlogEntries",
        OF_OTHER["verificationMaterial"]["tlogEntries"],
        "differs",
    ),
    "envelope of another": ("dsseEnvelope", OF_OTHER["dsseEnvelope"], "differs"),
    "certificate of another": (
        "verificationMaterial.certificate",
        OF_OTHER["verificationMaterial"]["certificate"],
        "the certificate differs",
    ),
    "payload": ("dsseEnvelope.payload", _flip, "not of that key"),
    "payload's type": ("dsseEnvelope.payloadType", "text/plain", "not of that key"),
    "signature": ("dsseEnvelope.signatures.0.sig", _flip, "not of that key"),
    "no signature": ("dsseEnvelope.signatures", [], "0 signatures"),
    "two signatures": (
        "dsseEnvelope.signatures",
        lambda one: one * 2,
        "2 signatures",
    ),
    "media type": ("mediaType", "application/json", "of the type"),
    "of version 0.2": (
        "mediaType",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "where the version has a chain",
    ),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_changed_bundle_is_refused_for_its_reason(how: str):
    path, change, why = CHANGES[how]
    bundle = json.loads(GOOD)
    place, last = _part(bundle, path)
    place[last] = change(place[last]) if callable(change) else change
    found = judged(json.dumps(bundle).encode())
    assert not found.good
    assert why in found.checks[-1].detail


def test_what_can_be_read_in_two_ways_is_not_read():
    text = GOOD.decode()
    twice = text.replace('"logIndex":', '"logIndex":"7","logIndex":', 1)
    for changed in (
        twice,
        text[:-1],
        text + "{}",
        text + "\0",
        "\ufeff" + text,
        text.replace('"payload":', '"more":1,"payload":'),
        text.replace("}", ',"x":NaN}', 1),
        "[" * 100_000,
        "",
        "null",
    ):
        found = judged(changed.encode())
        assert [one.name for one in found.checks] == ["bundle"]
        assert not found.good
    assert judged(canonical_json(json.loads(text))).good
    assert judged(json.dumps(json.loads(text), indent=2).encode()).good


def test_what_the_database_forgot_or_is_behind_with_is_no_good_log() -> None:
    attestor = attestor_of()
    shelf, heads = attestor.log._shelf, attestor.log._heads
    assert isinstance(heads, Remembered)
    assert isinstance(shelf, Memory)
    attestor.log.append([b"a", b"b"])
    old = heads.note
    attestor.log.append([b"c"])
    assert attestor.rebuilt().good
    held, heads.note = heads.note, None
    assert "knows nothing of it" in attestor.rebuilt().faults[0].detail
    heads.note = old
    assert "nothing is logged any more" in attestor.rebuilt().faults[0].detail
    heads.note = held
    # A crash between the two: the directory is caught up by the next entry, and nothing is wrong.
    shelf.files["checkpoint"] = (old or "").encode()
    assert attestor.rebuilt().good


def test_an_identity_that_stands_in_no_log_is_nobody_however_it_is_asked() -> None:
    bundle = json.loads(GOOD)
    bundle["verificationMaterial"]["tlogEntries"] = []
    found = judged(json.dumps(bundle).encode(), needs_log=False)
    assert not found.good
    assert "stands in no log" in found.checks[-1].detail


def test_an_entry_without_a_promise_is_held_to_its_place_and_to_the_time_of_its_log() -> None:
    bundle = json.loads(BY_KEY)
    (entry,) = bundle["verificationMaterial"]["tlogEntries"]
    del entry["inclusionPromise"]
    entry["integratedTime"] = "0"
    key = load_key(SIGNER.public.pem)
    stripped = json.dumps(bundle).encode()
    assert judged(stripped, signer=key).good
    entry["logIndex"] = "999999"
    assert not judged(json.dumps(bundle).encode(), signer=key).good
    root = json.loads(ROOT)
    root["tlogs"][0]["publicKey"]["validFor"]["end"] = "2025-05-30T00:00:00Z"
    ended = judged(stripped, signer=key, root=json.dumps(root).encode())
    assert not ended.good
    assert "trusted no more" in ended.checks[-1].detail


def test_a_key_that_stands_twice_is_found_at_once_among_many() -> None:
    names = ",".join(f'"k{number}": 1' for number in range(60_000))
    with pytest.raises(MalformedEnvelope, match="k59999"):
        strict_json(("{" + names + ',"k59999": 2}').encode())
