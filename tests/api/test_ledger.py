"""The ledger of a whole control plane: what it takes in, whom it convinces, and what it finds out."""

import base64
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy
from sqlalchemy import select

from fixtures.control import Control, running
from fixtures.databases import Clock
from stella.app.backup import back_up
from stella.app.errors import MalformedSetting
from stella.app.ledger import ChainToLedger, open_attestor
from stella.app.settings import Settings
from stella.evidence import names, read_packet
from stella.kernel import Digest, canonical_json
from stella.ledger import LedgerForked, rebuild
from stella.ledger.checks import ledger_holds
from stella.ledger.store import ledger_head
from stella.record import seal
from stella.record import tables as record
from stella.trust import (
    CYCLONEDX,
    GATE_DECISION,
    PACKET_MANIFEST,
    Algorithm,
    new_signer,
    sign_statement,
)
from stella.trust.sigstore import Asked, judge_bundle, load_key, read_sigstore_root
from stella.trust.sigstore.certificate import Identity
from stella.trust.transparency.note import cosign_note, read_note, verifier_key


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Control, Any]]:
    """A promotion that was deployed, now: stock tools have no other clock than the machine's."""
    clock = Clock()
    clock.at = datetime.now(UTC)
    with running(tmp_path_factory.mktemp("ledger") / "control", clock) as control:
        control.environment("dev")
        yield control, control.deployed(control.sealed("2.0.0")["id"], "dev")


def statements(control: Control, subject: str) -> dict[str, bytes]:
    """Entry of the packet -> the public form."""
    return {
        one["entry"]: control.ask("GET", f"/evidence/{subject}/statements/{one['entry']}").content
        for one in control.get(f"/evidence/{subject}/statements")["items"]
    }


def identity_of(control: Control, entry: str) -> Identity:
    role = "sbom" if entry.startswith(names.SBOMS) else "evidence"
    return control.services.attestor.identity(role)


def test_every_statement_of_a_packet_is_public_and_convinces_us_and_stock_sigstore(
    walked: tuple[Control, Any], tmp_path: Path
):
    control, done = walked
    root = control.ask("GET", "/trust/sigstore-root").content
    (tmp_path / "root.json").write_bytes(root)
    stock = Verifier(trusted_root=TrustedRoot.from_file(str(tmp_path / "root.json")))
    for subject in (done["id"], done["deployment"]):
        packet = control.ask("GET", f"/evidence/{subject}/packet").content
        entries = read_packet(packet).entries
        public = statements(control, subject)
        assert public.keys() == {one for one in entries if one.endswith(names.BUNDLE_SUFFIX)}
        for entry, bundle in public.items():
            who = identity_of(control, entry)
            found = judge_bundle(bundle, Asked(who), read_sigstore_root(root), control.clock())
            assert found.good, found.checks[-1]
            _, payload = stock.verify_dsse(
                Bundle.from_json(bundle), policy.Identity(identity=who.name, issuer=who.issuer)
            )
            # The envelope is that of the packet, byte for byte.
            assert json.loads(bundle)["dsseEnvelope"] == json.loads(entries[entry])["dsseEnvelope"]
            kept = base64.b64decode(json.loads(entries[entry])["dsseEnvelope"]["payload"])
            assert payload == kept
            stranger = Asked(Identity(f"{who.name}x", who.issuer))
            refused = judge_bundle(bundle, stranger, read_sigstore_root(root), control.clock())
            assert refused.checks[-1].code == "ST-TRU-009"


def manifest_of(control: Control, digest: str) -> bytes:
    """The manifest of an image that was pushed."""
    (found,) = (
        one.content for (_, named), one in control.registry.manifests.items() if named == digest
    )
    return found


