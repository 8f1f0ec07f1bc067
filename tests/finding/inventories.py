"""Inventories and snapshots of single components, made to measure."""

from pathlib import Path

from advisory.records import feed
from stella.advisory import StoredSnapshot, import_advisories, open_snapshot
from stella.kernel import Digest
from stella.sbom import Component, Inventory, Occurrence

LAYER = Digest.of(b"layer")


def component(kind: str, name: str, version: str, **changes: object) -> Component:
    fields: dict[str, object] = {
        "purl": f"pkg:{kind}/{name}@{version}",
        "type": kind,
        "name": name,
        "version": version,
        "source_name": name,
        "source_version": version,
        "evidence": "/var/lib/db",
        "occurrences": (Occurrence(f"/usr/lib/{name}", LAYER, 2),),
    }
    return Component(**{**fields, **changes})


def deb(name: str, version: str, source: str = "", source_version: str = "", **changes: object):
    return component(
        "deb",
        name,
        version,
        **{
            "purl": f"pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12",
            "source_name": source or name,
            "source_version": source_version or version,
            "distro": "debian-12",
            **changes,
        },
    )


def inventory(*components: Component) -> Inventory:
    ordered = tuple(sorted(components, key=lambda one: one.purl))
    return Inventory(Digest.of(b"image"), "image", "linux/amd64", "debian-12", ordered)


def snapshot_of(directory: Path, *records: object) -> StoredSnapshot:
    made = import_advisories([feed(directory / "feed", *records)], directory / "snapshot")
    return open_snapshot(made.path)
