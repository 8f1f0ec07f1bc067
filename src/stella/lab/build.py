"""Build and push the demo's shop: three versions of two images on the same Debian base."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeAlias

from stella.kernel import Remedy
from stella.lab.base_image import cache_directory, debian_base
from stella.lab.engine import Host
from stella.lab.errors import CommandFailed, PackagesNotFetched
from stella.lab.lab import Lab
from stella.lab.process import run_command

_BASE_TAG = "shop-base:debian-12"

Make: TypeAlias = Callable[[Path, str, Mapping[str, str]], None]
"""Builds the context's Dockerfile as a reference by tag with these arguments, and pushes it."""


class ShopVersion(StrEnum):
    """V1 carries vulnerable packages; V2 carries fixed ones; V3 differs from V2 in its number."""

    V1 = "1.0.0"
    V2 = "2.0.0"
    V3 = "3.0.0"


REQUIREMENTS: Mapping[ShopVersion, str] = {
    ShopVersion.V1: "requirements-old.txt",
    ShopVersion.V2: "requirements-fixed.txt",
    ShopVersion.V3: "requirements-fixed.txt",
}


def build_shop(lab: Lab, version: ShopVersion, *, cache: Path | None = None) -> dict[str, str]:
    """Build ``web`` and ``worker`` on host ``a`` and push them to the lab's registry.

    The result maps each component to its reference by tag, ``127.0.0.1:PORT/shop/web:1.0.0``.
    Raises CommandFailed, LabUnavailable, PackagesNotFetched.
    """
    host = lab.host("a")
    _import_base(host, cache)

    def make(context: Path, reference: str, arguments: Mapping[str, str]) -> None:
        _build(host, context, reference, {"BASE": _BASE_TAG, **arguments})
        host.run(["push", "--quiet", reference])

    return build_components(lab.registry.address, version, make, cache=cache)


def build_components(
    registry: str, version: ShopVersion, make: Make, *, cache: Path | None = None
) -> dict[str, str]:
    """Let ``make`` build and push each component; component -> reference by tag.

    Raises PackagesNotFetched, and what ``make`` raises.
    """
    references = {}
    with as_file(files("stella.lab") / "shop") as sources:
        for component in ("web", "worker"):
            reference = f"{registry}/shop/{component}:{version.value}"
            with tempfile.TemporaryDirectory(prefix="stella-shop-") as temporary:
                context = Path(temporary) / component
                shutil.copytree(sources / component, context)
                if component == "web":
                    packages = _packages(sources / REQUIREMENTS[version], version, cache)
                    shutil.copytree(packages, context / "packages")
                make(context, reference, {"SHOP_VERSION": version.value})
            references[component] = reference
    return references


def compose_file() -> str:
    """The text of the shop's Compose project, which host ``b`` runs in the demo."""
    return (files("stella.lab") / "shop" / "compose.yaml").read_text()


def _import_base(host: Host, cache: Path | None) -> None:
    try:
        host.run(["image", "inspect", _BASE_TAG])
    except CommandFailed:
        host.run(["import", "--change", 'CMD ["/bin/sh"]', str(debian_base(cache)), _BASE_TAG])


def _build(host: Host, context: Path, reference: str, arguments: Mapping[str, str]) -> None:
    flags = [flag for item in arguments.items() for flag in ("--build-arg", "=".join(item))]
    host.run(["build", "--quiet", "--network=none", *flags, "--tag", reference, str(context)])


def _packages(requirements: Path, version: ShopVersion, cache: Path | None) -> Path:
    """A folder with the version's pinned packages installed, each checked by its hash."""
    target = (cache or cache_directory()) / f"packages-{requirements.stem}"
    if target.exists():
        return target
    draft = target.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    flags = ["--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"]
    try:
        run_command([*pip, *flags, "--target", str(draft), "--requirement", str(requirements)])
    except CommandFailed as refusal:
        raise PackagesNotFetched(
            f"the packages of shop {version.value} could not be fetched: {refusal}",
            remedy=Remedy("Check that pip works in this environment.", f"{sys.executable} -m pip"),
            requirements=requirements.name,
        ) from refusal
    draft.replace(target)
    return target
