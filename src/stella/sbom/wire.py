"""CycloneDX 1.7 JSON as structures: the fields that Stella writes and reads.

Source: https://cyclonedx.org/docs/1.7/json/. Fields of others pass unread.
"""

import msgspec


class Property(msgspec.Struct, frozen=True):
    """A name and a value, both free."""

    name: str
    value: str = ""


class Hash(msgspec.Struct, frozen=True):
    """A hash of a component."""

    alg: str
    content: str


class Licence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One licence by SPDX id or by name."""

    id: str | None = None
    name: str | None = None


class LicenceChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A licence, or an SPDX expression."""

    license: Licence | None = None
    expression: str | None = None


class Occurrence(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Where a component was seen."""

    location: str
    additional_context: str | None = None


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """How we know of a component."""

    occurrences: list[Occurrence] | None = None


class Component(msgspec.Struct, frozen=True, omit_defaults=True):
    """One component, nested ones included."""

    type: str
    name: str
    bom_ref: str | None = msgspec.field(default=None, name="bom-ref")
    group: str | None = None
    version: str | None = None
    hashes: list[Hash] | None = None
    licenses: list[LicenceChoice] | None = None
    purl: str | None = None
    components: "list[Component] | None" = None
    evidence: Evidence | None = None
    properties: list[Property] | None = None


class Tools(msgspec.Struct, frozen=True, omit_defaults=True):
    """The tools, as written since 1.5."""

    components: list[Component] | None = None


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """About the document. ``tools`` may be a list (before 1.5), which is not read."""

    timestamp: str | None = None
    tools: Tools | list[object] | None = None
    component: Component | None = None


class Bom(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The document."""

    bom_format: str
    spec_version: str
    schema: str | None = msgspec.field(default=None, name="$schema")
    serial_number: str | None = None
    version: int | None = None
    metadata: Metadata | None = None
    components: list[Component] | None = None
