"""Would we decide so again? Match, VEX, gate and plan, repeated from a packet alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from stella.deployment.take_down.decide import (
    TakeDownInput,
    decide_take_down,
    document_bytes,
)
from stella.evidence import Packet, names, read_packet
from stella.finding import findings_document, match_inventory
from stella.kernel import Digest, Remedy, StellaError, parse_time
from stella.policy import Ask, parse_bundle
from stella.policy.engine import ask as ask_policy
from stella.promotion.decide import decide, record_of
from stella.promotion.known.tested import said_again, tests_relied_on
from stella.promotion.model import DecisionInput, ScanInput, TestedInput
from stella.reach import parse_evidence
from stella.replay.difference import first_difference
from stella.replay.errors import NothingToReplay
from stella.sbom import Inventory, Traits, parse_cyclonedx, to_cyclonedx, traits_of_sbom


class Verdict(StrEnum):
    """How a repeated step compares with what was recorded. Not replayed is not identical."""

    IDENTICAL = "identical"
    DIFFERS = "differs"
    NOT_REPLAYED = "not replayed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. detail: the first difference, or what was compared, or why it was not repeated."""

    name: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class Replay:
    """All steps. verdict: identical where every step that was repeated is, the gate among them."""

    verdict: Verdict
    steps: tuple[Step, ...]


def replay_packet(
    packet: Packet | bytes,
    rescanned: Mapping[str, Inventory] | None = None,
    *,
    ask: Ask = ask_policy,
) -> Replay:
    """Repeat what the packet records, and compare byte for byte.

    packet: verified before, for only then does it say what was decided.
    rescanned: platform digest -> what a fresh scan of that image found; scans of images that are
        not in it read "not replayed".
    ask: how the packet's policy is asked; it may be a stranger's.
    Raises NothingToReplay where no decision was made, and for bytes what ``read_packet`` raises.
    """
    if isinstance(packet, bytes):
        packet = read_packet(packet)
    if names.TAKE_DOWN_INPUT in packet.entries:
        return _verdict(_take_down_steps(packet))
    if names.DECISION_INPUT not in packet.entries:
        raise NothingToReplay(
            f"{packet.manifest.name} holds no decision",
            remedy=Remedy("Look at its facts: they say why it could not be judged."),
        )
    try:
        given = msgspec.json.decode(packet.entries[names.DECISION_INPUT], type=DecisionInput)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _verdict([Step("gate", Verdict.DIFFERS, f"the input cannot be read: {error}")])
    scans = {s.digest: s for component in given.release.components for s in component.scans}
    steps = [_scan_step(packet, scan, rescanned or {}) for scan in scans.values()]
    steps += [_match_step(packet, scan) for scan in scans.values()]
    steps += [
        _vex_step(packet, scan, given.now)
        for scan in scans.values()
        if scan.vex is not msgspec.UNSET
    ]
    steps += [_test_step(packet, one) for one in tests_relied_on(given)]
    steps += _decision_steps(packet, given, ask)
    return _verdict(steps)


def _verdict(steps: list[Step]) -> Replay:
    differs = any(step.verdict is Verdict.DIFFERS for step in steps)
    return Replay(Verdict.DIFFERS if differs else Verdict.IDENTICAL, tuple(steps))


def _scan_step(packet: Packet, scan: ScanInput, rescanned: Mapping[str, Inventory]) -> Step:
    name = f"scan {scan.platform} {scan.digest[:19]}"
    if scan.sbom is None:
        return Step(name, Verdict.NOT_REPLAYED, f"the scan was {scan.state}")
    if scan.digest not in rescanned:
        return Step(name, Verdict.NOT_REPLAYED, "no layers given; give them with --image")
    try:
        recorded = packet.entries[names.sbom_entry(Digest(scan.digest))]
        replayed = _as_recorded(recorded, rescanned[scan.digest])
    except (StellaError, KeyError) as error:
        return Step(name, Verdict.DIFFERS, f"the recorded SBOM cannot be read: {error}")
    return _compared(name, recorded, replayed, "SBOM")


def _as_recorded(recorded: bytes, found: Inventory) -> bytes:
    """What was found now, under the labels of then.

    Where the image lay, when it was scanned and by which release are told to a scan, not found by
    it: the same layers read from a file are the same inventory. So is what hangs beside the image, and
    what the image was not asked in those days.
    """
    labels = msgspec.json.decode(recorded, type=_Labels).metadata
    version = next((tool.version for tool in labels.tools.components), "")
    at = parse_time(labels.timestamp) if labels.timestamp else None
    named = replace(found, name=labels.component.name, traits=_traits(recorded, found.traits))
    return to_cyclonedx(named, version, at)


def _traits(recorded: bytes, found: Traits | None) -> Traits | None:
    said = traits_of_sbom(recorded)
    if said is None or found is None:
        return None
    told = ("base", "provenance", "provenance_unknown")
    return msgspec.structs.replace(found, **{name: getattr(said, name) for name in told})


