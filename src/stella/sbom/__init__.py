"""What is in it? Layers -> components; CycloneDX in and out."""

from typing import TYPE_CHECKING

from stella.kernel.door import late
from stella.sbom.catalogue import Catalogue, catalogue

if TYPE_CHECKING:
    from stella.sbom.cache import DirectoryCache, LayerCache, MemoryCache
    from stella.sbom.cyclonedx import MEDIA_TYPE, PREDICATE_TYPE, SPEC_VERSION, to_cyclonedx
    from stella.sbom.diff import Change, diff_inventories
    from stella.sbom.directory import scan_directory
    from stella.sbom.errors import (
        BrokenLayer,
        LayerTooLarge,
        MalformedSbom,
        UnknownScanOption,
        UnreadableDirectory,
        UnsupportedLayer,
        UnsupportedSbom,
    )
    from stella.sbom.facts import LayerFacts
    from stella.sbom.layer import read_layer
    from stella.sbom.licences import Licences, licences_of_sbom
    from stella.sbom.limits import DEFAULT_LIMITS, Limits
    from stella.sbom.linked import Linked, LinkedProgram
    from stella.sbom.model import Component, Inventory, Occurrence, Partial
    from stella.sbom.publish import SBOM_MEDIA_TYPE, attach_sbom, sign_sbom
    from stella.sbom.read import parse_cyclonedx
    from stella.sbom.scan import ScanResult, scan_image, scan_platform
    from stella.sbom.traits import Traits
    from stella.sbom.traits_read import traits_of_sbom

__all__ = [
    "DEFAULT_LIMITS",
    "MEDIA_TYPE",
    "PREDICATE_TYPE",
    "SBOM_MEDIA_TYPE",
    "SPEC_VERSION",
    "BrokenLayer",
    "Catalogue",
    "Change",
    "Component",
    "DirectoryCache",
    "Inventory",
    "LayerCache",
    "LayerFacts",
    "LayerTooLarge",
    "Licences",
    "Limits",
    "Linked",
    "LinkedProgram",
    "MalformedSbom",
    "MemoryCache",
    "Occurrence",
    "Partial",
    "ScanResult",
    "Traits",
    "UnknownScanOption",
    "UnreadableDirectory",
    "UnsupportedLayer",
    "UnsupportedSbom",
    "attach_sbom",
    "catalogue",
    "diff_inventories",
    "licences_of_sbom",
    "parse_cyclonedx",
    "read_layer",
    "scan_directory",
    "scan_image",
    "scan_platform",
    "sign_sbom",
    "to_cyclonedx",
    "traits_of_sbom",
]

__getattr__ = late(
    __name__,
    {
        "cache": "DirectoryCache LayerCache MemoryCache",
        "cyclonedx": "MEDIA_TYPE PREDICATE_TYPE SPEC_VERSION to_cyclonedx",
        "diff": "Change diff_inventories",
        "directory": "scan_directory",
        "errors": (
            "BrokenLayer LayerTooLarge MalformedSbom UnknownScanOption "
            "UnreadableDirectory UnsupportedLayer UnsupportedSbom"
        ),
        "facts": "LayerFacts",
        "layer": "read_layer",
        "licences": "Licences licences_of_sbom",
        "limits": "DEFAULT_LIMITS Limits",
        "linked": "Linked LinkedProgram",
        "model": "Component Inventory Occurrence Partial",
        "publish": "SBOM_MEDIA_TYPE attach_sbom sign_sbom",
        "read": "parse_cyclonedx",
        "scan": "ScanResult scan_image scan_platform",
        "traits": "Traits",
        "traits_read": "traits_of_sbom",
    },
)
