"""Who may sign what: predicate type -> signers. What no rule names, nobody may sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from stella.kernel import Digest, Remedy, StellaError
from stella.trust.dsse import malformed
from stella.trust.errors import UntrustedSigner
from stella.trust.sigstore.bundle import Bundle, read_bundle
from stella.trust.sigstore.certificate import Identity, identity_of
from stella.trust.sigstore.root import Key, SigstoreRoot, load_key
from stella.trust.sigstore.strict import strict_json
from stella.trust.sigstore.verify import Asked, Checked, Judgement, judge_bundle

FILE = "file"
"""Stands for signatures of files, which state nothing."""

_CHECK = "signers"


@dataclass(frozen=True, slots=True)
class Rule:
    """These signers may sign statements of these types."""

    types: frozenset[str]
    identities: tuple[Identity, ...]
    keys: tuple[Key, ...]


class _Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    identity: str
    issuer: str


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    types: list[str]
    identities: list[_Identity] = []
    keys: list[str] = []


class _Signers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    api_version: str
    kind: str
    spec: list[_Rule]


def read_signers(document: Any, pems: Mapping[str, bytes]) -> tuple[Rule, ...]:
    """The rules of a ``Signers`` document. pems: the name of each key -> the key.

    Raises MalformedEnvelope, UnusableKey.
    """
    try:
        read = msgspec.convert(document, type=_Signers)
    except msgspec.ValidationError as error:
        raise malformed(f"no document of signers: {error}") from error
    if (read.api_version, read.kind) != ("stella/v1", "Signers"):
        raise malformed("it is no document of the kind Signers")
    rules = []
    for one in read.spec:
        if not one.types or not (one.identities or one.keys):
            raise malformed("a rule that names no type, or no signer")
        unknown = [name for name in one.keys if name not in pems]
        if unknown:
            raise malformed(f"the key {unknown[0][:80]!r} is not there")
        identities = tuple(Identity(who.identity, who.issuer) for who in one.identities)
        keys = tuple(load_key(pems[name]) for name in one.keys)
        rules.append(Rule(frozenset(one.types), identities, keys))
    return tuple(rules)


def judge_by_signers(
    content: bytes,
    rules: Sequence[Rule],
    root: SigstoreRoot,
    now: datetime,
    *,
    artifact: bytes | Digest | None = None,
    needs_log: bool = True,
) -> Judgement:
    """What holds of a bundle, whoever of those that may sign its type has signed it.

    Raises SigstorePartMissing alone.
    """
    try:
        bundle = read_bundle(content)
        kind = _type_of(bundle)
        asked = [
            Asked(one, artifact, None if kind == FILE else kind, needs_log=needs_log)
            for one in _candidates(bundle, kind, rules)
        ]
    except StellaError as refusal:
        return Judgement((Checked(_CHECK, False, str(refusal), refusal.code),))
    except Exception as error:  # noqa: BLE001 - hostile input: whatever a parser says of it, it is no
        bad = malformed(f"it cannot be read: {type(error).__name__}")
        return Judgement((Checked(_CHECK, False, str(bad), bad.code),))
    found = [judge_bundle(content, one, root, now) for one in asked]
    best = next((one for one in found if one.good), found[0])
    if not best.good:
        return best
    return replace(best, checks=(*best.checks, Checked(_CHECK, True, f"may sign {kind}")))


def _candidates(bundle: Bundle, kind: str, rules: Sequence[Rule]) -> Sequence[Key | Identity]:
    """Those that may sign it and could have. Raises UntrustedSigner."""
    mine = [one for one in rules if kind in one.types]
    if not mine:
        raise _denied(f"nobody may sign {kind}")
    if bundle.leaf is None:
        keys = [key for one in mine for key in one.keys]
        if not keys:
            raise _denied(f"it was signed with a key, and only identities may sign {kind}")
        return keys
    who = identity_of(bundle.leaf)
    if not any(who in one.identities for one in mine):
        raise _denied(f"{who.name} (says {who.issuer or 'nobody'}) may not sign {kind}")
    return [who]


def _type_of(bundle: Bundle) -> str:
    """What the bundle claims to state. Raises MalformedEnvelope."""
    if bundle.payload is None:
        return FILE
    read = strict_json(bundle.payload)
    kind = read.get("predicateType") if isinstance(read, dict) else None
    if not isinstance(kind, str) or kind == FILE:
        raise malformed("no in-toto statement")
    return kind


def _denied(why: str) -> UntrustedSigner:
    return UntrustedSigner(
        why, remedy=Remedy("Have it signed by who may, or name the signer in the document.")
    )
