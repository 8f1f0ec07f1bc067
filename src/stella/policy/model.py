"""May it go? What a policy is, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from stella.kernel import Digest, Outcome


@dataclass(frozen=True, slots=True)
class PolicyBundle:
    """Rego files under one digest: that of ``bundle_bytes``. files: name -> text."""

    digest: Digest
    files: Mapping[str, str]


Scalar: TypeAlias = str | int | bool | None
Part: TypeAlias = Scalar | list[Scalar] | dict[str, Scalar | list[Scalar | dict[str, Scalar]]]
"""No fractions: a result ends up in a signed record, which cannot hold them."""


class RuleResult(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One sentence of one rule.

    component, finding: what it is about, None where it speaks of the whole release. fix: what would
    mend it; who: who can. A rule may speak many times, and says at least that it passed.
    """

    rule: str
    outcome: Outcome
    message: str = ""
    component: str | None = None
    finding: dict[str, Part] | None = None
    fix: str = ""
    who: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """Everything the rules said, sorted; outcome is the worst of it, unknown where nothing was said."""

    rules: tuple[RuleResult, ...]
    outcome: Outcome
