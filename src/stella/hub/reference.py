"""References to secrets: what is written, stored, shown and proven in place of a secret."""

import re
from dataclasses import dataclass

from stella.hub.errors import MalformedReference
from stella.kernel import Remedy
from stella.kernel.names import NAME

ENV, FILE, SECRET = "env", "file", "secret"
_LENGTH_MAX = 1000
_FORM = re.compile(r"([a-z][a-z0-9-]{0,30})://(.+)\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_PATH = re.compile(r"[A-Za-z0-9_@+=.,:!~/?&-]+\Z")
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,128}\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret lies.

    ``env://NAME``, ``file:///PATH``, ``secret://NAME`` (the built-in store), or
    ``CONNECTOR://INTEGRATION/PATH#KEY`` for a secret store: ``vault://main/kv/shop/db#password``.
    """

    scheme: str
    integration: str
    path: str
    key: str | None = None

    @property
    def text(self) -> str:
        """As it is written."""
        key = f"#{self.key}" if self.key else ""
        if self.scheme in {ENV, FILE, SECRET}:
            return f"{self.scheme}://{self.path}{key}"
        return f"{self.scheme}://{self.integration}/{self.path}{key}"


def parse_reference(text: str) -> Reference:
    """Raises MalformedReference, whose words never hold the text: it may be the secret itself."""
    found = _FORM.match(text) if len(text) <= _LENGTH_MAX and text.isprintable() else None
    if found is None:
        raise _malformed("a secret stands where a reference to one belongs")
    scheme, rest = found[1], found[2]
    if scheme == ENV:
        return Reference(ENV, "", _checked(rest, _VARIABLE, "its variable is no name"))
    if scheme == FILE:
        if not rest.startswith("/") or ".." in rest.split("/"):
            raise _malformed("file:// wants the absolute path of a file: file:///run/secrets/NAME")
        return Reference(FILE, "", rest)
    if scheme == SECRET:
        return Reference(SECRET, "", _checked(rest, NAME, "its secret is no name"))
    place, hash_, key = rest.partition("#")
    integration, slash, path = place.partition("/")
    if not slash or not path or ".." in path.split("/"):
        raise _malformed(f"{scheme}:// wants an integration and a path: {scheme}://NAME/PATH#KEY")
    return Reference(
        scheme,
        _checked(integration, NAME, "its integration is no name"),
        _checked(path, _PATH, "its path has characters that no path has"),
        _checked(key, _KEY, "its key is no name") if hash_ else None,
    )


def _checked(text: str, form: re.Pattern[str], why: str) -> str:
    if not form.match(text):
        raise _malformed(why)
    return text


def _malformed(why: str) -> MalformedReference:
    return MalformedReference(
        f"a reference to a secret cannot be read: {why}",
        remedy=Remedy(
            "Write env://NAME, file:///PATH, secret://NAME or CONNECTOR://INTEGRATION/PATH#KEY."
        ),
    )
