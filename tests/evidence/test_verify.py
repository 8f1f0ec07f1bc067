import json
from collections.abc import Callable
from typing import Any

import pytest

from evidence.packets import ANN, AT, DAN, Story, chained
from stella.evidence import (
    PacketAbout,
    PacketKind,
    UnusableEntry,
    Verification,
    build_packet,
    facts_bytes,
    names,
    read_packet,
    verify_packet,
)
from stella.evidence.container import write_container
from stella.evidence.packet import manifest_bytes, manifest_of
from stella.kernel import Digest, canonical_json
from stella.trust import PACKET_MANIFEST, Algorithm, TrustRoot, new_signer, sign_statement

STORY = Story()
PACKET = STORY.packet()
DEPLOYED = STORY.deployment_packet()


def bad_places(found: Verification) -> list[str | None]:
    return [check.place for check in found.checks if not check.good]


def remade(packet: bytes, change: Callable[[dict[str, bytes]], object], story: Story) -> bytes:
    """The packet with entries changed by someone who holds the key of evidence: only sense can tell."""
    read = read_packet(packet)
    entries = dict(read.entries)
    for own in (names.MANIFEST, names.MANIFEST_BUNDLE, names.REPORT):
        del entries[own]
    change(entries)
    return build_packet(entries, about=read.about, signer=story.evidence)


def test_a_promotion_and_a_deployment_verify_by_the_root_given_and_by_their_own() -> None:
    for packet in (PACKET, DEPLOYED, Story(image="old").packet(), Story(approvers=()).packet()):
        own = verify_packet(packet)
        assert own.good, own.checks
        whose = next(check for check in own.checks if check.name == "trusted root")
        assert "signed by the key in the packet; give --trusted-root" in whose.detail
    given = verify_packet(DEPLOYED, STORY.root)
    assert given.good
    assert {check.name for check in given.checks} >= {
        *("container", "manifest signature", "entries", "report", "decision", "plan digest"),
        *("documents", "SBOMs", "approvals", "facts", "deployment", "artifacts", "sticker"),
    }


def test_the_same_entries_give_the_same_packet() -> None:
    signer = new_signer(Algorithm.ED25519)
    about = PacketAbout(PacketKind.PROMOTION, "a", "prm_1", AT)
    entries = STORY.entries()
    turned = dict(reversed(entries.items()))
    made = [build_packet(given, about=about, signer=signer) for given in (entries, turned)]
    assert made[0] == made[1]


def small_packet() -> tuple[bytes, TrustRoot]:
    """A promotion that could not be judged: facts alone, small enough to change every byte of."""
    signer = new_signer()
    root = TrustRoot({"evidence": signer.public})
    told: list[tuple[str, str, dict[str, Any]]] = [("PromotionErrored", "system", {"code": "X"})]
    entries = {
        names.FACTS: facts_bytes(chained("prm_1", told)),
        names.TRUSTED_ROOT: root.to_json(),
    }
    about = PacketAbout(PacketKind.PROMOTION, "small", "prm_1", AT)
    return build_packet(entries, about=about, signer=signer), root


@pytest.mark.long
def test_every_changed_byte_of_a_packet_is_found() -> None:
    packet, root = small_packet()
    assert verify_packet(packet, root).good
    for place in range(len(packet)):
        changed = bytearray(packet)
        changed[place] ^= 1 << (place % 8)
        found = verify_packet(bytes(changed), root)
        assert not found.good, place
        assert any(bad_places(found)), place


@pytest.mark.long
@pytest.mark.parametrize("packet", [PACKET, DEPLOYED])
def test_bytes_changed_here_and_there_in_a_whole_packet_are_found(packet: bytes) -> None:
    for place in range(0, len(packet), 211):
        changed = bytearray(packet)
        changed[place] ^= 1 << (place % 8)
        assert not verify_packet(bytes(changed)).good, place


def test_a_shorter_packet_is_refused_wherever_it_ends() -> None:
    for length in [*range(0, len(PACKET), 257), len(PACKET) - 1]:
        found = verify_packet(PACKET[:length])
        assert not found.good
        assert bad_places(found) != [None]