@pytest.mark.outside
def test_stock_cosign_verifies_decision_and_sbom_with_our_root_and_no_network(
    walked: tuple[Control, Any], each_cosign: Path, tmp_path: Path
):
    control, done = walked
    packet = read_packet(control.ask("GET", f"/evidence/{done['id']}/packet").content).entries
    public = statements(control, done["id"])
    (tmp_path / "root.json").write_bytes(control.ask("GET", "/trust/sigstore-root").content)
    sbom = next(one for one in public if one.startswith(names.SBOMS))
    decision = json.loads(packet[names.DECISION_RECORD])
    subject = json.loads(base64.b64decode(json.loads(packet[sbom])["dsseEnvelope"]["payload"]))
    image = subject["subject"][0]["digest"]["sha256"]
    for entry, kind, artifact in (
        (names.MANIFEST_BUNDLE, PACKET_MANIFEST, packet[names.MANIFEST]),
        # A plan's digest is that of these bytes.
        (names.DECISION_BUNDLE, GATE_DECISION, canonical_json(decision["inputs"])),
        (sbom, CYCLONEDX, manifest_of(control, f"sha256:{image}")),
    ):
        (tmp_path / "artifact").write_bytes(artifact)
        (tmp_path / "bundle.json").write_bytes(public[entry])
        who = identity_of(control, entry)
        words = [
            *(str(each_cosign), "verify-blob-attestation", "--new-bundle-format", "--type", kind),
            *("--bundle", "bundle.json", "--trusted-root", "root.json"),
            *("--certificate-oidc-issuer", who.issuer),
        ]

        def verified(name: str, words: list[str] = words) -> bool:
            done = subprocess.run(
                [*words, "--certificate-identity", name, "artifact"],
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                env={"HOME": str(tmp_path), "PATH": os.defpath},
            )
            return done.returncode == 0 and "Verified OK" in done.stdout + done.stderr

        assert verified(who.name), entry
        assert not verified(f"{who.name}x")


def test_a_key_of_somebody_gets_its_proof_and_a_changed_envelope_gets_none(
    walked: tuple[Control, Any],
):
    control, _ = walked
    signer, artifact = new_signer(), b"an image"
    bundle = sign_statement(
        signer,
        subject_name="image",
        subject=Digest.of(artifact),
        predicate_type=CYCLONEDX,
        predicate={},
    )
    body = {"bundle": bundle.decode(), "key": signer.public.pem.decode()}
    logged = control.post("/ledger/statements", body)["bundle"].encode()
    root = read_sigstore_root(control.ask("GET", "/trust/sigstore-root").content)
    asked = Asked(load_key(signer.public.pem), artifact, CYCLONEDX)
    assert judge_bundle(logged, asked, root, control.clock()).good
    assert not judge_bundle(bundle, asked, root, control.clock()).good
    other = {**body, "key": new_signer().public.pem.decode()}
    assert control.ask("POST", "/ledger/statements", other).json()["code"] == "ST-TRU-003"
    assert control.ask("POST", "/ledger/statements", body, by="vic").status_code == 403


def test_a_witness_that_is_known_cosigns_the_checkpoint(tmp_path: Path):
    witness = new_signer(Algorithm.ED25519)
    told = verifier_key("w.example", witness.public)
    with running(tmp_path, Clock(), ledger_witnesses=(told,)) as control:
        control.services.attestor.log.append([b"one"])
        note = read_note(control.client.get("/api/v1/ledger/checkpoint").text)
        cosigned = cosign_note(note, "w.example", witness, 1_900_000_000)
        more = cosign_note(cosigned, "x.example", new_signer(Algorithm.ED25519), 1)
        said = control.post("/ledger/cosignatures", {"checkpoint": more.written()})
        assert said["signedBy"] == [control.services.attestor.name, "w.example"]
        stale = {"checkpoint": cosigned.written()}
        control.services.attestor.log.append([b"two"])
        assert control.refused("POST", "/ledger/cosignatures", stale) == "ST-LED-003"
        assert control.refused("POST", "/ledger/cosignatures", {"checkpoint": "x"}) == "ST-TRU-010"
    with pytest.raises(MalformedSetting, match="ledger_witnesses"):
        open_attestor(tmp_path, control.services.database, Clock(), ("w.example+0+x",))


def test_clients_of_tiles_read_all_of_it_without_a_login(walked: tuple[Control, Any]):
    control, _ = walked

    def read(path: str) -> bytes:
        answer = control.client.get(f"/api/v1/ledger/{path}")
        assert answer.status_code == 200, answer.text
        return answer.content

    found = rebuild(read, control.services.attestor.log.keys.verifiers)
    assert found.good, found.faults
    said = control.get("/ledger")
    assert found.head is not None
    assert (said["size"], said["checkpoint"]) == (found.head.size, found.head.note.written())
    for path in ("tile/0/999", "tile/../keys/log.key", "tile/0/../../../keys/log.key"):
        assert control.client.get(f"/api/v1/ledger/{path}").status_code == 404


