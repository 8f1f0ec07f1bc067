"""The Debian base of the demo's images, bootstrapped once and kept in a cache."""

import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from stella.kernel import Remedy
from stella.lab.errors import LabUnavailable
from stella.lab.packages import SUITE
from stella.lab.process import run_command

# Left out of the base: nothing reads them in a container. What licences ask for stays.
LEFT_OUT = (
    "usr/share/locale",
    "usr/share/man",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)


def cache_directory() -> Path:
    """Where the lab keeps what is slow to make: ``$XDG_CACHE_HOME/stella/lab``."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "stella" / "lab"


def debian_base_path(cache: Path | None = None) -> Path:
    """Where the base of this machine's architecture is kept."""
    architecture = run_command(["dpkg", "--print-architecture"]).strip()
    return (cache or cache_directory()) / f"{SUITE}-python3-{architecture}.tar"


def debian_base(cache: Path | None = None) -> Path:
    """A tar of Debian 12 with Python, made by debootstrap at the first call (half a minute).

    Packages come from the mirror of the machine's own apt sources. Raises LabUnavailable where
    debootstrap or a mirror is missing, CommandFailed where it ends with an error.
    """
    target = debian_base_path(cache)
    if target.exists():
        return target
    if shutil.which("debootstrap") is None:
        raise LabUnavailable(
            "the program debootstrap is not installed",
            remedy=Remedy("Install Debian's package.", "apt-get install debootstrap"),
        )
    mirror = debian_mirror(Path("/etc/apt"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stella-base-") as temporary:
        tree = Path(temporary) / "tree"
        argv = ["debootstrap", "--variant=minbase", "--include=python3", SUITE, str(tree), mirror]
        run_command(argv, timeout_s=900)
        draft = target.with_suffix(f".{os.getpid()}.new")
        _pack(tree, draft)
        draft.replace(target)
    return target


def _pack(tree: Path, target: Path) -> None:
    """Write ``tree`` as a tar, sorted, without device nodes and what nobody reads."""

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        left_out = member.name.startswith(tuple(f"{name}/" for name in LEFT_OUT))
        return None if left_out or (member.isdev() and not member.isfile()) else member

    try:
        with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
            for entry in sorted(tree.iterdir()):
                archive.add(entry, arcname=entry.name, filter=kept)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def debian_mirror(apt: Path) -> str:
    """The mirror from which this machine gets Debian's suite (sources.list(5), both formats)."""
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        for stanza in path.read_text().split("\n\n"):
            lines = [line for line in stanza.splitlines() if not line.startswith("#")]
            fields = dict(line.split(":", 1) for line in lines if ":" in line)
            if SUITE in fields.get("Suites", "").split():
                return fields["URIs"].split()[0]
    for path in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))):
        lines = path.read_text().splitlines() if path.exists() else []
        for line in lines:
            words = line.partition("]")[2].split() if "[" in line else line.split()[1:]
            if line.startswith("deb ") and words[1:2] == [SUITE]:
                return words[0]
    raise LabUnavailable(
        f"this machine's apt sources name no mirror of Debian {SUITE}",
        remedy=Remedy("Add one to /etc/apt/sources.list.d, or run the demo on Debian 12."),
        apt=str(apt),
    )