def test_what_is_appended_is_refused() -> None:
    assert bad_places(verify_packet(PACKET + b"\0" * 512)) == [
        f"byte {len(PACKET)}, behind the end of the archive"
    ]


def test_the_changed_entry_is_named() -> None:
    place = PACKET.index(b'"looks right"')
    changed = PACKET[:place] + b'"looks wrong"' + PACKET[place + 13 :]
    assert names.DECISION_INPUT in bad_places(verify_packet(changed))


def test_a_foreign_key_is_not_believed() -> None:
    stranger = TrustRoot({"evidence": new_signer().public, "sbom": new_signer().public})
    found = verify_packet(PACKET, stranger)
    assert names.MANIFEST_BUNDLE in bad_places(found)
    assert names.DECISION_BUNDLE in bad_places(found)


def test_a_key_for_something_else_does_not_make_evidence() -> None:
    orders = TrustRoot({"orders": STORY.evidence.public, "sbom": STORY.sbom.public})
    assert names.MANIFEST_BUNDLE in bad_places(verify_packet(PACKET, orders))
    changed_keys = TrustRoot(
        {"evidence-2": STORY.evidence.public, "evidence": new_signer().public, "sbom": STORY.sbom.public}
    )  # fmt: skip
    assert verify_packet(PACKET, changed_keys).good


def test_a_packet_signed_anew_by_a_stranger_holds_for_nobody_who_knows_the_key() -> None:
    other = Story(evidence=new_signer(), sbom=STORY.sbom)
    forged = remade(PACKET, dict, other)
    assert bad_places(verify_packet(forged, STORY.root)) == [names.MANIFEST_BUNDLE]
    # Its own root names the key that did not sign it.
    assert bad_places(verify_packet(forged)) == [names.MANIFEST_BUNDLE]


def swap_approval(entries: dict[str, bytes]) -> None:
    name = next(name for name in entries if name.startswith(names.APPROVALS))
    entries[name] = Story(evidence=STORY.evidence).approvals()[name.split("/")[1][:30]][1]


def _replace(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        assert old in entries[name], name
        entries[name] = entries[name].replace(old, new)

    return change


def _remove(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.pop(name) and None


PLATFORM = STORY.scan.image.digest
FINDINGS, SBOM = names.findings_entry(PLATFORM), names.sbom_entry(PLATFORM)
SBOM_BUNDLE = names.sbom_bundle_entry(PLATFORM)
SLICE = names.slice_entry(STORY.scan.snapshot, PLATFORM)
APPROVAL = names.approval_entry("apr_01J00000000000000000000000")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_replace(names.DECISION_RECORD, b'"outcome":"pass"', b'"outcome":"blocked"'),
         names.DECISION_BUNDLE),
        (_replace(names.DECISION_INPUT, b'"rollback":false', b'"rollback":true'), names.FACTS),
        (_replace(names.DECISION_INPUT, b'"version":"1.0.0"', b'"version":"1.0.1"'),
         names.DECISION_RECORD),
        (_replace(names.DECISION_INPUT, b'{"approvals"', b' {"approvals"'), names.DECISION_INPUT),
        (_replace(names.POLICY_BUNDLE, b"package", b"packagf"), names.POLICY_BUNDLE),
        (_replace(SBOM, b"0.4.6", b"0.4.7"), SBOM),
        (_replace(SBOM_BUNDLE, b'"payload":"', b'"payload":"AAAA'), SBOM_BUNDLE),
        (_remove(SBOM_BUNDLE), SBOM_BUNDLE),
        (_remove(SLICE), SLICE),
        (_replace(SLICE, b'"schema":1', b'"schema":2'), SLICE),
        (_remove(FINDINGS), FINDINGS),
        (_remove(APPROVAL), APPROVAL),
        (_remove(names.FACTS), names.FACTS),
        (_remove(names.DECISION_RECORD), names.DECISION_RECORD),
        (swap_approval, APPROVAL),
        (_replace(names.CONFIGURATION, b"prod-1", b"prod-2"), names.CONFIGURATION),
        (_replace(names.DEPLOYMENT_PLAN, b"pull", b"push"), names.DEPLOYMENT_PLAN),
        (_replace(names.RELEASE_MANIFEST, b"web", b"wob"), names.RELEASE_MANIFEST),
        (_replace(names.FACTS, b"PromotionRequested", b"PromotionRequestee"),
         f"{names.FACTS}, fct_41"),
        (_replace(names.FACTS, b'"position":43', b'"position":44'), f"{names.FACTS}, fct_43"),
    ],
)  # fmt: skip
def test_parts_that_contradict_each_other_are_found_under_a_good_signature(
    change: Callable[[dict[str, bytes]], None], place: str
) -> None:
    assert place in bad_places(verify_packet(remade(PACKET, change, STORY), STORY.root))


