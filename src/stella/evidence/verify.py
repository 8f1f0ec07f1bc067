"""Does a packet hold? Every byte, every signature, and whether its parts say the same."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stella.evidence import names
from stella.evidence.container import first_difference
from stella.evidence.errors import BrokenPacket, PacketTooLarge, UnknownPacketSchema
from stella.evidence.packet import Packet, manifest_of, read_packet, report_about, signed_summary
from stella.evidence.reading import DoesNotHold, Reading, expect, listed
from stella.evidence.report import RELIED_FORM, REPORT_FORMS, render_report, report_form
from stella.evidence.verify_decision import (
    check_approvals,
    check_decision,
    check_documents,
    check_plan,
    check_sboms,
)
from stella.evidence.verify_deployment import check_artifacts, check_deployment, check_sticker
from stella.evidence.verify_facts import check_facts
from stella.evidence.verify_relied import check_relied
from stella.evidence.verify_take_down import (
    check_allowed,
    check_removal_artifacts,
    check_removal_relied,
    check_taken_down,
)
from stella.evidence.verify_variables import check_variables
from stella.kernel import Digest, StellaError
from stella.trust import PACKET_MANIFEST, TrustRoot, verify_bundle

OWN_KEYS = "signed by the key in the packet; give --trusted-root to know whose"


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. place: the entry or byte that does not hold, or None."""

    name: str
    good: bool
    detail: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer: good only where every check is. At least the container was looked at.

    simulated: it says that it happened on simulated hosts; False too where it cannot be read.
    """

    good: bool
    checks: tuple[Check, ...]
    simulated: bool = False


def verify_packet(content: bytes, trusted: TrustRoot | None = None) -> Verification:
    """Judge a packet by its bytes alone, and by the keys in ``trusted``.

    trusted: None takes the keys that the packet carries, which proves that it is whole but not who
        made it; the check ``trusted root`` says so.
    """
    try:
        packet = read_packet(content)
    except (BrokenPacket, PacketTooLarge, UnknownPacketSchema) as error:
        place = error.facts.get("place")
        bad = Check("container", good=False, detail=str(error), place=str(place) if place else None)
        return _verdict([bad])
    simulated = packet.manifest.simulated
    held = f"{len(packet.entries)} entries, {packet.size} bytes, each as it must be"
    checks = [Check("container", good=True, detail=held)]
    try:
        root, whose = _root(packet, trusted)
    except (StellaError, DoesNotHold) as error:
        checks.append(
            Check("trusted root", good=False, detail=str(error), place=names.TRUSTED_ROOT)
        )
        return _verdict(checks, simulated=simulated)
    checks.append(Check("trusted root", good=True, detail=whose))
    reading = Reading(packet, root)
    asked = [*_ALWAYS, *(_DECIDED if reading.is_decided else _UNDECIDED)]
    if packet.manifest.kind == "deployment":
        asked += _DEPLOYED
    elif packet.manifest.kind == "take-down":
        asked += _TAKEN_DOWN
    answers = [_answer(name, ask, reading) for name, ask in asked]
    return _verdict([*checks, *answers], simulated=simulated)


def _root(packet: Packet, trusted: TrustRoot | None) -> tuple[TrustRoot, str]:
    if trusted is not None:
        return trusted, f"the keys given: {listed(sorted(trusted.keys))}"
    if names.TRUSTED_ROOT not in packet.entries:
        raise DoesNotHold("an entry is missing", names.TRUSTED_ROOT)
    return TrustRoot.from_json(packet.entries[names.TRUSTED_ROOT]), OWN_KEYS


def _answer(name: str, ask: Callable[[Reading], str], reading: Reading) -> Check:
    try:
        return Check(name, good=True, detail=ask(reading))
    except DoesNotHold as error:
        return Check(name, good=False, detail=str(error), place=error.place)
    except StellaError as error:
        return Check(name, good=False, detail=str(error), place=_PLACES.get(name))


def _verdict(checks: Iterable[Check], *, simulated: bool = False) -> Verification:
    answers = tuple(checks)
    return Verification(all(check.good for check in answers), answers, simulated)


def _check_signature(reading: Reading) -> str:
    """The manifest is what one of the keys for evidence signed, and so is every entry it lists."""
    packet = reading.packet
    statement = verify_bundle(
        packet.entries[names.MANIFEST_BUNDLE],
        reading.keys("evidence"),
        subject=Digest.of(packet.entries[names.MANIFEST]),
        predicate_type=PACKET_MANIFEST,
        exact=True,
    )
    said = signed_summary(packet.about)
    expect(said, statement.predicate, "the signed summary", names.MANIFEST_BUNDLE)
    return f"signed by the key {statement.key_id[:12]}"


def _check_entries(reading: Reading) -> str:
    packet = reading.packet
    own = {names.MANIFEST, names.MANIFEST_BUNDLE}
    content = {name: data for name, data in packet.entries.items() if name not in own}
    found = {entry.name: entry for entry in manifest_of(content, packet.about).entries}
    said = {entry.name: entry for entry in packet.manifest.entries}
    for name in sorted(found.keys() | said.keys()):
        if name not in said:
            raise DoesNotHold("the manifest does not list it", name)
        if name not in found:
            raise DoesNotHold("the manifest lists it, the packet does not hold it", name)
        if said[name] != found[name]:
            detail = f"it is {found[name].digest}, the manifest says {said[name].digest}"
            raise DoesNotHold(detail, name)
    if [entry.name for entry in packet.manifest.entries] != sorted(said):
        raise DoesNotHold("the manifest lists an entry twice or out of order", names.MANIFEST)
    return f"{len(content)} digests"


def _check_report(reading: Reading) -> str:
    packet = reading.packet
    if packet.manifest.report not in REPORT_FORMS:
        raise DoesNotHold(f"a report of the unknown form {packet.manifest.report}", names.MANIFEST)
    own = {names.MANIFEST, names.MANIFEST_BUNDLE, names.REPORT}
    rest = {name: data for name, data in packet.entries.items() if name not in own}
    wanted = report_form(rest)
    # An older form than its entries ask for would keep silent about people's words.
    if wanted >= RELIED_FORM:
        expect(wanted, packet.manifest.report, "the form of the report", names.MANIFEST)
    made = render_report(rest, report_about(packet.about), packet.manifest.report)
    stored = reading.content(names.REPORT)
    if made != stored:
        first = first_difference(made, stored)
        raise DoesNotHold("it does not follow from the other entries", f"{names.REPORT} + {first}")
    return "follows from the other entries"


_ALWAYS = (
    ("manifest signature", _check_signature),
    ("entries", _check_entries),
    ("report", _check_report),
)
_DECIDED = (
    ("decision", check_decision),
    ("plan digest", check_plan),
    ("documents", check_documents),
    ("SBOMs", check_sboms),
    ("approvals", check_approvals),
    ("facts", check_facts),
    ("variables", check_variables),
    ("relied on", check_relied),
)
_UNDECIDED = (("facts", check_facts),)
_DEPLOYED = (
    ("deployment", check_deployment),
    ("artifacts", check_artifacts),
    ("sticker", check_sticker),
)
_TAKEN_DOWN = (
    ("decision", check_allowed),
    ("relied on", check_removal_relied),
    ("take-down", check_taken_down),
    ("artifacts", check_removal_artifacts),
)
# Where a refusal of another room names no entry.
_PLACES = {
    "manifest signature": names.MANIFEST_BUNDLE,
    "decision": names.DECISION_BUNDLE,
    "variables": names.CONFIGURATION,
    "plan digest": names.DECISION_RECORD,
    "facts": names.FACTS,
    "relied on": names.FACTS,
    "deployment": names.DEPLOYMENT_BUNDLE,
    "take-down": names.TAKE_DOWN_BUNDLE,
}
