"""Sigstore bundles of anybody, judged as strictly as their formats allow, with no network."""

from stella.trust.sigstore.bundle import Bundle, read_bundle
from stella.trust.sigstore.certificate import Identity
from stella.trust.sigstore.root import (
    NOBODY,
    SigstoreRoot,
    load_key,
    public_good_root,
    read_sigstore_root,
)
from stella.trust.sigstore.signers import Rule, judge_by_signers, read_signers
from stella.trust.sigstore.verify import (
    Asked,
    Checked,
    Judgement,
    judge_bundle,
)

__all__ = [
    "NOBODY",
    "Asked",
    "Bundle",
    "Checked",
    "Identity",
    "Judgement",
    "Rule",
    "SigstoreRoot",
    "judge_bundle",
    "judge_by_signers",
    "load_key",
    "public_good_root",
    "read_bundle",
    "read_signers",
    "read_sigstore_root",
]