LOCK = names.artifact_entry("prod-1", "compose.stella.lock.yml")
STICKER = names.artifact_entry("prod-1", names.STICKER_FILE)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_replace(LOCK, b"services", b"servicez"), LOCK),
        (_remove(LOCK), LOCK),
        (_replace(names.DEPLOYMENT, b"succeeded", b"failed"), names.DEPLOYMENT_BUNDLE),
        (_replace(STICKER, b'"version":"1.0.0"', b'"version":"9.9.9"'), STICKER),
        (lambda entries: entries.update({names.ARTIFACTS + "prod-1/x": b""}),
         names.ARTIFACTS + "prod-1/x"),
    ],
)  # fmt: skip
def test_a_deployment_that_was_not_so_is_found_under_a_good_signature(
    change: Callable[[dict[str, bytes]], None], place: str
) -> None:
    assert place in bad_places(verify_packet(remade(DEPLOYED, change, STORY), STORY.root))


def test_a_deployment_of_what_the_gates_blocked_is_no_good_evidence() -> None:
    blocked = Story(approvers=())
    assert names.DECISION_RECORD in bad_places(verify_packet(blocked.deployment_packet()))


def test_a_report_that_says_something_else_is_found() -> None:
    read = read_packet(PACKET)
    entries = {name: data for name, data in read.entries.items() if "manifest" not in name[:8]}
    entries[names.REPORT] = entries[names.REPORT].replace(b"pass", b"fine", 1)
    manifest = manifest_bytes(manifest_of(entries, read.about))
    entries[names.MANIFEST] = manifest
    entries[names.MANIFEST_BUNDLE] = sign_statement(
        STORY.evidence,
        subject_name=names.MANIFEST,
        subject=Digest.of(manifest),
        predicate_type=PACKET_MANIFEST,
        predicate=json.loads(canonical_json({})),
    )
    (place,) = [p for p in bad_places(verify_packet(write_container(entries))) if p and "+" in p]
    assert place.startswith(f"{names.REPORT} + ")


def test_the_report_shows_people_and_reasons_with_everything_escaped() -> None:
    report = read_packet(Story(image="old").packet()).entries[names.REPORT].decode()
    assert "the fix for the shop &lt;b&gt;" in report
    assert DAN.name in report
    assert ANN.name in report
    for word in ("<script", "http://", "https://", "src="):
        assert word not in report
    deployed = read_packet(DEPLOYED).entries[names.REPORT].decode()
    assert "pulling &lt;web&gt;" in deployed


def test_a_simulated_packet_says_so_on_its_first_page() -> None:
    packet = Story(simulated=True).packet()
    assert verify_packet(packet).good
    assert b"Simulated." in read_packet(packet).entries[names.REPORT]


def test_an_undecided_promotion_has_no_decision_and_one_fact_that_says_why() -> None:
    packet, root = small_packet()
    assert [check.name for check in verify_packet(packet, root).checks][-1] == "facts"
    decided = remade(PACKET, _drop_decision, STORY)
    assert names.FACTS in bad_places(verify_packet(decided))


def _drop_decision(entries: dict[str, bytes]) -> None:
    for name in (names.DECISION_INPUT, names.DECISION_RECORD, names.DECISION_BUNDLE):
        del entries[name]


def test_what_the_packet_writes_itself_is_not_taken() -> None:
    about = PacketAbout(PacketKind.PROMOTION, "a", "prm_1", AT)
    with pytest.raises(UnusableEntry):
        build_packet({names.REPORT: b""}, about=about, signer=STORY.evidence)
