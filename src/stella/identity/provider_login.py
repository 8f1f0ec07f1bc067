"""People log in at an OpenID provider: authorization code, PKCE, state and nonce (RFC 6749, 7636).

What was begun is kept in the browser that began it, sealed by a key of this server: nobody fills our
memory by beginning, and nobody ends in their own browser what another one began.
"""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stella.identity.authenticate import is_open
from stella.identity.errors import AssertionUsed, MalformedAssertion
from stella.identity.exchange import Exchanges, use_up
from stella.identity.facts import SignInRefused as SignInRefusedFact
from stella.identity.jwt import LEEWAY, Verified, claimed_time, read_unverified, verify
from stella.identity.login import Login
from stella.identity.model import Principal
from stella.identity.outside import Vouched, account_of, admit, refused_sign_in
from stella.identity.prove import note_proof, refuse_no_session
from stella.identity.sign_in import KnownSignIn, SignIn, find_sign_in, hold_sign_in
from stella.kernel import Json, StellaError, parse_time, time_text
from stella.plugin.contract.core import Kind
from stella.plugin.contract.identity_provider import IdentityProvider, ProviderMetadata
from stella.plugin.refusals import ServiceUnreachable
from stella.record import Database

LIFE = timedelta(minutes=10)
SEAL_BYTES = 32
T = TypeVar("T")
_NONCE_BYTES = 12
_CODE_MAX = 4096
_GROUPS_MAX = 2000
_BACK_TO_MAX = 400
_BACK_TO = re.compile(r"/(?![/\\])[!-\[\]-~]*\Z")
_COOKIE_MAX = 4000
_AGAIN = "again."
"""Before the state of who proves anew who they are: a dot is in no other."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that was begun. url: where the browser goes; kept: what it keeps until it is back."""

    url: str
    kept: str


@dataclass(frozen=True, slots=True)
class CameBack:
    """With what a browser came back. kept: what it kept; empty for one that began nothing here."""

    kept: str
    code: str
    state: str
    issuer: str
    error: str


@dataclass(frozen=True, slots=True)
class Door:
    """What a login needs of the server.

    connected: the name of an integration -> its provider. seal: the key for what browsers keep.
    random: how many bytes -> that many. callback: the name of a document -> the redirect URI.
    """

    database: Database
    exchanges: Exchanges
    connected: Callable[[str], IdentityProvider]
    seal: bytes
    random: Callable[[int], bytes]
    callback: Callable[[str], str]


def begin(door: Door, name: str, back_to: str, session: Principal | None = None) -> Begun:
    """Where to log in. session: of who shall prove anew there who they are, and go on in it.

    Raises UnknownLogin, SignInRefused, ExchangesBusy, ImpossibleProof, and what the provider raises.
    """
    if session is not None:
        refuse_no_session(session)
    with door.database.read() as tx:
        known, now = find_sign_in(tx, name, Kind.IDENTITY_PROVIDER), tx.now
    with door.exchanges.turn(is_person=True):
        told = door.connected(known.sign_in.integration).metadata()
    if not told.authorization_endpoint or not told.client_id or told.issuer != known.issuer:
        raise refused_sign_in("the provider cannot log people in for us")
    state, nonce, verifier = (_text(door.random(32)) for _ in range(3))
    if session is not None:
        state = f"{_AGAIN}{state}"
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": told.client_id,
        "redirect_uri": door.callback(name),
        "scope": " ".join(told.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": _text(digest),
        "code_challenge_method": "S256",
    }
    if session is not None:
        # OpenID Connect Core 3.1.2.1: asked for by max_age, auth_time has to be in the answer.
        query |= {"prompt": "login", "max_age": "0"}
    mark = "&" if "?" in told.authorization_endpoint else "?"
    kept = {
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "issuer": told.issuer,
        "back_to": safe_path(back_to),
        "until": time_text(now + LIFE),
    }
    if session is not None:
        kept |= {"session": session.token, "user": session.id, "begun_at": time_text(now)}
    sealed = _sealed(door, name, kept)
    return Begun(f"{told.authorization_endpoint}{mark}{urlencode(query)}", sealed)


