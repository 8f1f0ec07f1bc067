"""Which paths are remembered because a container may run them."""

import re

_NEVER_RUN = (
    *("usr/share/", "usr/include/", "usr/lib/python3/", "usr/lib/modules/", "lib/modules/"),
    *("var/lib/dpkg/", "var/lib/apt/", "var/cache/", "proc/", "sys/", "dev/", "boot/"),
)
_RUN_AFTER_ALL = r"usr/share/[^/\n]+/bin/"
_NO_PROGRAM = frozenset(
    {
        *(".pyc", ".pm", ".json", ".txt", ".md", ".html", ".h", ".c", ".gz", ".xz", ".zip", ".so"),
        *(".a", ".o", ".conf", ".mo", ".css", ".map", ".png", ".svg", ".yml", ".yaml", ".xml"),
        *(".d.ts", ".pyi", ".pem", ".crt", ".list", ".md5sums"),
    }
)
_SOURCES = frozenset(
    {".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php", ".pl", ".sh", ".dll", ".jar", ".war"}
)
_OF_PACKAGES = re.compile(
    r"(?:[^\n]*/)?(?:site-packages|dist-packages|node_modules|gems)/(?!\.bin/)"
    r"|(?:usr/)?lib/python[0-9]"
)
_SYSTEM = (
    *("usr/lib/", "usr/share/", "usr/include/", "usr/local/lib/", "usr/local/share/", "lib/"),
    *("usr/local/include/", "var/lib/", "var/cache/", "etc/", "boot/", "proc/", "sys/", "dev/"),
)
_BARE = ("bin/", "sbin/", "usr/bin/", "usr/sbin/", "usr/local/bin/", "usr/local/sbin/")
_BARE_LIBRARIES = ("usr/lib/", "usr/libexec/", "lib/")


def may_be_run(path: str, name: str) -> bool:
    """Whether a file or link of this path may be a program, if its mode says so."""
    if path.startswith(_NEVER_RUN) and not re.match(_RUN_AFTER_ALL, path):
        return False
    dot = name.rfind(".")
    if dot < 0:
        return True
    suffix = name[dot:]
    if suffix in _NO_PROGRAM or ".so." in name:
        return False
    return suffix not in _SOURCES or not _OF_PACKAGES.match(path)


def is_source(path: str, name: str) -> bool:
    """Whether an interpreter may be given this file, of the application and not of a package."""
    if name[name.rfind(".") :] not in _SOURCES or path.startswith(_SYSTEM):
        return False
    return not _OF_PACKAGES.match(path)


def is_bare(path: str, name: str) -> bool:
    """Whether a file that may not be run lies where programs do: it may replace one that had more power."""
    if "." in name:
        return False
    return path.startswith(_BARE) or path.startswith(_BARE_LIBRARIES)
