"""The git connector beyond the kit: signatures, pinned hosts, what is copied, servers that lie."""

import hashlib
import socket
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from connectors.scms import name_of, profile
from connectors.stores import Given, direct
from fixtures.git_servers import (
    PASSWORD,
    USER,
    GitHttpServer,
    GitSshServer,
    Repository,
    git_over_http,
    git_over_ssh,
    made_key,
    made_repository,
)
from stella.plugin.contract.scm import CommitSignature, SignatureState
from stella.plugin.refusals import NotSupported, NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold
from stella_connectors.git import GitScm, open_git
from stella_connectors.git.objects import RawCommit
from stella_connectors.git.signatures import AllowedSigners, fingerprint, judged
from stella_connectors.git.sshkeys import Fields, NotSigned, verify

pytestmark = pytest.mark.long

LOGIN = Given({"username": USER, "password": PASSWORD})


def over_http(server: GitHttpServer, **config: object) -> GitScm:
    return open_git(profile(server.endpoint, LOGIN, direct, **config))


# ---------------------------------------------------------------- signatures


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Kind -> the public key; the private one lies beside ``place``."""
    place = tmp_path_factory.mktemp("keys")
    return {"place": str(place)} | {
        kind: made_key(place, kind, kind)[1] for kind in ("ed25519", "ecdsa", "rsa")
    }


@pytest.fixture(scope="session")
def signed(git_root: Path, keys: dict[str, str]) -> Repository:
    """``shop/signed``: a commit signed with each kind of key, on a branch of that name."""
    made = made_repository(git_root / "shop", "signed")
    for kind in ("ed25519", "ecdsa", "rsa"):
        made.git("checkout", "-q", "-b", kind, "main")
        made.git("config", "gpg.format", "ssh")
        made.git("config", "user.signingkey", f"{keys['place']}/{kind}")
        made.commit(f"Signed with {kind}", "-S", body="Several lines\n\n\nof it.\n")
    made.push()
    return made


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_commit_signed_by_an_allowed_signer_is_good(
    kind: str, signed: Repository, git_http: GitHttpServer, keys: dict[str, str]
) -> None:
    lines = [f'ada@shop.example,grace@shop.example namespaces="git,file" {keys[kind]}']
    scm = over_http(git_http, allowed_signers=lines)
    found = scm.resolve(name_of(signed), kind)
    assert found.signature == CommitSignature(
        SignatureState.GOOD, "ada@shop.example,grace@shop.example"
    )
    assert scm.resolve(name_of(signed), "main").signature.state is SignatureState.NONE


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "no allowed signer's"),
        ('ada namespaces="file" KEY', "no allowed signer's"),
        ('ada valid-after="20290101" KEY', "did not count at that time"),
        ('ada valid-before="20250101" KEY', "did not count at that time"),
    ],
)
def test_a_key_that_does_not_count_makes_the_signature_unknown(
    line: str, why: str, signed: Repository, git_http: GitHttpServer, keys: dict[str, str]
) -> None:
    scm = over_http(git_http, allowed_signers=[line.replace("KEY", keys["ed25519"])])
    found = scm.resolve(name_of(signed), "ed25519").signature
    assert (found.state, found.signer) == (SignatureState.UNKNOWN, "")
    assert why in found.why


def test_a_fingerprint_is_that_of_ssh_keygen(keys: dict[str, str]) -> None:
    public = keys["ed25519"].split()[1]
    told = subprocess.run(
        ["ssh-keygen", "-lf", f"{keys['place']}/ed25519.pub"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    from base64 import b64decode

    assert fingerprint(b64decode(public)) in told.split()


def test_a_commit_that_was_changed_after_it_was_signed_is_bad(
    signed: Repository, git_http: GitHttpServer, keys: dict[str, str]
) -> None:
    content = signed.git("cat-file", "commit", "ed25519") + "\n"
    changed = content.replace("Signed with", "Forged with")
    found = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=signed.work,
        input=changed,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    signed.git("branch", "-f", "forged", found)
    signed.push()
    scm = over_http(git_http, allowed_signers=[f"ada {keys['ed25519']}"])
    told = scm.resolve(name_of(signed), "forged")
    assert told.title == "Forged with ed25519"
    assert told.signature == CommitSignature(
        SignatureState.BAD, why="the signature does not fit the commit"
    )


def _raw(signature: bytes) -> RawCommit:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return RawCommit("a" * 40, "b" * 40, (), "Ada", "a@x", at, "t", signature, b"what was signed")


@pytest.mark.parametrize(
    ("signature", "state", "why"),
    [
        (b"", SignatureState.NONE, ""),
        (b"-----BEGIN PGP SIGNATURE-----\n\nabc\n", SignatureState.UNKNOWN, "OpenPGP"),
        (b"-----BEGIN SIGNED MESSAGE-----\n\nabc\n", SignatureState.UNKNOWN, "X.509"),
        (b"nonsense", SignatureState.UNKNOWN, "not known"),
        (
            b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----",
            SignatureState.BAD,
            "cannot be read",
        ),
        (
            b"-----BEGIN SSH SIGNATURE-----\n"
            + b64encode(b"SSHSIG\0\0\0\1\xff\xff\xff\xff")
            + b"\n-----END SSH SIGNATURE-----",
            SignatureState.BAD,
            "broke off",
        ),
    ],
)
def test_a_signature_of_another_kind_is_told_for_what_it_is(
    signature: bytes, state: SignatureState, why: str
) -> None:
    found = judged(_raw(signature), AllowedSigners())
    assert found.state is state
    assert why in found.why


@pytest.mark.parametrize("is_touched", [True, False])
def test_a_security_key_counts_where_somebody_touched_it(*, is_touched: bool) -> None:
    private, application, message = ed25519.Ed25519PrivateKey.generate(), b"ssh:", b"message"
    flags = bytes([1 if is_touched else 0])
    signed = b"".join(
        (
            hashlib.sha256(application).digest(),
            flags + b"\0\0\0\7",
            hashlib.sha256(message).digest(),
        )
    )

    def text(content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + content

    kind = text(b"sk-ssh-ed25519@openssh.com")
    key = kind + text(private.public_key().public_bytes_raw()) + text(application)
    signature = kind + text(private.sign(signed)) + flags + b"\0\0\0\7"
    if is_touched:
        verify(key, signature, message)
        with pytest.raises(NotSigned, match="does not fit"):
            verify(key, signature, b"another")
    else:
        with pytest.raises(NotSigned, match="touched"):
            verify(key, signature, message)


def test_a_signature_over_sha1_does_not_count() -> None:
    def text(content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + content

    key = text(b"ssh-rsa") + text(b"\1\0\1") + text(b"\0" + b"\xff" * 256)
    with pytest.raises(NotSigned, match="SHA-1"):
        verify(key, text(b"ssh-rsa") + text(b"x" * 256), b"message")
    with pytest.raises(ValueError, match="broke off"):
        Fields(b"\0\0\0\5ab").text()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ada", "no key"),
        ("ada ssh-ed25519", "no key"),
        ("ada ssh-ed25519 AAAA", "none"),
        ('ada "ssh-ed25519', "quotation"),
        ("*.x cert-authority ssh-ed25519 AAAA", "authority"),
        ("ada valid-after=soon ssh-ed25519 AAAA", "none"),
        ("ada strange=1 ssh-ed25519 AAAA", "unknown option"),
    ],
)
def test_allowed_signers_that_cannot_be_read_are_refused(
    line: str, why: str, git_http: GitHttpServer
) -> None:
    with pytest.raises(ServiceRefused, match="line 2") as refusal:
        over_http(git_http, allowed_signers=["# ours", line])
    assert why in str(refusal.value)


# ---------------------------------------------------------------- SSH


def test_a_host_that_shows_another_key_is_refused(
    git_ssh: GitSshServer, shop_repository: Repository, tmp_path: Path
) -> None:
    for kind in ("ed25519", "ecdsa"):
        _, other = made_key(tmp_path, kind, kind)
        scm = open_git(
            profile(
                git_ssh.endpoint,
                Given({"private_key": git_ssh.key}),
                direct,
                host_keys=[other],
                username=git_ssh.account,
            )
        )
        with pytest.raises(ServiceRefused, match="host key"):
            scm.resolve(name_of(shop_repository), "main")


def test_a_connection_without_a_host_key_is_refused(git_ssh: GitSshServer) -> None:
    with pytest.raises(ServiceRefused, match="no host key"):
        open_git(profile(git_ssh.endpoint, Given({"private_key": git_ssh.key}), direct))


def test_a_server_that_does_not_take_the_version_says_what_to_do(
    git_root: Path, shop_repository: Repository, tmp_path: Path
) -> None:
    with git_over_ssh(git_root, tmp_path / "old", takes_version=False) as server:
        scm = open_git(
            profile(
                server.endpoint,
                Given({"private_key": server.key}),
                direct,
                host_keys=[server.host_key],
                username=server.account,
            )
        )
        with pytest.raises(NotSupported, match="AcceptEnv GIT_PROTOCOL"):
            scm.resolve(name_of(shop_repository), "main")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_of_each_kind_lets_in_and_one_with_a_passphrase_by_it(
    kind: str, git_ssh: GitSshServer, shop_repository: Repository, tmp_path: Path
) -> None:
    key, line = made_key(tmp_path, kind, kind, passphrase="0pen-sesame")
    with git_ssh.authorized.open("a") as file:
        file.write(f"{line}\n")
    given = Given({"private_key": key, "passphrase": "0pen-sesame"})
    config = {"host_keys": [git_ssh.host_key], "username": git_ssh.account}
    scm = open_git(profile(git_ssh.endpoint, given, direct, **config))
    assert scm.resolve(name_of(shop_repository), "main") == shop_repository.made[-1]
    given.values["passphrase"] = "wr0ng"
    with pytest.raises(ServiceRefused, match="cannot be read") as refusal:
        scm.resolve(name_of(shop_repository), "main")
    untold(refusal.value, given.secrets())


@pytest.mark.parametrize("answer", [b"", b"SSH-1.0-x\r\n", b"\0" * 5000, b"HTTP/1.1 400 X\r\n\r\n"])
def test_what_is_no_ssh_server_is_unreachable(answer: bytes, git_ssh: GitSshServer) -> None:
    def connect(host: str, port: int, timeout: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.sendall(answer)
        theirs.close()
        return ours

    scm = open_git(
        profile(
            git_ssh.endpoint,
            Given({"private_key": git_ssh.key}),
            connect,
            timeout_s=1,
            host_keys=[git_ssh.host_key],
        )
    )
    with pytest.raises(ServiceUnreachable):
        scm.resolve("shop/web", "main")


# ---------------------------------------------------------------- what is copied


def test_no_file_is_copied_to_tell_what_changed(
    git_http: GitHttpServer, shop_repository: Repository
) -> None:
    """The repository has a file of a megabyte that cannot be made smaller."""
    before = git_http.sent
    made = shop_repository.made
    over_http(git_http).between(name_of(shop_repository), made[0].id, made[-1].id, 100)
    assert git_http.sent - before < 20_000


def test_a_repository_without_history_that_is_shallow_ends_where_it_ends(git_root: Path) -> None:
    """A server that has the newest commits alone: its oldest one names a parent that nobody has."""
    whole = made_repository(git_root / "shop", "whole")
    shallow = git_root / "shop" / "shallow.git"
    whole.git("clone", "-q", "--bare", "--depth", "3", f"file://{whole.path}", str(shallow))
    with git_over_http(git_root) as server:
        scm = over_http(server)
        head, base = whole.made[-1], whole.made[-3]
        found = scm.between("shop/shallow.git", base.id, head.id, 10)
        assert [one.id for one in found.commits] == [one.id for one in whole.made[:-3:-1]]
        with pytest.raises(NotThere):
            scm.between("shop/shallow.git", whole.made[0].id, head.id, 10)