def test_a_chain_that_was_made_anew_by_the_owner_of_the_database_is_found(
    walked: tuple[Control, Any],
):
    control, done = walked
    database = control.services.database
    seal(database, "test")
    to_ledger = ChainToLedger(database, control.services.attestor, "test")
    assert to_ledger() == 1
    assert to_ledger() == 0
    assert ChainToLedger(database, control.services.attestor, "test")() == 0
    holds = control.get("/audit/verify", by="root")
    assert (holds["good"], holds["logged"]) == (True, 1)
    with database.transaction(actor="system") as tx:
        facts = tx.rows(
            select(record.fact).where(record.fact.c.position.is_not(None)).order_by("position")
        )
        fact = next(one for one in facts if one["subject"] == done["id"])
        changed = record.fact.update().where(record.fact.c.id == fact["id"])
        tx.connection.execute(changed, {"actor": "usr_nobody"})
        # And all hashes after it, as somebody would who knows how the chain is made.
        tx.connection.execute(record.fact.update(), {"position": None, "hash": None})
        tx.connection.execute(record.chain.delete())
        rows = [{"fact": one["id"]} for one in facts]
        tx.connection.execute(record.fact_unsealed.delete())
        tx.connection.execute(record.fact_unsealed.insert(), rows)
    seal(database, "test")
    found = control.get("/audit/verify", by="root")
    assert not found["good"]
    assert "changed after it was logged" in found["detail"]


def test_a_ledger_that_the_database_was_made_to_forget_is_found(tmp_path: Path):
    with running(tmp_path / "control", Clock()) as control:
        services = control.services
        seal(services.database, "test")
        assert ChainToLedger(services.database, services.attestor, "test")() == 1
        holds = control.get("/audit/verify", by="root")
        assert (holds["good"], holds["loggedTo"]) == (True, holds["length"])
        (well,) = ledger_holds(services.attestor, services.database)
        assert well.outcome.value == "pass"
        control.clock.go_on(minutes=5)
        control.environment("dev")
        control.clock.go_on(minutes=5)
        seal(services.database, "test")
        (late,) = ledger_holds(services.attestor, services.database)
        assert "not logged" in late.detail
        with services.database.transaction(actor="system") as tx:
            tx.connection.execute(ledger_head.delete())
        found = control.get("/audit/verify", by="root")
        assert (found["good"], "knows nothing of it" in found["detail"]) == (False, True)


def test_another_log_does_not_take_the_place_of_one_whose_keys_are_gone(tmp_path: Path):
    with running(tmp_path / "control", Clock()) as control:
        control.services.attestor.log.append([b"one"])
        other = open_attestor(tmp_path / "elsewhere", control.services.database, Clock())
        with pytest.raises(LedgerForked, match="whose keys are gone"):
            other.log.append([b"two"])
        assert "remembers another log" in other.rebuilt().faults[0].detail


def test_a_backup_has_the_checkpoint_that_its_database_knows(tmp_path: Path):
    with running(tmp_path / "control", Clock()) as control:
        services = control.services
        services.attestor.log.append([b"one"])
        head = services.attestor.log.head()
        assert head is not None
        log = services.data / "ledger" / "log"
        (log / "checkpoint").write_text("what came after the database was copied")
        (log / ".new-1").write_text("half")
        back_up(Settings(data_directory=str(services.data)), tmp_path / "backup.tar")
    with tarfile.open(tmp_path / "backup.tar") as tar:
        kept = tar.extractfile("ledger/log/checkpoint")
        assert kept is not None
        assert kept.read().decode() == head.note.written()
        found = tar.getnames()
    assert found.count("ledger/log/checkpoint") == 1
    assert not [one for one in found if one.endswith((".new-1", ".lock"))]


def test_a_tile_that_no_checkpoint_holds_yet_is_not_given_out(tmp_path: Path):
    with running(tmp_path / "control", Clock()) as control:
        log = control.services.attestor.log
        log.append([b"one"])
        log._shelf.put({"tile/0/000.p/2": b"x" * 64})
        assert control.client.get("/api/v1/ledger/tile/0/000.p/1").status_code == 200
        assert control.client.get("/api/v1/ledger/tile/0/000.p/2").status_code == 404
        long = "/".join(["x000"] * 1000)
        assert control.client.get(f"/api/v1/ledger/tile/0/{long}/000").status_code == 404
