"""CycloneDX JSON -> inventory: our own without loss, others' as far as they say what we need."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from stella.kernel import Digest, Remedy
from stella.sbom import wire
from stella.sbom.errors import MalformedSbom, UnsupportedSbom
from stella.sbom.model import Component, Inventory, Occurrence, Partial
from stella.sbom.package_purl import source_rpm
from stella.sbom.traits_read import traits_in

SBOM_BYTES_MAX = 256 * 1024 * 1024
COMPONENTS_MAX = 200_000
_NESTING_MAX = 16
_VERSIONS = frozenset({"1.4", "1.5", "1.6", "1.7"})
_SERIAL = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_LAYER = re.compile(r"layer (?:(\d{1,6}) )?(sha256:[0-9a-f]{64})\Z")
_SYSTEM_TYPES = frozenset({"deb", "rpm", "apk", "alpm"})
# CycloneDX 1.7, "component.type"
_TYPES = frozenset(
    {
        *("application", "framework", "library", "container", "platform", "operating-system"),
        *("device", "device-driver", "firmware", "file", "machine-learning-model", "data"),
        "cryptographic-asset",
    }
)
# What is no installed package, and so is no gap when it has no purl.
_NO_PACKAGES = frozenset({"operating-system", "file", "container", "platform", "data"})


def parse_cyclonedx(content: bytes) -> Inventory:
    """The inventory that a CycloneDX JSON document (1.4 to 1.7) states.

    Components without a usable purl are listed as ``partial``: nothing can be matched with them.
    Raises MalformedSbom with the place, UnsupportedSbom.
    """
    if len(content) > SBOM_BYTES_MAX:
        raise _malformed(f"it has {len(content)} bytes, at most {SBOM_BYTES_MAX} are read")
    try:
        bom = msgspec.json.decode(content, type=wire.Bom)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(str(error)[:300]) from None
    _check(bom)
    return _inventory(bom, content)


def inventory_of_tree(tree: dict[str, Any], content: bytes) -> Inventory:
    """As ``parse_cyclonedx``, of values that were read already; ``content`` is what they stood in."""
    try:
        bom = msgspec.convert(tree, type=wire.Bom)
    except msgspec.ValidationError as error:
        raise _malformed(str(error)[:300]) from None
    _check(bom)
    return _inventory(bom, content)


def _check(bom: wire.Bom) -> None:
    if bom.bom_format != "CycloneDX":
        raise _malformed(f"bomFormat is {bom.bom_format[:40]!r} - at `$.bomFormat`")
    if bom.spec_version not in _VERSIONS:
        raise UnsupportedSbom(
            f"CycloneDX {bom.spec_version[:20]!r} is not read",
            remedy=Remedy(f"Write it as one of {', '.join(sorted(_VERSIONS))}."),
            version=bom.spec_version[:40],
        )
    if bom.serial_number is not None and not _SERIAL.match(bom.serial_number):
        raise _malformed("the serial number is no urn:uuid - at `$.serialNumber`")
    if bom.version is not None and bom.version < 1:
        raise _malformed("the version is below 1 - at `$.version`")
    references: set[str] = set()
    subject = [bom.metadata.component] if bom.metadata and bom.metadata.component else []
    for number, component in enumerate(_flat([*subject, *(bom.components or [])])):
        if number > COMPONENTS_MAX:
            raise _malformed(f"more than {COMPONENTS_MAX} components")
        where = f"component {component.name[:60]!r}"
        if component.type not in _TYPES:
            raise _malformed(f"{where} has the unknown type {component.type[:40]!r}")
        if component.bom_ref is None:
            continue
        if not component.bom_ref or component.bom_ref in references:
            raise _malformed(f"{where} repeats the bom-ref {component.bom_ref[:80]!r}")
        references.add(component.bom_ref)


def _inventory(bom: wire.Bom, content: bytes) -> Inventory:
    subject = bom.metadata.component if bom.metadata else None
    properties = _properties(subject)
    found: dict[str, Component] = {}
    partial: list[Partial] = []
    distro = properties.get("stella:distro", "")
    for component in _flat(bom.components or []):
        if component.type == "operating-system" and not distro:
            distro = "-".join(part for part in (component.name, component.version) if part).lower()
        made = _component(component)
        if isinstance(made, Partial):
            partial.append(made)
        elif made is not None:
            found[made.purl] = _joined(found.get(made.purl), made)
    own = subject.properties or [] if subject else []
    partial += [_partial(entry.value) for entry in own if entry.name == "stella:partial"]
    return Inventory(
        subject=_subject_digest(subject, content),
        name=subject.name if subject else "",
        platform=properties.get("stella:platform", ""),
        distro=distro,
        components=tuple(found[purl] for purl in sorted(found)),
        partial=tuple(sorted(set(partial))),
        entrypoint=tuple(entry.value for entry in own if entry.name == "stella:entrypoint"),
        user=properties.get("stella:user", ""),
        labels={
            name.removeprefix("stella:label:"): value
            for name, value in sorted(properties.items())
            if name.startswith("stella:label:")
        },
        traits=traits_in((entry.name, entry.value) for entry in own),
    )


def _component(component: wire.Component) -> Component | Partial | None:
    """The component, why it cannot be one, or None for what is no package at all."""
    if not component.purl:
        if component.type in _NO_PACKAGES:
            return None
        return Partial(component.name, "a component without purl: no advisory can be matched")
    from packageurl import PackageURL  # late: what only writes documents does not need it

    try:
        purl = PackageURL.from_string(component.purl)
    except ValueError:
        return Partial(component.name, f"a purl that cannot be read: {component.purl[:100]!r}")
    if purl.type == "oci":
        return None
    properties = _properties(component)
    # packageurl types its fields as maybe text or mapping; from_string always gives a mapping.
    qualifiers = dict(purl.qualifiers) if isinstance(purl.qualifiers, dict) else {}
    version = component.version if component.version is not None else purl.version or ""
    name = component.name
    if purl.type == "npm" and component.group and "/" not in name:
        name = f"{component.group}/{name}"
    source_name, source_version = _source(properties, qualifiers, name, version)
    distro = qualifiers.get("distro", "") if purl.type in _SYSTEM_TYPES else ""
    places = _occurrences(component)
    return Component(
        purl=component.purl,
        type=purl.type,
        name=name,
        version=version,
        source_name=source_name,
        source_version=source_version,
        distro=properties.get("stella:distro", distro),
        licence=_licence(component),
        evidence=properties.get("stella:evidence", places[0].path if places else ""),
        occurrences=places,
        is_declared=properties.get("stella:declared") == "true",
    )


def _source(
    properties: dict[str, str], qualifiers: dict[str, str], name: str, version: str
) -> tuple[str, str]:
    """Source package: our properties, Trivy's, or the purl's ``upstream``; else the package itself."""
    upstream = qualifiers.get("upstream", "")
    # Syft writes the file's name for it.
    upstream_name, upstream_version = source_rpm(upstream) or upstream.partition("@")[::2]
    source_name = (
        properties.get("stella:source:name")
        or properties.get("aquasecurity:trivy:SrcName")
        or upstream_name
        or name
    )
    source_version = (
        properties.get("stella:source:version")
        or properties.get("aquasecurity:trivy:SrcVersion")
        or upstream_version
        or version
    )
    return source_name, source_version


def _occurrences(component: wire.Component) -> tuple[Occurrence, ...]:
    listed = component.evidence.occurrences or [] if component.evidence else []
    places = set()
    for one in listed:
        layer = _LAYER.match(one.additional_context or "")
        index = int(layer[1]) if layer and layer[1] else None
        places.add(Occurrence(one.location, Digest(layer[2]) if layer else None, index))
    return tuple(sorted(places, key=_place_order))


def _place_order(place: Occurrence) -> tuple[str, str, int]:
    index = -1 if place.layer_index is None else place.layer_index
    return (place.path, place.layer.text if place.layer else "", index)


def _joined(known: Component | None, new: Component) -> Component:
    """Two entries with one purl are one component with the places of both."""
    if known is None:
        return new
    places = sorted({*known.occurrences, *new.occurrences}, key=_place_order)
    return replace(known, occurrences=tuple(places))


def _licence(component: wire.Component) -> str:
    for choice in component.licenses or []:
        if choice.expression:
            return choice.expression
        if choice.license and (choice.license.id or choice.license.name):
            return choice.license.id or choice.license.name or ""
    return ""


def _subject_digest(subject: wire.Component | None, content: bytes) -> Digest:
    """What the document is about; a document that names no digest stands for itself."""
    for one in (subject.hashes or []) if subject else []:
        if one.alg == "SHA-256" and re.fullmatch(r"[0-9a-f]{64}", one.content):
            return Digest(f"sha256:{one.content}")
    version = subject.version or "" if subject else ""
    return Digest(version) if re.fullmatch(r"sha256:[0-9a-f]{64}", version) else Digest.of(content)


def _partial(text: str) -> Partial:
    try:
        path, reason = msgspec.json.decode(text, type=tuple[str, str])
    except msgspec.DecodeError:
        return Partial("", text[:200])
    return Partial(path, reason)


def _properties(component: wire.Component | None) -> dict[str, str]:
    """By name; the first one where a name is repeated."""
    found: dict[str, str] = {}
    for entry in (component.properties or []) if component else []:
        found.setdefault(entry.name, entry.value)
    return found


def _flat(components: list[wire.Component], depth: int = 0) -> Iterator[wire.Component]:
    if depth > _NESTING_MAX:
        raise _malformed(f"components nested deeper than {_NESTING_MAX}")
    for component in components:
        yield component
        yield from _flat(component.components or [], depth + 1)


def _malformed(why: str) -> MalformedSbom:
    return MalformedSbom(
        f"not a CycloneDX bill of materials: {why}",
        remedy=Remedy("Write it again with a tool whose output validates against the schema."),
        why=why,
    )
