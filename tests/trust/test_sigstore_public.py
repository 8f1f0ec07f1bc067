"""Bundles of others: the verdict that their suite gives, for its reason; and what stock tools let through."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from stella.cli.main import main
from stella.trust.errors import UnusableKey, UnusableRoot
from stella.trust.sigstore import (
    Asked,
    Identity,
    Judgement,
    judge_bundle,
    load_key,
    public_good_root,
    read_sigstore_root,
)

NOW = datetime(2026, 9, 1, tzinfo=UTC)
BEACON = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon"
    "/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
GITHUB = "https://token.actions.githubusercontent.com"

# Each failing case, and the words of its reason. Four of them break before they come to what their name
# says: their keys, tokens or times cannot be read at all.
REASONS = {
    "bundle-empty-certificate-chain": "empty chain",
    "bundle-from-wrong-instance": "is not trusted",
    "bundle-invalid-base64-signature": "signature is no base64",
    "bundle-malformed-json": "no JSON",
    "bundle-negative-log-index": "index is '-1'",
    "bundle-unknown-version": "version=99.9",
    "bundle-with-root-cert": "root certificate came",
    "checkpoint-bad-keyhint": "no signature of rekor.sigstore.dev with its key",
    "checkpoint-wrong-roothash": "root is not that of its checkpoint",
    "dsse-invalid-sig": "signature is not of that key",
    "dsse-mismatch-envelope": "payload differs",
    "dsse-mismatch-sig": "signature differs",
    "inclusion-proof-corrupted-hash": "does not lead to the root",
    "incorrect-public-key": "does not lead to the root",
    "integrated-time-in-future": "its certificate was valid from",
    "intoto-expired-certificate": "its certificate was valid from",
    "intoto-log-entry-mismatch": "cannot be read",
    "intoto-missing-inclusion-proof": "proves no inclusion",
    "intoto-set-outside-signing-cert-validity": "its certificate was valid from",
    "intoto-tsa-timestamp-outside-cert-validity": "its certificate was valid from",
    "invalid-checkpoint-signature": "signature is not of that key",
    "invalid-ct-key": "promised to publish",
    "invalid-inclusion-proof": "does not lead to the root",
    "managed-key-no-key": "no key was given",
    "managed-key-wrong-key": "not a public key",
    "message-digest-mismatch": "another digest",
    "rekor2-checkpoint-missing-log-signature": "without signatures",
    "rekor2-checkpoint-missing-origin": "lacks its origin",
    "rekor2-checkpoint-missing-root-hash": "lacks its origin, its size or its root",
    "rekor2-checkpoint-missing-size": "lacks its origin, its size",
    "rekor2-checkpoint-no-matching-signature": "checkpoint is one of",
    "rekor2-dsse-invalid-sig": "signature is not of that key",
    "rekor2-dsse-mismatch-envelope": "what was signed differs",
    "rekor2-dsse-mismatch-sig": "signature differs",
    "rekor2-no-inclusion-proof": "proves no inclusion",
    "rekor2-no-timestamp": "no trusted clock",
    "rekor2-timestamp-outside-trust-root-tsa-validity": "clock was not trusted at that time",
    "rekor2-timestamp-outside-tsa-cert-validity": "certificate has expired",
    "rekor2-timestamp-payload-mismatch": "Mismatch between messages",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert": "time stamp that is none",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert": "signer certificate not found",
    "rekor2-timestamp-with-incorrect-time": "time stamp is no base64",
    "set-invalid-signature": "signature is not of that key",
    "signature-mismatch": "signature is not of that key",
    "trust-root-tlog-missing-validity-start": "since when",
    "wrong-hashedrekord-artifact": "what was signed differs",
    "wrong-hashedrekord-cert-and-sig": "signature differs",
    "wrong-hashedrekord-entry": "what was signed differs",
    "wrong-material": "signature is not of that key",
}


def cases(shared: Path) -> Path:
    return shared / "conformance/sigstore-conformance/test/assets/bundle-verify"


def judged(folder: Path, bundle: bytes | None = None, **changes: Any) -> Judgement:
    def text(name: str, otherwise: str) -> str:
        path = folder / name
        return path.read_text().strip() if path.exists() else otherwise

    own = folder / "trusted_root.json"
    root = read_sigstore_root(own.read_bytes()) if own.exists() else public_good_root()
    key, artifact = folder / "key.pub", folder / "artifact"
    asked = {
        "signer": load_key(key.read_bytes())
        if key.exists()
        else Identity(text("identity", BEACON), text("issuer", GITHUB)),
        "artifact": (artifact if artifact.exists() else folder.parent / "a.txt").read_bytes(),
    }
    content = bundle or (folder / "bundle.sigstore.json").read_bytes()
    return judge_bundle(content, Asked(**{**asked, **changes}), root, NOW)


@pytest.mark.conformance
def test_every_public_bundle_has_the_verdict_of_its_name_for_its_reason(shared: Path):
    folders = sorted(one for one in cases(shared).iterdir() if one.is_dir())
    assert len(folders) == 70
    failing = {one.name.removesuffix("_fail") for one in folders if one.name.endswith("_fail")}
    assert failing == REASONS.keys()
    wrong = []
    for folder in folders:
        try:
            found = judged(folder)
            why = "" if found.good else found.checks[-1].detail
        except (UnusableRoot, UnusableKey) as refusal:
            why = str(refusal)
        wanted = REASONS.get(folder.name.removesuffix("_fail"), "")
        if (wanted not in why) or bool(why) is not bool(wanted):
            wrong.append((folder.name, why))
    assert wrong == []


@pytest.mark.conformance
def test_the_command_says_each_check_and_ends_with_the_verdict(
    shared: Path, capsys: pytest.CaptureFixture[str]
):
    def run(case: str, *more: str) -> tuple[int, str]:
        bundle = cases(shared) / case / "bundle.sigstore.json"
        identity = ["--identity", BEACON, "--issuer", GITHUB]
        words = ["trust", "verify", "--bundle", str(bundle), *(more or identity)]
        code = main([*words, "--artifact", str(cases(shared) / "a.txt")])
        return code, capsys.readouterr().out

    code, said = run("happy-path-v0.3")
    assert code == 0, said
    assert said.endswith("verified\n")
    code, said = run("signature-mismatch_fail")
    assert code == 1
    assert "BAD   signature" in said
    assert said.endswith("NOT VERIFIED\n")
    code, said = run("happy-path-v0.3", "--identity", "x@y", "--issuer", GITHUB, "-o", "json")
    assert code == 1
    last = json.loads(said)["checks"][-1]
    assert (last["name"], last["code"]) == ("signer", "ST-TRU-009")
    assert run("happy-path-v0.3", "--identity", BEACON)[0] == 2


def _twice(text: str) -> str:
    return text.replace('"mediaType"', '"mediaType":"x","mediaType"', 1)


def _entry(bundle: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = bundle["verificationMaterial"]["tlogEntries"][0]
    return entry


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(bundle: dict[str, Any]) -> None:
        place = _entry(bundle)
        *way, last = path.split(".")
        for step in way:
            place = place[step]
        place[last] = value(place[last]) if callable(value) else value

    return change


def _more(text: str) -> str:
    return str(int(text) + 1)


def _spare(text: str) -> str:
    """The same bytes in another spelling."""
    head, last = text.rstrip("=")[:-1], text.rstrip("=")[-1]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return head + letters[letters.index(last) + 1] + "=" * (len(text) - len(head) - 1)


TAMPERED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "size": (_set("inclusionProof.treeSize", _more), "its checkpoint of"),
    "index of the proof": (_set("inclusionProof.logIndex", lambda _: "5"), "proof"),
    "index": (_set("logIndex", _more), ""),
    "time": (_set("integratedTime", "1700000000"), ""),
    "root": (_set("inclusionProof.rootHash", base64.b64encode(bytes(32)).decode()), "root"),
    "kind": (_set("kindVersion.version", "0.0.9"), "kind"),
    "another log": (_set("logId.keyId", base64.b64encode(bytes(32)).decode()), "not trusted"),
    "no entry": (lambda one: one["verificationMaterial"].update(tlogEntries=[]), "in no log"),
    "unknown field": (lambda one: one.update(more=1), "more"),
    "media type": (lambda one: one.update(mediaType="application/json"), "of the type"),
    "spelling": (
        _set("inclusionProof.rootHash", _spare),
        "spare bits",
    ),
}


@pytest.mark.conformance
@pytest.mark.parametrize("case", ["happy-path-v0.3", "rekor2-happy-path"])
@pytest.mark.parametrize("how", TAMPERED)
def test_every_number_and_every_byte_of_a_bundle_is_bound(shared: Path, case: str, how: str):
    folder = cases(shared) / case
    assert judged(folder).good
    change, why = TAMPERED[how]
    bundle = json.loads((folder / "bundle.sigstore.json").read_bytes())
    change(bundle)
    found = judged(folder, json.dumps(bundle).encode())
    assert not found.good
    assert why in found.checks[-1].detail


@pytest.mark.conformance
def test_a_bundle_with_two_readings_or_cut_off_or_padded_is_none(shared: Path):
    folder = cases(shared) / "happy-path-v0.3"
    text = (folder / "bundle.sigstore.json").read_text().rstrip()
    for changed in (_twice(text), text[:-1], text + "{}", text + "\0", "\ufeff" + text):
        found = judged(folder, changed.encode())
        assert [one.name for one in found.checks] == ["bundle"]
        assert not found.good


@pytest.mark.conformance
def test_what_is_stated_and_of_what_is_compared(shared: Path):
    folder = cases(shared) / "happy-path-intoto-in-dsse-v3"
    assert judged(folder).good
    assert "not sha256" in judged(folder, artifact=b"other").checks[-1].detail
    assert "not https://x" in judged(folder, predicate_type="https://x").checks[-1].detail
    early = judge_bundle(
        (folder / "bundle.sigstore.json").read_bytes(),
        Asked(Identity(BEACON, GITHUB)),
        public_good_root(),
        datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert "in the future" in early.checks[-1].detail
