"""All documents at hand, asked about one finding: which statements are about it, and what they come to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from stella.vex.consensus import (
    NO_WORD,
    Claim,
    Heard,
    Verdict,
    Voice,
    newest_revisions,
    weigh_claims,
)
from stella.vex.model import SETTLED, State, Statement
from stella.vex.scope import ImageSubject, scope_of

_SHARED = ("CVE-",)
"""Names that an advisory may join several of: one about two of them is settled by neither alone."""

STRANGE_MAX = 2_000
"""Identifiers of statements that weigh nothing, looked at for one finding: anybody may hang up more."""


class Voices:
    """Documents by the vulnerabilities they name. Frozen once made; documents in any order."""

    def __init__(self, heard: Iterable[Heard]) -> None:
        stand, replaced = newest_revisions(heard)
        self.heard = tuple(sorted(stand, key=lambda one: (one.document.digest, one.issuer.name)))
        self.replaced = tuple(replaced)
        self._by_name: dict[str, list[tuple[Heard, Statement, int]]] = {}
        for one in self.heard:
            for statement in one.document.statements:
                strange = _identifiers(statement) if one.issuer.weight <= 0 else 0
                for name in {name.casefold() for name in statement.names}:
                    self._by_name.setdefault(name, []).append((one, statement, strange))

    @property
    def names(self) -> frozenset[str]:
        """Every vulnerability that anybody speaks of, in folded case."""
        return frozenset(self._by_name)

    def about(
        self, image: ImageSubject, purl: str, names: Iterable[str]
    ) -> tuple[tuple[Claim, str], ...]:
        """The statements about the component in the image, each with the name it goes by.

        Of those that weigh nothing, only as many as are small enough together.
        """
        found: dict[tuple[int, int], tuple[Claim, str]] = {}
        left = STRANGE_MAX
        for name in dict.fromkeys(names):
            for heard, statement, strange in self._by_name.get(name.casefold(), ()):
                if strange > left:
                    continue
                left -= strange
                scope = scope_of(statement.products, image, purl)
                if scope is not None:
                    # The first name wins: a finding's own id goes before its aliases.
                    key = (id(heard), id(statement))
                    found.setdefault(key, (Claim(heard, statement, scope), name))
        return tuple(found.values())

    def verdict(
        self, image: ImageSubject, purl: str, name: str, aliases: Iterable[str], now: datetime
    ) -> Verdict:
        """What it comes to for the finding ``name`` (with its record's ``aliases``) in ``purl``.

        Where the record joins several CVEs, a statement about one of them covers that one alone.
        """
        aliases = tuple(aliases)
        claims = self.about(image, purl, (name, *aliases))
        if not claims:
            return NO_WORD
        joined = sorted({one for one in (name, *aliases) if one.startswith(_SHARED)})
        if len(joined) < 2:
            return weigh_claims([claim for claim, _ in claims], now)
        folded = {one.casefold() for one in joined}
        verdicts = [
            weigh_claims(
                [
                    claim
                    for claim, by in claims
                    if by.casefold() not in folded or by == one or _names(claim, one)
                ],
                now,
            )
            for one in joined
        ]
        return _together(verdicts, joined)


def _identifiers(statement: Statement) -> int:
    targets = (
        one for product in statement.products for one in (product.target, *product.subcomponents)
    )
    return sum(1 + len(one.purls) + len(one.digests) for one in targets)


def _names(claim: Claim, name: str) -> bool:
    return name.casefold() in {one.casefold() for one in claim.statement.names}


_WORST_FIRST = (State.CONFLICT, State.AFFECTED, State.UNDER_INVESTIGATION, State.NONE)


def _together(verdicts: list[Verdict], names: list[str]) -> Verdict:
    """One verdict of several vulnerabilities in one finding: the worst, settled only where all are."""
    for state in _WORST_FIRST:
        found = [one for one in verdicts if one.state is state]
        if found:
            chosen = found[0]
            if state is not State.NONE:
                return chosen
            open_names = [name for name, one in zip(names, verdicts, strict=True) if one in found]
            return Verdict(State.NONE, voices=_partly(verdicts, open_names))
    assert all(one.state in SETTLED for one in verdicts), verdicts
    fixed = [one for one in verdicts if one.state is State.FIXED]
    return fixed[0] if fixed else verdicts[0]


def _partly(verdicts: list[Verdict], open_names: list[str]) -> tuple[Voice, ...]:
    """What was said, none of which settles it: nobody speaks of ``open_names``."""
    why = f"nobody has said the same of {', '.join(open_names)}"
    voices = {
        replace(voice, counts=False, why=why) if voice.counts else voice
        for verdict in verdicts
        for voice in verdict.voices
    }
    return tuple(sorted(voices))
