"""Content -> which secrets are in it: by what only a secret looks like, never by a guess.

A rule that is named after a service knows the form of its tokens; the others know the file they are
read in. What stands for a secret in an example is none.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from stella.sbom.secret.places import Place

# Forms are compiled by ``re`` when they are first needed: a scan of known layers needs none.
FOUND_MAX = 50
"""Of one text; nobody mends more than that one by one."""

_PEM = (
    rb"-----BEGIN (?P<kind>(?:RSA |EC |DSA |OPENSSH )?PRIVATE KEY)-----"
    rb"(?P<body>[A-Za-z0-9+/=\s\\]{64,16384}?)-----END (?P=kind)-----"
)
# An OpenSSH key that no passphrase protects: its magic, then the cipher "none".
_OPENSSH_PLAIN = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"
# Rule -> bytes that are in each of its tokens, and the form of the whole. Plain bytes are searched a
# hundred times as fast as a form, which is then asked only around them.
_TOKENS: dict[str, tuple[tuple[bytes, ...], bytes]] = {
    "github-token": (
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"),
        rb"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{50,255})",
    ),
    "gitlab-token": ((b"glpat-",), rb"glpat-[A-Za-z0-9_-]{20,64}"),
    "slack-token": (
        (b"xoxa-", b"xoxb-", b"xoxp-", b"xoxr-", b"xoxs-"),
        rb"xox[abprs]-[0-9]{6,}-[0-9A-Za-z-]{16,200}",
    ),
    "stripe-key": ((b"k_live_",), rb"[rs]k_live_[0-9A-Za-z]{24,99}"),
    "npm-token": ((b"npm_",), rb"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    "pypi-token": ((b"pypi-AgEI",), rb"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,255}"),
    "aws-secret-key": (
        (b"aws_secret", b"AWS_SECRET", b"awsSecret", b"AwsSecret", b"awssecret", b"AWSSECRET"),
        (
            rb"(?i:aws_?secret_?(?:access_?)?key[\"']?\s{0,8}[:=]\s{0,8}[\"']?)"
            rb"(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
        ),
    ),
}
# How many letters of a token follow its sign at least: cheaper to look at than the whole form.
_DENSE = {
    "github-token": 30,
    "gitlab-token": 20,
    "slack-token": 16,
    "stripe-key": 24,
    "npm-token": 36,
    "pypi-token": 50,
}
_BEFORE_SIGN_MAX, _AFTER_SIGN_MAX = 8, 320
_NOT_WITHIN = rb"(?<![A-Za-z0-9])"
_KEY_SIGN = b"PRIVATE KEY-----"
_URL = (
    rb"(?<![A-Za-z0-9+])[a-z][a-z0-9+.-]{1,20}://[^/\s:@'\"]{0,100}:(?P<value>[^/\s:@'\"]{4,200})@"
)
_OF_PLACE: dict[Place, dict[str, bytes]] = {
    Place.DOCKER: {
        "docker-login": rb"\"auth\"\s{0,8}:\s{0,8}\"(?P<value>[A-Za-z0-9+/=]{8,4096})\""
    },
    Place.NPM: {
        "npm-login": (
            rb"(?m:^[^#;\n]{0,500}(?:_authToken|_auth|_password|npmAuthToken|npmAuthIdent)\s{0,8}[=:]"
            rb"\s{0,8}[\"']?(?P<value>[^\s\"']{8,500}))"
        )
    },
    Place.PYPI: {
        "pypi-login": rb"(?m:^[ \t]{0,8}password\s{0,8}[:=][ \t]{0,8}(?P<value>\S{4,500}))"
    },
    Place.NETRC: {"netrc-login": rb"\bpassword\s{1,8}(?P<value>\S{4,500})"},
}
_WITH_URLS = frozenset({Place.URLS, Place.NPM, Place.ENVIRONMENT})
_STANDING_FOR = (
    rb"(?i:example|placeholder|change_?me|your[_-]|<|\{\{|\$|%\(|xxxx|\.\.\.|0123456789|123456789"
    rb"|abcdefgh|dummy|redacted|\*\*\*)"
)
_WORDS = frozenset(
    {
        *(
            b"password",
            b"passwd",
            b"pass",
            b"secret",
            b"token",
            b"admin",
            b"root",
            b"test",
            b"user",
        ),
        *(b"postgres", b"mysql", b"redis", b"guest", b"changeit", b"default", b"none", b"null"),
        *(b"username", b"mypassword", b"s3cret", b"hunter2", b"foobar"),
    }
)
_LETTERS_MIN = 8
_TOKEN_BYTES_MIN = 20


def find_secrets(content: bytes, place: Place) -> Iterator[tuple[int, str]]:
    """Line, from 1 on, and rule of each secret in ``content``, at most ``FOUND_MAX`` of them."""
    found = {(at, rule) for at, rule in _hits(content, place)}
    for at, rule in sorted(found)[:FOUND_MAX]:
        yield content.count(b"\n", 0, at) + 1, rule


def _hits(content: bytes, place: Place) -> Iterator[tuple[int, str]]:
    if _KEY_SIGN in content:
        yield from _keys(content)
    for rule, (signs, form) in _TOKENS.items():
        for sign in signs:
            if sign in content:
                yield from _tokens(content, sign, rule, _NOT_WITHIN + form)
    for rule, form in _OF_PLACE.get(place, {}).items():
        yield from _matches(content, rule, form)
    if place in _WITH_URLS and b"://" in content:
        yield from _matches(content, "password-in-url", _URL)


def _keys(content: bytes) -> Iterator[tuple[int, str]]:
    for number, hit in enumerate(re.finditer(_PEM, content)):
        if number >= FOUND_MAX:
            return
        body = b"".join(hit["body"].replace(b"\\n", b"").replace(b"\\r", b"").split())
        is_locked = hit["kind"] == b"OPENSSH PRIVATE KEY" and not body.startswith(_OPENSSH_PLAIN)
        if not is_locked and len(set(body)) > _LETTERS_MIN and _decoded(body):
            yield hit.start(), "private-key"


def _tokens(content: bytes, sign: bytes, rule: str, form: bytes) -> Iterator[tuple[int, str]]:
    at = content.find(sign)
    count, dense = 0, _DENSE.get(rule, 0)
    while at >= 0 and count < FOUND_MAX:
        end = at + len(sign)
        if not dense or _is_dense(content[end : end + dense], dense):
            begin = max(at - _BEFORE_SIGN_MAX, 0)
            for found, _ in _matches(content[begin : at + _AFTER_SIGN_MAX], rule, form):
                if begin + found <= at:  # what begins behind this sign has one of its own
                    yield begin + found, rule
                    count += 1
        at = content.find(sign, end)


def _is_dense(text: bytes, count: int) -> bool:
    return len(text) == count and text.translate(None, b"_-").isalnum()


def _matches(content: bytes, rule: str, form: bytes) -> Iterator[tuple[int, str]]:
    count = 0
    pattern = re.compile(form)
    for hit in pattern.finditer(content):
        value = hit["value"] if "value" in pattern.groupindex else hit[0]
        if is_real(value) and (rule != "docker-login" or b":" in _decoded(value)):
            yield hit.start(), rule
            count += 1
            if count >= FOUND_MAX:
                return


def is_real(value: bytes) -> bool:
    """Whether the value may be a secret, and is not what stands for one in an example."""
    if re.search(_STANDING_FOR, value) or value.lower() in _WORDS:
        return False
    return len(value) < _TOKEN_BYTES_MIN or len(set(value)) >= _LETTERS_MIN


def _decoded(value: bytes) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
