"""Stock verifiers on what a packet holds."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from evidence.packets import Story
from stella.evidence import names, read_packet
from stella.kernel import canonical_json
from stella.promotion.model import document
from stella.trust import CYCLONEDX, GATE_DECISION, PACKET_MANIFEST

STORY = Story()
ENTRIES = read_packet(STORY.packet()).entries
BUNDLES = [name for name in ENTRIES if name.endswith(names.BUNDLE_SUFFIX)]
# Names nobody: it only keeps cosign from asking the network for one.
NOBODY = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'


def verified(cosign: Path, place: Path, bundle: str, kind: str, artifact: bytes) -> bool:
    """Whether cosign takes the bundle by the key, about these bytes."""
    (place / "bundle.json").write_bytes(ENTRIES[bundle])
    key = STORY.sbom if bundle.startswith(names.SBOMS) else STORY.evidence
    (place / "key.pub").write_bytes(key.public.pem)
    (place / "nobody.json").write_text(NOBODY)
    (place / "artifact").write_bytes(artifact)
    done = subprocess.run(
        [
            *(str(cosign), "verify-blob-attestation", "--new-bundle-format"),
            *("--bundle", "bundle.json", "--key", "key.pub", "--type", kind),
            *("--insecure-ignore-tlog", "--trusted-root", "nobody.json"),
            "artifact",
        ],
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(place)},
    )
    return done.returncode == 0 and "Verified OK" in done.stdout + done.stderr


@pytest.mark.outside
def test_cosign_verifies_the_packet_by_its_key(cosign: Path, tmp_path: Path) -> None:
    manifest = ENTRIES[names.MANIFEST]
    bundle = names.MANIFEST_BUNDLE
    assert verified(cosign, tmp_path, bundle, PACKET_MANIFEST, manifest)
    assert not verified(cosign, tmp_path, bundle, PACKET_MANIFEST, manifest + b" ")
    # A plan's digest is that of these bytes.
    plan = canonical_json(document(STORY.decide().inputs))
    assert verified(cosign, tmp_path, names.DECISION_BUNDLE, GATE_DECISION, plan)
    assert not verified(cosign, tmp_path, names.DECISION_BUNDLE, GATE_DECISION, b"{}")
    platform = STORY.scan.image
    sbom = names.sbom_bundle_entry(platform.digest)
    assert verified(cosign, tmp_path, sbom, CYCLONEDX, platform.manifest)


@pytest.mark.outside
@pytest.mark.parametrize("name", BUNDLES)
def test_securesystemslib_verifies_every_envelope(name: str) -> None:
    signer = STORY.sbom if name.startswith(names.SBOMS) else STORY.evidence
    other = STORY.evidence if name.startswith(names.SBOMS) else STORY.sbom
    described = {**json.loads(ENTRIES[name])["dsseEnvelope"]}
    described["signatures"] = [{"keyid": "any", **one} for one in described["signatures"]]
    envelope = Envelope.from_dict(described)

    def key(pem: bytes) -> SSlibKey:
        return SSlibKey.from_crypto(load_pem_public_key(pem), keyid="any")

    assert envelope.verify([key(signer.public.pem)], 1)
    with pytest.raises(VerificationError):
        envelope.verify([key(other.public.pem)], 1)