def finish(door: Door, name: str, back: CameBack, *, hours: int, address: str) -> tuple[Login, str]:
    """The session, and the page to go on to.

    Raises SignInRefused, which says nothing more to whoever came, and ServiceUnreachable.
    """

    def admitted(known: KnownSignIn, _: Mapping[str, str], verified: Verified) -> Login:
        vouched = _vouched(known.sign_in, verified)
        return admit(door.database, known, vouched, secret=door.random(SEAL_BYTES), hours=hours)

    return _finished(door, name, back, address, admitted)


def is_proof(state: str) -> bool:
    """Whether a browser that comes back with this went to prove anew who somebody is."""
    return state.startswith(_AGAIN)


def finish_proof(door: Door, name: str, back: CameBack, *, address: str) -> str:
    """Note in the session that was named at the beginning that its person proved who they are.

    The page to go on to. Raises as ``finish`` does.
    """
    return _finished(door, name, back, address, partial(_note, door))[1]


def _finished(
    door: Door,
    name: str,
    back: CameBack,
    address: str,
    do: Callable[[KnownSignIn, Mapping[str, str], Verified], T],
) -> tuple[T, str]:
    """What ``do`` makes of whom the provider vouched for, and the page to go on to.

    Whatever is refused is recorded. Raises SignInRefused, ServiceUnreachable.
    """
    why, account = "", ""
    try:
        with door.exchanges.turn(is_person=True):
            with door.database.read() as tx:
                known, now = find_sign_in(tx, name, Kind.IDENTITY_PROVIDER), time_text(tx.now)
            kept = _opened(door, name, back.kept)
            _refuse_strange_return(kept, back, known.issuer, now)
            verified = _redeemed(door, known, kept, back.code)
            account = verified.subject
            return do(known, kept, verified), kept["back_to"]
    except ServiceUnreachable as refusal:
        _record(door, name, refusal, account, address)
        raise
    except StellaError as refusal:
        _record(door, name, refusal, account, address)
        why = "; ".join([str(refusal), *getattr(refusal, "__notes__", ())])
    raise refused_sign_in(why)


def _note(door: Door, known: KnownSignIn, kept: Mapping[str, str], verified: Verified) -> None:
    """Raises SignInRefused where it is another person, or they did not prove it just now."""
    proven_at = _proven_at(verified)
    if proven_at is None:
        raise refused_sign_in("the provider does not say when they proved who they are (auth_time)")
    if proven_at < parse_time(kept["begun_at"]) - LEEWAY:
        raise refused_sign_in("the provider let them in by an earlier login")
    with door.database.transaction(actor=kept["user"]) as tx:
        found = account_of(tx, verified.issuer, verified.subject)
        if found is None or found.user != kept["user"]:
            raise refused_sign_in("it is another person than the one whose session it is")
        if not hold_sign_in(tx, known) or not is_open(tx, kept["session"]):
            raise refused_sign_in("the session or the document ended meanwhile")
        at = time_text(min(proven_at, tx.now))
        note_proof(tx, kept["user"], kept["session"], at, known.sign_in.name)


def _proven_at(verified: Verified) -> datetime | None:
    """When they last proved there who they are, as the provider says; None where it does not."""
    try:
        return claimed_time(verified.claims, "auth_time")
    except MalformedAssertion:  # it is no part of a login; who is asked for a proof has none then
        return None


def safe_path(text: str) -> str:
    """A page of ours to go on to; the first one for anything that could lead elsewhere."""
    if len(text) > _BACK_TO_MAX or not _BACK_TO.match(text) or text.startswith("/api"):
        return "/"
    return text


def _record(door: Door, name: str, refusal: StellaError, account: str, address: str) -> None:
    record_refused(door.database, door.exchanges, name, refusal, account=account, address=address)


def record_refused(
    database: Database,
    exchanges: Exchanges,
    name: str,
    refusal: StellaError,
    *,
    account: str,
    address: str,
) -> None:
    """Keep that somebody was not let in, and why; so many a minute."""
    unrecorded = exchanges.may_record()
    if unrecorded is None:
        return
    told = "; ".join([str(refusal), *getattr(refusal, "__notes__", ())])[:500]
    with database.transaction(actor="system") as tx:
        tx.add(
            SignInRefusedFact(
                name[:80], refusal.code, told, account[:255], address[:60], unrecorded
            )
        )


