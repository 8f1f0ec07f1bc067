"""A packet: what a decision or a deployment rests on, in one file that proves itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from stella.evidence import names
from stella.evidence.container import (
    PACKET_BYTES_MAX,
    read_container,
    write_container,
)
from stella.evidence.errors import (
    PacketTooLarge,
    UnknownPacketSchema,
    UnreadablePacket,
    UnusableEntry,
    broken,
)
from stella.evidence.report import REPORT_FORM, render_report, report_form
from stella.kernel import Digest, Json, Remedy, canonical_json
from stella.trust import PACKET_MANIFEST, Signer, sign_statement

SCHEMA = 1
FILE_SUFFIX = ".stella.tar"


class PacketKind(StrEnum):
    """What a packet is evidence of."""

    PROMOTION = "promotion"
    DEPLOYMENT = "deployment"
    TAKE_DOWN = "take-down"


@dataclass(frozen=True, slots=True)
class PacketAbout:
    """What a packet is about. name: of the file, without suffix. subject: the promotion, deployment
    or take-down.

    created_at: when what it tells was complete; from the record, so that it can be made again.
    simulated: it happened on simulated hosts, and says so everywhere.
    """

    kind: PacketKind
    name: str
    subject: str
    created_at: str
    simulated: bool = False


class _Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A part of the manifest."""


class Entry(_Document, frozen=True):
    """One file of the packet. size: in bytes."""

    name: str
    size: int
    digest: str
    media_type: str


class PacketManifest(_Document, frozen=True):
    """``manifest.json``: every other entry but the signature over it, in order of name.

    report: the form in which ``report.html`` was written; each stays readable for ever.
    """

    kind: PacketKind
    name: str
    subject: str
    created_at: str
    simulated: bool
    entries: tuple[Entry, ...]
    report: int = REPORT_FORM
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet as read: its container holds, nothing else is verified yet.

    entries: by name, the manifest and its signature among them.
    """

    manifest: PacketManifest
    entries: Mapping[str, bytes]
    size: int

    @property
    def about(self) -> PacketAbout:
        """What it says it is about."""
        said = self.manifest
        return PacketAbout(said.kind, said.name, said.subject, said.created_at, said.simulated)

    def under(self, folder: str) -> dict[str, bytes]:
        """The entries whose name begins with ``folder``, by the rest of their names."""
        return {
            name.removeprefix(folder): content
            for name, content in self.entries.items()
            if name.startswith(folder)
        }


def build_packet(entries: Mapping[str, bytes], *, about: PacketAbout, signer: Signer) -> bytes:
    """The packet of ``entries``, to which report, manifest and signature are added.

    The same entries give the same bytes, but for the signature where the key's scheme draws chance.
    Raises UnusableEntry for a name that is the packet's own or cannot be held, PacketTooLarge.
    """
    own = {names.MANIFEST, names.MANIFEST_BUNDLE, names.REPORT} & entries.keys()
    if own:
        raise UnusableEntry(
            f"{', '.join(sorted(own))} is written by the packet itself",
            remedy=Remedy("Give what the evidence rests on; report and manifest follow from it."),
        )
    form = report_form(entries)
    content = {**entries, names.REPORT: render_report(entries, report_about(about), form)}
    manifest = manifest_bytes(manifest_of(content, about, form))
    bundle = sign_statement(
        signer,
        subject_name=names.MANIFEST,
        subject=Digest.of(manifest),
        predicate_type=PACKET_MANIFEST,
        predicate=signed_summary(about),
    )
    return write_container({**content, names.MANIFEST: manifest, names.MANIFEST_BUNDLE: bundle})


def manifest_of(
    entries: Mapping[str, bytes], about: PacketAbout, form: int = REPORT_FORM
) -> PacketManifest:
    """The manifest that lists ``entries``. form: of the report among them."""
    return PacketManifest(
        kind=about.kind,
        name=about.name,
        subject=about.subject,
        created_at=about.created_at,
        simulated=about.simulated,
        entries=tuple(
            Entry(
                name=name,
                size=len(entries[name]),
                digest=Digest.of(entries[name]).text,
                media_type=names.media_type(name),
            )
            for name in sorted(entries)
        ),
        report=form,
    )


def manifest_bytes(manifest: PacketManifest) -> bytes:
    """``manifest.json``."""
    plain: Json = msgspec.to_builtins(manifest)
    return canonical_json(plain)


def signed_summary(about: PacketAbout) -> dict[str, Json]:
    """The predicate of the manifest's statement: readable without opening the packet."""
    return {
        "kind": about.kind.value,
        "name": about.name,
        "subject": about.subject,
        "createdAt": about.created_at,
        "simulated": about.simulated,
    }


def report_about(about: PacketAbout) -> dict[str, Json]:
    """What the report is told beside the entries."""
    return signed_summary(about)


def read_packet(packet: bytes | Path) -> Packet:
    """The packet in these bytes or at this path. Its signatures are ``verify_packet``'s business.

    Raises BrokenPacket with the first place that differs, PacketTooLarge, UnreadablePacket,
    UnknownPacketSchema.
    """
    content = packet if isinstance(packet, bytes) else packet_bytes(packet)
    entries = read_container(content)
    return Packet(_read_manifest(entries), entries, len(content))


def packet_bytes(path: Path) -> bytes:
    """The file at ``path``, bounded. Raises UnreadablePacket, PacketTooLarge."""
    try:
        with path.open("rb") as file:
            content = file.read(PACKET_BYTES_MAX + 1)
    except OSError as error:
        raise UnreadablePacket(
            f"{path} cannot be read: {error.strerror}",
            remedy=Remedy(f"Give the path of a file NAME{FILE_SUFFIX}."),
            path=str(path),
        ) from None
    if len(content) > PACKET_BYTES_MAX:
        raise PacketTooLarge(
            f"{path} has more than {PACKET_BYTES_MAX} bytes",
            remedy=Remedy("Check that it is an evidence packet."),
        )
    return content


def _read_manifest(entries: Mapping[str, bytes]) -> PacketManifest:
    for name in (names.MANIFEST, names.MANIFEST_BUNDLE):
        if name not in entries:
            raise broken("an entry is missing", name)
    content = entries[names.MANIFEST]
    try:
        schema = msgspec.json.decode(content, type=_Schema).schema
        if schema > SCHEMA:
            raise UnknownPacketSchema(
                f"a packet of schema {schema}; this Stella reads up to {SCHEMA}",
                remedy=Remedy("Use the Stella that made it, or a newer one.", "stella version"),
            )
        manifest = msgspec.json.decode(content, type=PacketManifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise broken(f"no manifest: {str(error)[:200]}", names.MANIFEST) from None
    if manifest_bytes(manifest) != content:
        raise broken("a manifest that is not in canonical form", names.MANIFEST)
    return manifest


class _Schema(msgspec.Struct, frozen=True):
    """What is read first, for it says how to read the rest."""

    schema: int
