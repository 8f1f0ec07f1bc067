"""Package URLs as the specification has them. Source: github.com/package-url/purl-spec, 2026-08.

``stella.sbom.purl`` writes the purls of what Stella finds; this judges the purls of others.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

_TYPE = re.compile(r"[a-z][a-z0-9.-]*", re.ASCII)
_KEY = re.compile(r"[a-z._-][a-z0-9._-]*", re.ASCII)
_CHROME_NAME = re.compile(r"[a-p]{32}", re.ASCII)
_CHROME_VERSION = re.compile(r"\d+(?:\.\d+){0,3}", re.ASCII)
_WITHOUT_NAMESPACE = frozenset(
    {
        *("bazel", "bitnami", "cargo", "chrome-extension", "cocoapods", "conda", "cran", "gem"),
        *("hackage", "julia", "mlflow", "nuget", "oci", "opam", "otp", "pub", "pypi", "vcpkg"),
    }
)
# golang is left out: the standard library and modules without a path have none.
_WITH_NAMESPACE = frozenset(
    {
        *("alpm", "apk", "bitbucket", "composer", "deb", "git", "github", "huggingface"),
        *("maven", "qpkg", "rpm", "swift", "vscode-extension"),
    }
)
_LOWER_NAMESPACE = frozenset(
    {
        *("alpm", "apk", "bitbucket", "brew", "composer", "deb", "github", "hex", "luarocks"),
        *("qpkg", "rpm", "vscode-extension", "yocto"),
    }
)
_LOWER_NAME = frozenset(
    {
        *("alpm", "apk", "bitbucket", "bitnami", "brew", "chrome-extension", "composer", "deb"),
        *("github", "hex", "luarocks", "oci", "otp", "pub", "pypi", "vscode-extension"),
    }
)
_LOWER_VERSION = frozenset({"huggingface", "oci", "vscode-extension"})
_QUALIFIERS = {"julia": "uuid", "swid": "tag_id"}


_SHOWN_MAX = 3


class WrongPurl(ValueError):
    """A purl that breaks the specification; the text says why."""


@dataclass(frozen=True, slots=True)
class Purl:
    """The parts, decoded and in their normal form; "" for what is not there."""

    type: str
    name: str
    namespace: str = ""
    version: str = ""
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    subpath: str = ""

    @property
    def text(self) -> str:
        """``pkg:type/namespace/name@version?qualifiers#subpath``."""
        parts = ["pkg:", self.type, "/"]
        if self.namespace:
            parts += [_escaped(self.namespace, "/"), "/"]
        parts.append(_escaped(self.name, "/" if self.type == "git" else ""))
        if self.version:
            parts += ["@", _escaped(self.version)]
        pairs = [f"{key}={_escaped(self.qualifiers[key])}" for key in sorted(self.qualifiers)]
        parts += ["?", "&".join(pairs)] if pairs else []
        parts += ["#", _escaped(self.subpath, "/")] if self.subpath else []
        return "".join(parts)


def parse_purl(text: str, *, is_strict: bool = True) -> Purl:
    """The purl in ``text``. Raises WrongPurl.

    is_strict: refuse names of qualifiers that begin in upper case, as a reader must; who brings purls
        into their normal form takes them.
    """
    rest, _, subpath = text.partition("#")
    rest, _, query = rest.partition("?")
    scheme, colon, rest = rest.partition(":")
    if scheme.lower() != "pkg" or not colon:
        raise WrongPurl("it does not begin with pkg:")
    kind, _, path = rest.lstrip("/").partition("/")
    before, sign, version = path.rpartition("@")
    if not sign or "/" in version:  # "@scope/name" of npm, written without escapes
        before, version = path, ""
    if not sign or not before.endswith("/"):
        before = before.rstrip("/")
    namespace, _, name = before.rpartition("/")
    return build_purl(
        kind.lower(),
        unquote(name),
        namespace="/".join(unquote(one) for one in namespace.split("/") if one),
        version=unquote(version),
        qualifiers=_qualifiers(query, is_strict=is_strict),
        subpath="/".join(unquote(one) for one in subpath.split("/")),
    )


