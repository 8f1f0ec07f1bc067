"""People of an LDAP directory: found by name, their password tried, their groups looked up."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from stella.sdk import (
    Connection,
    DirectoryEntry,
    Json,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
    StellaError,
)
from stella_connectors.ldap.line import (
    BASE,
    NO_SUCH_OBJECT,
    REFERRAL,
    SIZE_LIMIT,
    SUCCESS,
    Entry,
    LdapLine,
    LdapTrouble,
)

_NAME_MAX = 256
_PASSWORD_MAX = 1024
_GROUPS_MAX = 1000
_TEXT_MAX = 255
# The server itself is in trouble: operations error, time limit, busy, unavailable, other.
_PASSING = frozenset({1, 3, 51, 52, 80})
_NO_MORE = frozenset({SUCCESS, NO_SUCH_OBJECT, REFERRAL, SIZE_LIMIT})


def open_ldap(connection: Connection) -> "LdapDirectory":
    """The directory of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return LdapDirectory(connection)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where people and groups lie, and in which attributes what is said of them."""

    user_base: str
    user: str
    user_filter: tuple[tuple[str, str], ...]
    id: str
    shown: str
    email: str
    member_of: str
    group_base: str
    group_member: str
    group_name: str

    @property
    def wanted(self) -> tuple[str, ...]:
        """The attributes of a person."""
        named = (self.user, self.id, self.shown, self.email, self.member_of)
        return tuple(dict.fromkeys(name for name in named if name))


class LdapDirectory:
    """One directory, as ``stella.sdk.Directory`` asks. Safe for several threads: each call has a
    connection of its own.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        try:
            parts = urlsplit(connection.endpoint)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        self._host = parts.hostname or ""
        if parts.scheme not in {"ldap", "ldaps"} or not self._host:
            raise self._refused(
                "its endpoint is no ldaps:// or ldap:// URL", "Write ldaps://host[:port]."
            )
        self._is_tls_at_once = parts.scheme == "ldaps"
        self._is_plain = connection.config.get("plain_ldap") is True and not self._is_tls_at_once
        self._port = port or (636 if self._is_tls_at_once else 389)
        self._context = None if self._is_plain else self._trusting(connection.ca)
        self._layout = _layout(connection.config)

    def log_in(self, name: str, password: str) -> DirectoryEntry | None:
        """Who that is, where the password is theirs. Raises ServiceUnreachable, ServiceRefused."""
        if not _is_name(name) or not 0 < len(password) <= _PASSWORD_MAX or "\0" in password:
            return None
        with self._line() as line:
            self._bind(line)
            entry = self._find(line, name)
            # For a name that nobody has the same work is done, so that time does not tell.
            dn = entry.dn if entry is not None else f"cn=nobody,{self._layout.user_base}"
            code = line.bind(dn, password)
            if code in _PASSING:
                raise self._unreachable(f"it is in trouble itself (LDAP result {code})")
            if entry is None or code != SUCCESS:
                return None
            self._bind(line)
            return self._person(line, entry)

    def find(self, name: str) -> DirectoryEntry | None:
        """Who has that name. Raises ServiceUnreachable, ServiceRefused."""
        if not _is_name(name):
            return None
        with self._line() as line:
            self._bind(line)
            entry = self._find(line, name)
            return None if entry is None else self._person(line, entry)

    def check(self) -> str:
        """As whom we are there, and that people lie where we look."""
        base = self._layout.user_base
        with self._line() as line:
            who = self._bind(line)
            code, found = line.search(base, (), ("objectClass",), scope=BASE, entries_max=1)
        if code != SUCCESS or not found:
            raise self._refused(
                f"{_shown(base)} is not there, or not for us (LDAP result {code})",
                "Correct user_base, or let our account read there.",
            )
        return f"we are {who or 'nobody (anonymous)'}, and may look below {_shown(base)}"

    def close(self) -> None:
        """Nothing is kept open."""

    # ------------------------------------------------------------ one connection

    @contextmanager
    def _line(self) -> Iterator[LdapLine]:
        """A connection, by TLS unless it was switched off. Raises ServiceUnreachable."""
        trouble, timeout_s = "", float(self._connection.timeout_s)
        try:
            opened = self._connection.connect(self._host, self._port, timeout_s)
        except OSError as error:
            trouble = f"{type(error).__name__}: {error.strerror or error}"[:200]
        if trouble:
            raise self._unreachable(trouble)
        line = LdapLine(opened, timeout_s)
        try:
            if self._context is not None:
                if not self._is_tls_at_once:
                    line.start_tls()
                line.secure(self._context, self._host)
            yield line
        except LdapTrouble as error:
            trouble = str(error)
        finally:
            line.close()
        if trouble:
            raise self._unreachable(trouble)

    def _bind(self, line: LdapLine) -> str:
        """As our own account; its DN. Raises ServiceRefused."""
        dn = str(self._connection.config.get("bind_dn") or "")
        ask = self._connection.credentials.get("bind_password")
        if not dn:
            code = line.bind("", "")
        else:
            password = ask() if ask is not None else ""
            if not password:
                raise self._refused(
                    "bind_dn stands there without bind_password",
                    "Give the credential bind_password in the connection.",
                )
            code = line.bind(dn, password)
        if code in _PASSING:
            raise self._unreachable(f"it is in trouble itself (LDAP result {code})")
        if code != SUCCESS:
            raise self._refused(
                f"it does not take our own login (LDAP result {code})",
                "Compare bind_dn and the secret bind_password with the directory.",
            )
        return _shown(dn)

    def _find(self, line: LdapLine, name: str) -> Entry | None:
        """The one entry of that name."""
        layout = self._layout
        equal = ((layout.user, name), *layout.user_filter)
        code, found = line.search(layout.user_base, equal, layout.wanted, entries_max=2)
        self._refuse(code)
        return found[0] if len(found) == 1 and code in {SUCCESS, REFERRAL} else None

    def _person(self, line: LdapLine, entry: Entry) -> DirectoryEntry:
        layout = self._layout
        known, name = entry.text(layout.id), entry.text(layout.user)
        if not known or not name:
            raise self._refused(
                f"an entry has no {layout.user if known else layout.id}",
                "Let id_attribute name one that every entry has and that never changes.",
            )
        groups = set(entry.texts(layout.member_of)) if layout.member_of else set()
        if layout.group_base:
            groups |= self._groups(line, entry, name)
        return DirectoryEntry(
            id=known[:_TEXT_MAX],
            name=name[:_TEXT_MAX],
            display_name=entry.text(layout.shown)[:_TEXT_MAX],
            email=entry.text(layout.email)[:_TEXT_MAX],
            groups=tuple(sorted(groups)[:_GROUPS_MAX]),
        )

    def _groups(self, line: LdapLine, entry: Entry, name: str) -> set[str]:
        layout = self._layout
        # A group of POSIX lists names, every other one lists DNs.
        member = name if layout.group_member.lower() == "memberuid" else entry.dn
        code, found = line.search(
            layout.group_base,
            ((layout.group_member, member),),
            (layout.group_name,),
            entries_max=_GROUPS_MAX,
        )
        self._refuse(code)
        return {group.text(layout.group_name) for group in found} - {""}

    def _refuse(self, code: int) -> None:
        """Return where the search was done. Raises ServiceUnreachable, ServiceRefused."""
        if code in _PASSING:
            raise self._unreachable(f"it is in trouble itself (LDAP result {code})")
        if code not in _NO_MORE:
            raise self._refused(
                f"it does not let us search (LDAP result {code})",
                "Let our account read people and groups, and compare the bases with the directory.",
            )

    # ------------------------------------------------------------ refusals

    def _trusting(self, ca: str | None) -> ssl.SSLContext:
        import certifi

        try:
            return ssl.create_default_context(cadata=ca, cafile=None if ca else certifi.where())
        except (ssl.SSLError, ValueError, TypeError):
            pass
        raise self._refused(
            "the own authority that was given is no certificate in PEM",
            "Give the authority as PEM, -----BEGIN CERTIFICATE-----.",
        )

    def _unreachable(self, why: str) -> StellaError:
        return ServiceUnreachable(
            f"the directory at {self._host} gives no usable answer: {why}",
            remedy=Remedy("Check its address and certificate, and that it runs; then try again."),
            service=self._host,
        )

    def _refused(self, why: str, advice: str) -> StellaError:
        return ServiceRefused(
            f"the directory at {self._host or 'its endpoint'} cannot be used: {why}",
            remedy=Remedy(advice),
            service=self._host,
        )


def _layout(config: Mapping[str, Json]) -> _Layout:
    def text(name: str, otherwise: str = "") -> str:
        value = config.get(name)
        return value if isinstance(value, str) else otherwise

    given = config.get("user_filter")
    pairs = given.items() if isinstance(given, Mapping) else ()
    return _Layout(
        user_base=text("user_base"),
        user=text("user_attribute", "uid"),
        user_filter=tuple((name, str(value)) for name, value in sorted(pairs)),
        id=text("id_attribute", "entryUUID"),
        shown=text("display_attribute", "cn"),
        email=text("email_attribute", "mail"),
        member_of=text("member_of_attribute"),
        group_base=text("group_base"),
        group_member=text("group_member_attribute", "member"),
        group_name=text("group_name_attribute", "cn"),
    )


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _NAME_MAX and name.isprintable() and name.strip() == name


def _shown(dn: str) -> str:
    return "".join(letter for letter in dn[:200] if letter.isprintable())
