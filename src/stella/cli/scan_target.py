"""What ``stella scan`` and its neighbours take as TARGET, and the source each one is read from."""

import base64
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from stella import __version__
from stella.image import ImageSource, Reference, parse_reference
from stella.kernel import Digest
from stella.plugin import installed_plugin
from stella.plugin.contract.registry import Registry, RegistryConfig
from stella.sbom import DirectoryCache, LayerCache, MemoryCache

_SUFFIX = r"@(?P<digest>sha256:[0-9a-f]{64})\Z|:(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})\Z"


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """How to reach registries, as the options and the environment say."""

    plain_http: bool = False
    ca_file: str | None = None
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class ImageTarget:
    """An image somewhere. registry: the same source where it is one, for attaching.

    kept: what must stay open for as long as it is read.
    """

    source: ImageSource
    reference: Reference
    registry: Registry | None = None
    kept: object = None


@dataclass(frozen=True, slots=True)
class DirectoryTarget:
    """``dir:DIR``."""

    path: Path


@dataclass(frozen=True, slots=True)
class SbomTarget:
    """``sbom:FILE``."""

    path: Path


Target = ImageTarget | DirectoryTarget | SbomTarget


def open_target(text: str, access: RegistryAccess) -> Target:
    """The target that ``text`` names. Nothing is read from a registry yet.

    Raises MalformedReference, MalformedLayout, ImageNotSaved.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind == "dir":
        return DirectoryTarget(Path(rest))
    if colon and kind == "sbom":
        return SbomTarget(Path(rest))
    if colon and kind in {"oci-layout", "tar"}:
        from stella.image import OciLayout, TarImage

        path, reference = _local(kind, rest)
        opened = OciLayout.of_directory(path) if kind == "oci-layout" else TarImage.open(path)
        return ImageTarget(opened, reference)
    if colon and kind == "docker":
        from stella.cli.docker_image import saved_image
        from stella.image import TarImage

        file, kept = saved_image(rest)
        name = Path(rest.partition("@")[0].rpartition("/")[2].partition(":")[0] or "image").name
        # Only one was saved, so it is found by whatever tag it has.
        return ImageTarget(
            TarImage.open(file), Reference("docker", name, "latest", None), kept=kept
        )
    reference = parse_reference(text)
    registry = open_registry(reference.host, access)
    return ImageTarget(registry, reference, registry)


def open_registry(host: str, access: RegistryAccess) -> Registry:
    """The installed connector for ``host``, found as any plugin is: by its entry point."""
    plugin = installed_plugin("registry")
    given = (access.username, access.password or "") if access.username is not None else None
    pair = given or _docker_login(host)
    config = RegistryConfig(
        host=host,
        plain_http=access.plain_http,
        login=(lambda: pair) if pair else None,
        ca_file=access.ca_file,
    )
    return plugin.registries["oci"](config)


def open_cache(*, is_wanted: bool) -> LayerCache:
    """The user's own cache of layers seen before."""
    if not is_wanted:
        return MemoryCache()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return DirectoryCache(Path(base) / "stella" / "layers")


def tool_version() -> str:
    """The version that documents name as their tool."""
    return __version__


def _local(kind: str, rest: str) -> tuple[Path, Reference]:
    """``DIR[:TAG]`` or ``DIR[@DIGEST]``; an existing path wins over reading a tag out of it."""
    suffix = None if Path(rest).exists() else re.search(_SUFFIX, rest)
    path = Path(rest[: suffix.start()] if suffix else rest)
    digest = Digest(suffix["digest"]) if suffix and suffix["digest"] else None
    tag = suffix["tag"] if suffix and suffix["tag"] else None
    return path, Reference(kind, path.resolve().name, tag or (None if digest else "latest"), digest)


def _docker_login(host: str) -> tuple[str, str] | None:
    """What ``docker login`` left in its file, if it left it in the open."""
    directory = os.environ.get("DOCKER_CONFIG") or str(Path.home() / ".docker")
    try:
        kept = json.loads((Path(directory) / "config.json").read_text())
        pair = base64.b64decode(kept["auths"][host]["auth"]).decode()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    username, colon, password = pair.partition(":")
    return (username, password) if colon else None
