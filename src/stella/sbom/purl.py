"""Package URLs as text. Source: github.com/package-url/purl-spec; the same text as packageurl-python.

That library reads them where documents come in; for writing it takes longer to load than a whole scan
of layers that were seen before. A test holds the two together.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9._~/:-]*\Z")
# The specification's rules for these types; the others keep the case of their names.
_LOWER_CASE = frozenset({"npm", "oci", "pypi"})


def purl_text(
    kind: str,
    name: str,
    version: str,
    *,
    namespace: str = "",
    qualifiers: Mapping[str, str] | None = None,
) -> str:
    """``pkg:KIND/NAMESPACE/NAME@VERSION?QUALIFIERS``; what is empty is left out.

    kind: "deb", "npm", "oci" or "pypi". name: not empty. qualifiers: names in lower case.
    """
    assert name, (kind, namespace, version)
    escaped = _escaped(name)
    parts = ["pkg:", kind, "/"]
    if namespace:
        parts += [_escaped(namespace), "/"]
    parts.append(escaped.lower() if kind in _LOWER_CASE else escaped)
    if version:
        parts += ["@", _escaped(version)]
    kept = [
        f"{key}={_escaped(value)}" for key, value in (qualifiers or {}).items() if value.strip()
    ]
    if kept:
        parts += ["?", "&".join(sorted(kept))]
    return "".join(parts)


def _escaped(text: str) -> str:
    if _PLAIN.match(text):
        return text
    return quote(text).replace("%3A", ":")