def purl_remarks(purls: Iterable[str]) -> tuple[str, ...]:
    """What a reader should know of the purls of a document; empty where all are right."""
    wrong: dict[str, str] = {}
    for text in purls:
        try:
            parse_purl(text)
        except WrongPurl as fault:
            wrong[text] = str(fault)
    if not wrong:
        return ()
    shown = "; ".join(f"{one[:80]}: {wrong[one]}" for one in sorted(wrong)[:_SHOWN_MAX])
    return (f"{len(wrong)} purls break their specification: {shown}",)


def build_purl(
    kind: str,
    name: str,
    *,
    namespace: str = "",
    version: str = "",
    qualifiers: Mapping[str, str] | None = None,
    subpath: str = "",
) -> Purl:
    """The purl of these parts, in its normal form. Raises WrongPurl."""
    kind = kind.lower()
    if not _TYPE.fullmatch(kind):
        raise WrongPurl("its type is none")
    kept = {key.lower(): value for key, value in (qualifiers or {}).items() if value}
    for key in kept:
        if not _KEY.fullmatch(key):
            raise WrongPurl(f"{key[:40]!r} is no name of a qualifier")
    if kind == "git":
        host, _, repository = f"{namespace.strip('/')}/{name}".partition("/")
        namespace, name = host, repository
        if host in {"github", "github.com"}:
            name = name.lower()
    made = Purl(
        type=kind,
        name=_name(kind, name, kept),
        namespace=_lower_if(namespace.strip("/"), kind in _LOWER_NAMESPACE),
        version=_lower_if(version, kind in _LOWER_VERSION),
        qualifiers=kept,
        subpath="/".join(one for one in subpath.split("/") if one not in {"", ".", ".."}),
    )
    _check(made)
    return made


def _qualifiers(query: str, *, is_strict: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        key, _, value = pair.partition("=")
        # The public cases refuse "Arch" and take "repositorY_url".
        if is_strict and key[:1].isupper():
            raise WrongPurl(f"the qualifier {key[:40]!r} is not in lower case")
        if key.lower() in found:
            raise WrongPurl(f"the qualifier {key[:40]!r} stands twice")
        found[key.lower()] = unquote(value)
    return found


def _name(kind: str, name: str, qualifiers: Mapping[str, str]) -> str:
    is_databricks = kind == "mlflow" and "databricks" in qualifiers.get("repository_url", "")
    name = _lower_if(name, kind in _LOWER_NAME or is_databricks)
    if kind == "pypi":
        return name.replace("_", "-")
    if kind == "pub":
        return re.sub(r"[^a-z0-9]", "_", name)
    return name


def _check(purl: Purl) -> None:
    """What the types demand."""
    kind = purl.type
    if not purl.name:
        raise WrongPurl("it has no name")
    if purl.namespace and kind in _WITHOUT_NAMESPACE:
        raise WrongPurl(f"{kind} has no namespaces")
    if not purl.namespace and kind in _WITH_NAMESPACE:
        raise WrongPurl(f"{kind} needs a namespace")
    if kind in _QUALIFIERS and _QUALIFIERS[kind] not in purl.qualifiers:
        raise WrongPurl(f"{kind} needs the qualifier {_QUALIFIERS[kind]}")
    if kind == "cpan" and "::" in purl.name:
        raise WrongPurl("the name of a distribution has no '::'")
    if kind == "chrome-extension":
        is_version = not purl.version or _CHROME_VERSION.fullmatch(purl.version)
        if not _CHROME_NAME.fullmatch(purl.name) or not is_version:
            raise WrongPurl("it is no id or version of an extension")


def _lower_if(text: str, condition: bool) -> str:
    return text.lower() if condition else text


def _escaped(text: str, safe: str = "") -> str:
    return quote(text, safe=f"{safe}:")
