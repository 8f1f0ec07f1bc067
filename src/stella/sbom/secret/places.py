"""Which files are searched for secrets, by their paths alone: an image has too many to open them all."""

import re
from enum import StrEnum


class Place(StrEnum):
    """What a file is by its path, and so which rules it is searched by."""

    KEY = "key"
    AWS = "aws"
    DOCKER = "docker"
    NPM = "npm"
    PYPI = "pypi"
    URLS = "urls"
    NETRC = "netrc"
    ENVIRONMENT = "environment"
    TEXT = "text"


TEXT_BYTES_MAX = 128 * 1024
"""Longer sources and settings are not searched: what is made by machines holds no one's keys."""
SECRET_BYTES_MAX = 1024 * 1024
"""A file that is there to hold secrets, and longer than this, is partial."""

_NAMES = {
    **dict.fromkeys(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "identity"), Place.KEY),
    **dict.fromkeys((".git-credentials", ".pgpass", "pip.conf"), Place.URLS),
    **dict.fromkeys((".npmrc", ".yarnrc", ".yarnrc.yml"), Place.NPM),
    **dict.fromkeys((".netrc", "_netrc"), Place.NETRC),
    ".pypirc": Place.PYPI,
    ".dockercfg": Place.DOCKER,
    ".env": Place.ENVIRONMENT,
}
_WITHIN = {
    ("credentials", ".aws"): Place.AWS,
    ("config", ".aws"): Place.AWS,
    ("config.json", ".docker"): Place.DOCKER,
    ("config.json", ".kaniko"): Place.DOCKER,
    ("auth.json", "containers"): Place.DOCKER,
    ("credentials", "git"): Place.URLS,
}
_WITHIN_NAMES = frozenset(name for name, _ in _WITHIN)
_KEYS = frozenset({".pem", ".key", ".pk8"})
_TEXTS = frozenset(
    {
        *(
            ".py",
            ".js",
            ".mjs",
            ".cjs",
            ".ts",
            ".rb",
            ".php",
            ".pl",
            ".sh",
            ".ini",
            ".cfg",
            ".conf",
        ),
        *(".properties", ".yml", ".yaml", ".toml", ".tfvars", ".json", ".xml", ".env"),
    }
)
# What distributions and packages of languages bring is published: it is nobody's secret.
_PUBLISHED = (
    r"(?:usr/(?:share|include|lib|lib64|libexec|bin|sbin)|lib|lib64|bin|sbin|boot|proc|sys|dev"
    r"|usr/local/(?:lib|share|include)|var/lib/dpkg|var/lib/apt|var/cache|etc/ssl/certs)/"
    r"|(?:[^\n]*/)?(?:site-packages|dist-packages|node_modules|gems|\.cargo/registry|pkg/mod)/"
)


def is_published(path: str) -> bool:
    """Whether the file came with the system or with a package of a language."""
    return re.match(_PUBLISHED, path) is not None


def place_of(path: str, name: str) -> Place | None:
    """What to search the file at ``path`` for; None: it is left alone. name: the last segment."""
    found = _NAMES.get(name)
    if found is None and name in _WITHIN_NAMES:
        found = _WITHIN.get((name, path[: -len(name) - 1].rpartition("/")[2]))
    if found is None:
        suffix = name[name.rfind(".") :]
        if suffix in _KEYS or (name.startswith("ssh_host_") and name.endswith("_key")):
            found = Place.KEY
        elif name.startswith(".env."):
            found = Place.ENVIRONMENT
        elif suffix in _TEXTS and not path.startswith("etc/"):
            found = Place.TEXT
    return None if found is None or is_published(path) else found