def _refuse_strange_return(kept: Mapping[str, str], back: CameBack, issuer: str, now: str) -> None:
    """Return where this browser began this login, there, a moment ago. Raises SignInRefused."""
    if not hmac.compare_digest(kept["state"].encode(), back.state.encode()):
        raise refused_sign_in("the state is not the one that the browser was given")
    if now >= kept["until"]:
        raise refused_sign_in("it took too long")
    # Mix-up: an answer of another provider than the one that was asked (RFC 9207).
    if kept["issuer"] != issuer or back.issuer not in {"", issuer}:
        raise refused_sign_in("the answer is of another issuer than the one that was asked")
    if back.error:
        shown = back.error[:60] if back.error.isprintable() else "an error"
        raise refused_sign_in(f"the provider says {shown}")
    if not 0 < len(back.code) <= _CODE_MAX or not back.code.isprintable():
        raise refused_sign_in("the provider gave no code")


def _redeemed(door: Door, known: KnownSignIn, kept: Mapping[str, str], code: str) -> Verified:
    """What the provider says, verified. Raises what is wrong with it."""
    integration = known.sign_in.integration
    provider = door.connected(integration)
    token = provider.redeem(code, kept["verifier"], door.callback(known.sign_in.name))
    told: ProviderMetadata = provider.metadata()
    unverified = read_unverified(token)
    keys = door.exchanges.book.keys(integration, known.issuer, unverified.algorithm, unverified.kid)
    with door.database.read() as tx:
        now = tx.now
    verified = verify(token, keys, issuer=known.issuer, audience=told.client_id, now=now)
    nonce, party = verified.claims.get("nonce"), verified.claims.get("azp")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), kept["nonce"].encode()
    ):
        raise refused_sign_in("the token is an answer to another question: its nonce is not ours")
    if party not in (None, told.client_id) or (party is None and len(verified.audiences) > 1):
        raise refused_sign_in("the token was made for another party")
    try:
        with door.database.transaction(actor="system") as tx:
            use_up(tx, token, verified)
    except AssertionUsed:
        raise refused_sign_in("the token was used before") from None
    return verified


def _vouched(sign_in: SignIn, verified: Verified) -> Vouched:
    claims = verified.claims
    email = claims.get("email")
    address = email if isinstance(email, str) else ""
    is_verified = claims.get("email_verified") is True
    if not sign_in.takes_email(address, is_verified=is_verified):
        raise refused_sign_in("they have no verified address of a domain that counts")
    shown = next(
        (
            text
            for text in (claims.get("preferred_username"), claims.get("name"), address)
            if isinstance(text, str) and text
        ),
        verified.subject,
    )
    groups = _groups(claims, sign_in.groups_claim)
    return Vouched(
        verified.issuer,
        verified.subject,
        shown,
        sign_in.roles_of(groups),
        _proven_at(verified),
        address if is_verified else "",
    )


def _groups(claims: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = claims.get(name)
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list):
        return ()
    return tuple(one for one in listed[:_GROUPS_MAX] if isinstance(one, str))


def _sealed(door: Door, name: str, kept: Mapping[str, str]) -> str:
    nonce = door.random(_NONCE_BYTES)
    content = AESGCM(door.seal).encrypt(nonce, json.dumps(kept).encode(), name.encode())
    return _text(nonce + content)


def _opened(door: Door, name: str, text: str) -> dict[str, str]:
    """Raises SignInRefused for what this server has not sealed for this document."""
    if text and len(text) <= _COOKIE_MAX and text.isascii():
        try:
            content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = AESGCM(door.seal).decrypt(
                content[:_NONCE_BYTES], content[_NONCE_BYTES:], name.encode()
            )
        except (ValueError, InvalidTag):
            pass
        else:
            made: dict[str, str] = json.loads(plain)
            return made
    raise refused_sign_in("the browser began no login here, or too long ago")


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
