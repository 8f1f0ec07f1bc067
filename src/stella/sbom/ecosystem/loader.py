"""Where the dynamic linker looks for libraries. Source: ldconfig(8), and musl's ldso/dynlink.c."""

from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import LoaderPaths
from stella.sbom.limits import Limits

_PATHS_MAX = 200
_PATH_MAX = 1024


def parse_conf(_: str, content: bytes, __: Limits) -> LoaderPaths:
    """The directories of ``ld.so.conf`` or of a file beside it; what it includes is read by itself."""
    words: list[str] = []
    for line in content.decode("utf-8", "replace").splitlines():
        text = line.partition("#")[0].strip()
        if not text.startswith(("include ", "hwcap ")):
            words += text.replace(":", " ").replace(",", " ").split()
    return LoaderPaths(_absolute(words))


def parse_musl(_: str, content: bytes, __: Limits) -> LoaderPaths:
    """The directories of musl's ``/etc/ld-musl-ARCH.path``, with newlines or colons between."""
    text = content.decode("utf-8", "replace").replace("\n", ":")
    return LoaderPaths(_absolute(text.split(":")))


def _absolute(words: list[str]) -> tuple[str, ...]:
    paths = [word.partition("=")[0] for word in words]
    listed = [path for path in paths if path.startswith("/") and len(path) <= _PATH_MAX]
    return tuple(dict.fromkeys(listed))[:_PATHS_MAX]


def _is_conf(path: str) -> bool:
    return path == "etc/ld.so.conf" or (
        path.startswith("etc/ld.so.conf.d/") and path.endswith(".conf")
    )


def _is_musl(path: str) -> bool:
    return path.startswith("etc/ld-musl-")


CONF = EcosystemReader(parse_conf, suffixes=frozenset({".conf"}), wants=_is_conf)
MUSL = EcosystemReader(parse_musl, suffixes=frozenset({".path"}), wants=_is_musl)
