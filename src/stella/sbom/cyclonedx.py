"""Inventory -> CycloneDX 1.7 JSON: the same inventory gives the same bytes."""

import hashlib
import re
from datetime import datetime

import msgspec

from stella.kernel import Digest, time_text
from stella.sbom import wire
from stella.sbom.model import Component, Inventory, Occurrence
from stella.sbom.purl import purl_text
from stella.sbom.traits_properties import trait_properties

SPEC_VERSION = "1.7"
MEDIA_TYPE = "application/vnd.cyclonedx+json; version=1.7"
PREDICATE_TYPE = "https://cyclonedx.org/bom"
_IMAGE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_SCHEMA = "http://cyclonedx.org/schema/bom-1.7.schema.json"


def to_cyclonedx(
    inventory: Inventory, tool_version: str, timestamp: datetime | None = None
) -> bytes:
    """The bill of materials. Its serial number follows from its content.

    timestamp: None leaves the field out, for a time would make equal documents differ.
    """
    content = _bom(inventory, tool_version, timestamp)
    digest = Digest.of(msgspec.json.encode(content))
    serial = _serial(f"urn:stella:sbom:{digest}")
    return msgspec.json.encode(msgspec.structs.replace(content, serial_number=serial))


def _serial(name: str) -> str:
    """A UUID of version 5 in the URL namespace (RFC 9562), without the module's start-up time."""
    namespace = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")
    digest = hashlib.sha1(namespace + name.encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16])
    number = number & ~(0xF << 76) & ~(0x3 << 62) | (5 << 76) | (0x2 << 62)
    text = f"{number:032x}"
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _bom(inventory: Inventory, tool_version: str, timestamp: datetime | None) -> wire.Bom:
    tool = wire.Component(type="application", name="stella", version=tool_version)
    components = [_component(component) for component in inventory.components]
    if inventory.distro:
        components.insert(0, _operating_system(inventory.distro))
    return wire.Bom(
        bom_format="CycloneDX",
        spec_version=SPEC_VERSION,
        schema=_SCHEMA,
        version=1,
        metadata=wire.Metadata(
            timestamp=time_text(timestamp) if timestamp else None,
            tools=wire.Tools([tool]),
            component=_subject(inventory),
        ),
        components=components,
    )


def _subject(inventory: Inventory) -> wire.Component:
    properties = [("stella:platform", inventory.platform), ("stella:distro", inventory.distro)]
    properties += [("stella:user", inventory.user)] if inventory.user else []
    properties += [("stella:entrypoint", word) for word in inventory.entrypoint]
    properties += [
        (f"stella:label:{key}", inventory.labels[key]) for key in sorted(inventory.labels)
    ]
    properties += trait_properties(inventory.traits)
    properties += [
        ("stella:partial", msgspec.json.encode([partial.path, partial.reason]).decode())
        for partial in inventory.partial
    ]
    return wire.Component(
        type="container",
        name=inventory.name,
        bom_ref=inventory.subject.text,
        version=inventory.subject.text,
        hashes=[wire.Hash("SHA-256", inventory.subject.hex)],
        purl=_image_purl(inventory),
        properties=[wire.Property(name, value) for name, value in properties],
    )


def _image_purl(inventory: Inventory) -> str | None:
    """``pkg:oci/web@sha256:...?arch=amd64&repository_url=...``, or None for what is no image."""
    name = inventory.name.rpartition("/")[2].lower()
    if not inventory.platform or not _IMAGE_NAME.match(name):
        return None
    qualifiers = {
        "arch": inventory.platform.split("/")[1:2][0] if "/" in inventory.platform else "",
        "repository_url": inventory.name,
    }
    return purl_text("oci", name, inventory.subject.text, qualifiers=qualifiers)


def _operating_system(distro: str) -> wire.Component:
    """Other tools choose their advisories by this component."""
    name, _, version = distro.partition("-")
    return wire.Component(
        type="operating-system", name=name, bom_ref=f"os:{distro}", version=version or None
    )


def _component(component: Component) -> wire.Component:
    properties = [("stella:evidence", component.evidence)] if component.evidence else []
    if component.source_name != component.name:
        properties.append(("stella:source:name", component.source_name))
    if component.source_version != component.version:
        properties.append(("stella:source:version", component.source_version))
    if component.distro:
        properties.append(("stella:distro", component.distro))
    if component.is_declared:
        properties.append(("stella:declared", "true"))
    licences = [wire.LicenceChoice(wire.Licence(name=component.licence))]
    return wire.Component(
        type="library",
        name=component.name,
        bom_ref=component.purl,
        version=component.version,
        licenses=licences if component.licence else None,
        purl=component.purl,
        evidence=_evidence(component.occurrences),
        properties=[wire.Property(name, value) for name, value in properties] or None,
    )


def _evidence(occurrences: tuple[Occurrence, ...]) -> wire.Evidence | None:
    if not occurrences:
        return None
    return wire.Evidence([wire.Occurrence(place.path, _layer_text(place)) for place in occurrences])


def _layer_text(place: Occurrence) -> str | None:
    """``layer 2 sha256:...``: CycloneDX has no field for layers."""
    if place.layer is None:
        return None
    index = "" if place.layer_index is None else f"{place.layer_index} "
    return f"layer {index}{place.layer}"
