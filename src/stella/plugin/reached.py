"""How a host is reached that has no agent of its own: what stands in a target, its plan and its order.

Credentials are references. Who the host is, is pinned: a key or a certificate, never "the first seen".
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from stella.kernel import Json
from stella.plugin.contract.deployed import is_secret_reference
from stella.plugin.wire import from_wire, to_wire

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})\Z|[0-9A-Fa-f:.]{2,45}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@\\-]{0,103}\Z")
_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{100,15000}-----END CERTIFICATE-----\Z"
)
_PORT_MAX = 65535
_HOPS_MAX = 5
_PINNED_MAX = 16_384
KEY_KINDS = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
    }
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A machine that is logged in to by SSH.

    host_key: its kind and its key, as ``ssh-keyscan`` has them (``ssh-ed25519 AAAA...``). key, password,
    passphrase: references; one of the first two.
    """

    host: str
    user: str
    host_key: str
    port: int = 22
    key: str | None = None
    password: str | None = None
    passphrase: str | None = None


@dataclass(frozen=True, slots=True)
class Ssh:
    """A host by SSH. sudo: whether commands run by ``sudo -n``. jump: on the way to it, nearest first."""

    host: str
    user: str
    host_key: str
    port: int = 22
    key: str | None = None
    password: str | None = None
    passphrase: str | None = None
    sudo: bool = False
    jump: tuple[Hop, ...] = ()

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Each login on the way, the host's own last."""
        last = Hop(
            self.host,
            self.user,
            self.host_key,
            self.port,
            self.key,
            self.password,
            self.passphrase,
        )
        return (*self.jump, last)


class WinrmLogin(StrEnum):
    """How an account shows at WinRM who it is. ``basic``: local accounts alone, and as Windows lets it."""

    NTLM = "ntlm"
    BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Winrm:
    """A Windows host by WinRM over HTTPS. password: a reference.

    certificate: the host's own, or that of its authority, PEM; nothing else is believed.
    """

    host: str
    user: str
    password: str
    certificate: str
    port: int = 5986
    login: WinrmLogin = WinrmLogin.NTLM


@dataclass(frozen=True, slots=True)
class Reach:
    """By which way: one of them."""

    ssh: Ssh | None = None
    winrm: Winrm | None = None

    @property
    def way(self) -> str:
        """What an agent must know: ``ssh``, ``winrm``."""
        return "ssh" if self.ssh is not None else "winrm"

    @property
    def place(self) -> str:
        """The host as a place, whoever logs in: ``ssh://10.0.0.7:22``."""
        there = self.ssh or self.winrm
        assert there is not None, "a reach names a way"
        return f"{self.way}://{there.host.lower()}:{there.port}"

    def is_host_of(self, other: "Reach") -> bool:
        """Whether both lead to one host, as far as what is pinned tells.

        A host key is one host's, under whatever name; two of one kind are two hosts, also where both have
        the same private address. Else the place decides.
        """
        if self.ssh is None or other.ssh is None:
            return self.place == other.place
        try:
            (kind, key), (other_kind, other_key) = map(
                pinned_key, (self.ssh.host_key, other.ssh.host_key)
            )
        except ValueError:
            return self.place == other.place
        return key == other_key if kind == other_kind else self.place == other.place

    @property
    def references(self) -> tuple[str, ...]:
        """Every secret that reaching it takes."""
        if self.winrm is not None:
            return (self.winrm.password,)
        hops = self.ssh.hops if self.ssh is not None else ()
        named = [(one.key, one.password, one.passphrase) for one in hops]
        return tuple(dict.fromkeys(one for three in named for one in three if one is not None))


def reach_spec(reach: Reach) -> dict[str, Json]:
    """As it stands in a declarative document and in a plan; what is as ever is left out."""
    wired = to_wire(reach)
    assert isinstance(wired, dict)
    return {name: _spoken(value) for name, value in wired.items() if value is not None}


def _spoken(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _spoken(v) for k, v in value.items() if v not in (None, False, [])}
    return [_spoken(one) for one in value] if isinstance(value, list) else value


def read_reach(spec: Mapping[str, Json]) -> Reach:
    """What ``reach_spec`` wrote. Raises MalformedWire."""
    return from_wire(Reach, spec)


def fingerprint(key: bytes) -> str:
    """Of a host key's blob, as ``ssh-keygen -l`` shows it: ``SHA256:...``."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def pinned_key(line: str) -> tuple[str, bytes]:
    """Kind and blob of a host key. Raises ValueError."""
    words = line.split()
    if len(words) < 2 or words[0] not in KEY_KINDS or len(line) > _PINNED_MAX:
        raise ValueError(f"its kind is none of {', '.join(sorted(KEY_KINDS))}")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise ValueError("it is no base64") from None
    kind = words[0].encode()
    if blob[: 4 + len(kind)] != len(kind).to_bytes(4, "big") + kind:
        raise ValueError(f"it is no {words[0]} key")
    return words[0], blob


def unpinned(reach: Reach) -> tuple[str, ...]:
    """``HOST:PORT`` of each machine on the way whose key or certificate is not given."""
    if reach.winrm is not None and not reach.winrm.certificate.strip():
        return (f"{reach.winrm.host}:{reach.winrm.port}",)
    hops = reach.ssh.hops if reach.ssh is not None else ()
    return tuple(f"{one.host}:{one.port}" for one in hops if not one.host_key.strip())


def reach_faults(reach: Reach) -> Iterator[str]:
    """Everything against it, but for a key that is not given: that has its own remedy."""
    if (reach.ssh is None) == (reach.winrm is None):
        yield "reach names no way: ssh or winrm" if reach.ssh is None else "reach names two ways"
        return
    if reach.winrm is not None:
        yield from (f"reach.winrm.{why}" for why in _winrm_faults(reach.winrm))
    if reach.ssh is None:
        return
    *jumps, host = reach.ssh.hops
    yield from (f"reach.ssh.{why}" for why in _hop_faults(host))
    if len(jumps) > _HOPS_MAX:
        yield f"reach.ssh.jump has more than {_HOPS_MAX}"
    for at, hop in enumerate(jumps):
        yield from (f"reach.ssh.jump[{at}].{why}" for why in _hop_faults(hop))


def _winrm_faults(given: Winrm) -> Iterator[str]:
    yield from _place_faults(given.host, given.user, given.port)
    if not is_secret_reference(given.password):
        yield "password: give a reference to where it lies, such as vault://... or file://..."
    if given.certificate.strip() and not _PEM.match(given.certificate.strip()):
        yield "certificate: it is no certificate in PEM"


def _place_faults(host: str, user: str, port: int) -> Iterator[str]:
    if not _HOST.match(host):
        yield f"host: {host[:80]!r} is no name or address"
    if not _USER.match(user):
        yield f"user: {user[:80]!r} is no account"
    if not 0 < port <= _PORT_MAX:
        yield f"port: {port} is none"


def _hop_faults(hop: Hop) -> Iterator[str]:
    yield from _place_faults(hop.host, hop.user, hop.port)
    if hop.host_key.strip():
        try:
            pinned_key(hop.host_key)
        except ValueError as error:
            yield f"hostKey: {error}"
    for name, value in (
        ("key", hop.key),
        ("password", hop.password),
        ("passphrase", hop.passphrase),
    ):
        if value is not None and not is_secret_reference(value):
            # Not shown: it may be the secret itself.
            yield f"{name}: give a reference to where it lies, such as vault://... or file://..."
    if (hop.key is None) == (hop.password is None):
        yield "key: give either a key or a password"