def _match_step(packet: Packet, scan: ScanInput) -> Step:
    from stella.advisory import parse_slice  # late: only a replay that gets here pays for it

    name = f"match {scan.platform} {scan.digest[:19]}"
    if scan.sbom is None or scan.findings is None or scan.snapshot is None:
        return Step(name, Verdict.NOT_REPLAYED, f"the scan was {scan.state}; nothing was matched")
    try:
        platform, snapshot = Digest(scan.digest), Digest(scan.snapshot)
        inventory = parse_cyclonedx(packet.entries[names.sbom_entry(platform)])
        advisories = parse_slice(packet.entries[names.slice_entry(snapshot, platform)])
        is_weighed = scan.vex is not msgspec.UNSET
        place = names.matched_entry if is_weighed else names.findings_entry
        recorded = packet.entries[place(platform)]
        linked = None
        if scan.reached is not msgspec.UNSET:
            linked = parse_evidence(packet.entries[names.reached_entry(platform)])
            if linked.image != inventory.subject:
                return Step(name, Verdict.DIFFERS, "what is linked is of another image")
        replayed = findings_document(match_inventory(inventory, advisories, linked))
    except (StellaError, KeyError) as error:
        return Step(name, Verdict.DIFFERS, f"it could not be repeated: {error}")
    return _compared(name, recorded, replayed, "findings")


def _vex_step(packet: Packet, scan: ScanInput, now: str) -> Step:
    """Weigh the same statements again at the time of the decision."""
    from stella.finding import judged_document  # late, as above

    name = f"vex {scan.platform} {scan.digest[:19]}"
    documents = {
        Digest.of(content).text: content for content in packet.under(names.VEX_DOCUMENTS).values()
    }
    try:
        platform = Digest(scan.digest)
        recorded = packet.entries[names.findings_entry(platform)]
        replayed = judged_document(
            packet.entries[names.matched_entry(platform)],
            packet.entries[names.sbom_entry(platform)],
            packet.entries[names.weighing_entry(platform)],
            documents,
            parse_time(now),
        )
    except (StellaError, KeyError) as error:
        return Step(name, Verdict.DIFFERS, f"it could not be repeated: {error}")
    return _compared(name, recorded, replayed, "findings with VEX")


def _test_step(packet: Packet, recorded: TestedInput) -> Step:
    """Read the statement again, and verify its signature by the key that was known then."""
    name = f"test result {recorded.id}"
    try:
        content = packet.entries[names.test_result_entry(Digest(recorded.document))]
        replayed = said_again(recorded, content)
    except (StellaError, KeyError) as error:
        return Step(name, Verdict.DIFFERS, f"it could not be repeated: {error}")
    return _compared(
        name, msgspec.json.encode(recorded), msgspec.json.encode(replayed), "what it says"
    )


def _decision_steps(packet: Packet, given: DecisionInput, ask: Ask) -> list[Step]:
    documents = {
        Digest.of(content).text: content
        for folder in (names.FINDINGS, names.SBOMS, names.ON_CALL)
        for content in packet.under(folder).values()
    }
    for name in (names.RUNNING_BEFORE, names.LIFECYCLE):
        if name in packet.entries:
            content = packet.entries[name]
            documents[Digest.of(content).text] = content
    try:
        bundle = parse_bundle(packet.entries[names.POLICY_BUNDLE])
        if bundle.digest.text != given.policy:
            detail = f"the policy here is {bundle.digest}, the decision's was {given.policy}"
            return [Step("gate", Verdict.DIFFERS, detail)]
        decision = decide(given, documents, bundle, ask=ask)
        recorded = packet.entries[names.DECISION_RECORD]
        said = msgspec.json.decode(recorded, type=_Planned).plan_digest
    except (StellaError, KeyError, msgspec.MsgspecError) as error:
        return [Step("gate", Verdict.DIFFERS, f"it could not be repeated: {error}")]
    same = decision.plan_digest == said
    shown = said if same else f"recorded {said}, replayed {decision.plan_digest}"
    plan = Step("plan", Verdict.IDENTICAL if same else Verdict.DIFFERS, shown)
    return [_compared("gate", recorded, record_of(decision), "decision record"), plan]


def _take_down_steps(packet: Packet) -> list[Step]:
    """Whether it would be allowed again, and of which plan."""
    try:
        given = msgspec.json.decode(packet.entries[names.TAKE_DOWN_INPUT], type=TakeDownInput)
        recorded = packet.entries[names.TAKE_DOWN_RECORD]
        plan = Digest.of(packet.entries[names.TAKE_DOWN_PLAN]).text
    except (KeyError, msgspec.MsgspecError) as error:
        return [Step("gate", Verdict.DIFFERS, f"it could not be repeated: {error}")]
    decision = decide_take_down(given)
    same = decision.plan_digest == plan
    shown = plan if same else f"recorded {plan}, replayed {decision.plan_digest}"
    return [
        _compared("gate", recorded, document_bytes(decision), "decision record"),
        Step("plan", Verdict.IDENTICAL if same else Verdict.DIFFERS, shown),
    ]


def _compared(name: str, recorded: bytes, replayed: bytes, what: str) -> Step:
    if recorded == replayed:
        return Step(name, Verdict.IDENTICAL, f"{what}: {len(recorded)} bytes")
    return Step(name, Verdict.DIFFERS, f"{what}: {first_difference(recorded, replayed)}")


class _Planned(msgspec.Struct, frozen=True, rename="camel"):
    plan_digest: str


class _Tool(msgspec.Struct, frozen=True):
    version: str = ""


class _Tools(msgspec.Struct, frozen=True):
    components: tuple[_Tool, ...] = ()


class _Subject(msgspec.Struct, frozen=True):
    name: str = ""


class _Metadata(msgspec.Struct, frozen=True):
    timestamp: str | None = None
    tools: _Tools = _Tools()
    component: _Subject = _Subject()


class _Labels(msgspec.Struct, frozen=True):
    """What an SBOM says about the scan that made it, not about the image."""

    metadata: _Metadata = _Metadata()
