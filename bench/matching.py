"""Matching 800 Debian packages against every public feed; and making, loading, keeping the snapshot."""

import gzip
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.row import Row, median_s
from stella.advisory import import_advisories, open_snapshot
from stella.finding import match_inventory
from stella.kernel import Digest
from stella.sbom import Component, Inventory

ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = 800
# A machine with a browser and a kernel in it has five thousand findings of each: no image has.
_LEFT_OUT = {"chromium", "linux"}


def main() -> None:
    """Print the row; none where the public feeds are absent."""
    feeds = Path(os.environ.get("STELLA_SHARED") or ROOT.parent / "shared") / "advisories"
    if not feeds.is_dir():
        print(f"the public feeds are absent: {feeds}", file=sys.stderr)
        return
    image = _inventory(feeds / "debian" / "debian12-changelog-derived-osv.jsonl.gz")
    with TemporaryDirectory() as folder:
        begun = time.perf_counter()
        made = import_advisories([feeds], Path(folder))
        making = time.perf_counter() - begun
        loading = median_s(lambda: open_snapshot(made.path).close(), runs=15)
        size = made.path.stat().st_size
        with open_snapshot(made.path) as snapshot:
            found = len(match_inventory(image, snapshot).findings)
            took = median_s(lambda: match_inventory(image, snapshot), runs=15)
    records = f"{sum(made.records.values()):,} records"
    note = f"{records}, {found:,} findings; median of 15"
    Row(f"match {_PACKAGES} Debian packages", "ms", took * 1000, goal=40, note=note).print()
    note = "its digest verified; median of 15"
    Row("open the advisory snapshot", "ms", loading * 1000, goal=20, note=note).print()
    Row("make it of every public feed", "s", making, goal=60, note=f"{records}; once").print()
    packed = sum(path.stat().st_size for path in feeds.rglob("*") if path.suffix == ".gz")
    Row(
        "the advisory snapshot",
        "MB",
        size / 1e6,
        goal=packed / 1e6,
        theirs=packed / 1e6,
        theirs_name="the feeds, gzipped",
        note=records,
    ).print()


def _inventory(feed: Path) -> Inventory:
    """Binaries of every source package of the feed: half so old that all records hit, half new."""
    with gzip.open(feed) as lines:
        listed = {one["package"]["name"] for line in lines for one in json.loads(line)["affected"]}
    sources = sorted(listed - _LEFT_OUT)
    components = []
    for number in range(_PACKAGES):
        source = sources[number % len(sources)]
        name = f"{source}-{number // len(sources)}"
        version = "0~0" if number % 2 else "9999:0"
        purl = f"pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-12"
        components.append(Component(purl, "deb", name, version, source, version, "debian-12"))
    return Inventory(Digest.of(b"bench"), "bench", "linux/amd64", "debian-12", tuple(components))


if __name__ == "__main__":
    main()
