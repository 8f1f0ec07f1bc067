"""Image -> inventory and bill of materials, from whatever source holds it."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec

from stella import __version__
from stella.image import (
    Image,
    ImageSource,
    PlatformImage,
    Reference,
    parse_config,
    resolve,
)
from stella.image.manifest import parse_manifest
from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor
from stella.sbom.cache import LayerCache, cached_layer, keep_layer
from stella.sbom.catalogue import catalogue
from stella.sbom.cyclonedx import to_cyclonedx
from stella.sbom.errors import BrokenLayer, UnsupportedLayer
from stella.sbom.facts import LayerFacts
from stella.sbom.limits import DEFAULT_LIMITS, Limits
from stella.sbom.linked import Linked, linked_in
from stella.sbom.loaded import closure_of
from stella.sbom.model import Inventory
from stella.sbom.provenance import Attested, read_provenance

_READERS = 2


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One platform of one image. sbom_bytes: CycloneDX 1.7 JSON, the same for the same image.

    linked: what its programs are linked of.
    """

    image: Image
    platform: PlatformImage
    inventory: Inventory
    sbom_bytes: bytes
    linked: Linked


def scan_image(
    source: ImageSource,
    reference: Reference,
    cache: LayerCache,
    platform: str | None = None,
    *,
    tool_version: str = __version__,
    limits: Limits = DEFAULT_LIMITS,
) -> list[ScanResult]:
    """Every platform that ``reference`` names (or only ``platform``), scanned.

    Raises what ``image.resolve`` raises, and BrokenLayer, LayerTooLarge, UnsupportedLayer.
    """
    image = resolve(source, reference, platform)
    results = []
    for one in image.platforms:
        layers = _layers(source, reference, one, cache, limits)
        inventory, linked = inventory_of(layers, one, f"{reference.host}/{reference.repository}")
        inventory = _with_provenance(inventory, read_provenance(source, image, one, cache))
        content = to_cyclonedx(inventory, tool_version)
        results.append(ScanResult(image, one, inventory, content, linked))
    return results


def scan_platform(
    source: ImageSource,
    reference: Reference,
    platform: PlatformImage,
    cache: LayerCache,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> Inventory:
    """What is in one platform image."""
    layers = _layers(source, reference, platform, cache, limits)
    return inventory_of(layers, platform, f"{reference.host}/{reference.repository}")[0]


def _layers(
    source: ImageSource,
    reference: Reference,
    platform: PlatformImage,
    cache: LayerCache,
    limits: Limits,
) -> list[LayerFacts]:
    """The facts of its layers, bottom first; those that are not known are read two at a time."""
    layers = list(zip(platform.layers, platform.diff_ids, strict=True))
    facts = [cached_layer(cache, *pair) for pair in layers]
    unknown = [pair for pair, known in zip(layers, facts, strict=True) if known is None]
    read = iter(_read_layers(source, reference, unknown, cache, limits) if unknown else ())
    return [next(read) if known is None else known for known in facts]


def _with_provenance(inventory: Inventory, attested: Attested) -> Inventory:
    assert inventory.traits is not None
    told = msgspec.structs.replace(
        inventory.traits,
        provenance=attested.provenance,
        provenance_unknown=attested.unknown,
    )
    return replace(inventory, traits=told)


_Layer: TypeAlias = tuple[Descriptor, Digest]


def _read_layers(
    source: ImageSource,
    reference: Reference,
    layers: Sequence[_Layer],
    cache: LayerCache,
    limits: Limits,
) -> list[LayerFacts]:
    """The facts of ``layers``, in their order, each kept as soon as it is read."""
    # Late: an image whose layers were all seen before has no use for it.
    from concurrent.futures import ThreadPoolExecutor

    from stella.sbom.ahead import ahead
    from stella.sbom.layer import read_layer

    def read(layer: _Layer) -> LayerFacts:
        descriptor, diff_id = layer
        _refuse_foreign(descriptor)
        with source.blob(reference.repository, descriptor) as blob, ahead(blob) as chunks:
            try:
                facts = read_layer(chunks, digest=descriptor.digest, diff_id=diff_id, limits=limits)
            except BrokenLayer:
                # Read on: where the bytes are not the promised ones, "digest mismatch" is the
                # truth, and that they cannot be unpacked is only its effect.
                for _ in chunks:
                    pass
                raise
        keep_layer(cache, descriptor, diff_id, facts)
        return facts

    with ThreadPoolExecutor(_READERS, thread_name_prefix="layer") as pool:
        waiting = [pool.submit(read, layer) for layer in layers]
        importlib.import_module("stella.sbom.observe")  # meanwhile: what comes after needs it
        try:
            return [future.result() for future in waiting]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def inventory_of(
    facts: list[LayerFacts], platform: PlatformImage, name: str
) -> tuple[Inventory, Linked]:
    """The inventory that layers' facts and the image's configuration give, and what is linked."""
    found = catalogue(facts)
    from stella.sbom.observe import (  # late: see _read_layers
        labels_without_secrets,
        observe,
        without_secret,
        without_secrets,
    )

    config = parse_config(platform.config_content)
    run = config.config
    inventory = Inventory(
        subject=platform.digest,
        name=name,
        platform=platform.platform,
        distro=found.distro,
        components=found.components,
        partial=found.partial,
        entrypoint=without_secrets([*(run.entrypoint or []), *(run.command or [])]) if run else (),
        user=without_secret(run.user or "") if run else "",
        labels=labels_without_secrets(run.labels or {}) if run else {},
        traits=observe(facts, found, config, parse_manifest(platform.manifest).annotations or {}),
    )
    entry = inventory.traits.entry if inventory.traits else None
    environment = (run.environment or []) if run else []
    return inventory, linked_in(found, closure_of(facts, found, entry, environment))


def _refuse_foreign(descriptor: Descriptor) -> None:
    """Layers that are not in the registry at all ("foreign", Windows base layers) cannot be read."""
    if "foreign" in descriptor.media_type or "nondistributable" in descriptor.media_type:
        raise UnsupportedLayer(
            f"the layer {descriptor.digest} is not distributed with the image",
            remedy=Remedy("Push the image with all its layers."),
            digest=descriptor.digest,
        )
