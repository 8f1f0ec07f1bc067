"""Users by name and number. Source: passwd(5)."""

from stella.sbom.ecosystem.reader import EcosystemReader
from stella.sbom.facts import Accounts
from stella.sbom.limits import Limits

_USERS_MAX = 10_000
_NAME_LETTERS_MAX = 64


def parse_passwd(_: str, content: bytes, __: Limits) -> Accounts:
    """The first line of each name counts, as for every program; what is no line of an account is passed."""
    users: dict[str, int] = {}
    is_whole = True
    for line in content.decode("utf-8", "replace").split("\n"):
        name, *fields = line.split(":")
        if len(fields) < 3 or not name or len(name) > _NAME_LETTERS_MAX:
            continue
        if not (fields[1].isascii() and fields[1].isdecimal()) or len(fields[1]) > 10:
            continue
        if len(users) >= _USERS_MAX:
            is_whole = False
            break
        users.setdefault(name, int(fields[1]))
    return Accounts(users, is_whole)


READER = EcosystemReader(
    parse_passwd, names=frozenset({"passwd"}), wants=lambda path: path == "etc/passwd"
)
