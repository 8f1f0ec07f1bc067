"""What a path asks for: ``shop/database``, ``shop/database?version=ID``, ``...?stage=AWSPREVIOUS``."""

import re
from dataclasses import dataclass

# A secret's name, or its ARN (Secrets Manager API reference, CreateSecret and GetSecretValue).
_NAME = re.compile(
    r"(?:arn:[A-Za-z0-9-]+:secretsmanager:[a-z0-9-]*:[0-9]*:secret:)?[\w/+=.@!-]{1,512}\Z"
)
_QUERY = re.compile(r"(version|stage)=([\w/+=.@-]{1,256})\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """parameters: of GetSecretValue."""

    name: str
    parameters: dict[str, str]


def parse_reference(text: str) -> Reference | None:
    """None for what names no secret."""
    name, mark, query = text.partition("?")
    found = _QUERY.match(query)
    if not text.isascii() or not _NAME.match(name) or (mark and not found):
        return None
    asked = {"SecretId": name}
    if found is not None:
        asked["VersionId" if found.group(1) == "version" else "VersionStage"] = found.group(2)
    return Reference(name, asked)
