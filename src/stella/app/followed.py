"""Repositories that are followed: the server looks at them and applies what a new commit says.

All of a commit's documents count, or none. What is refused leaves what counted before, and is tried
again at each look: it may have been in the way of something that has ended meanwhile.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from stella.api.applying import BESIDE, apply_all, believed_integrations, followed_integrations
from stella.api.endings import NEEDED, endings_beside
from stella.api.services import Services
from stella.app.followed_files import Said, read_commit, refused
from stella.environment.errors import CommitRefused, UnknownRepository
from stella.environment.facts import RepositoryApplied, RepositoryRefused
from stella.environment.followed.model import Followed, Head, Known, Standing, SyncOutcome
from stella.environment.followed.store import find_followed, list_followed, put_standing
from stella.environment.owning import Owning
from stella.kernel import Fault, Outcome, Remedy, Seen, StellaError, parse_time, time_text
from stella.kernel.names import COMMIT_ID
from stella.plugin.contract.core import Kind
from stella.plugin.contract.scm import Commit, Scm, SignatureState
from stella.plugin.refusals import NotThere
from stella.record import Database, Tx

_log = logging.getLogger("stella.followed")

_COMMITS_MAX = 500
_WORDS_MAX = 300
_OF_LOGINS = frozenset({"MachineLogin", "SignIn"})


class Follower:
    """Looks at every repository whose time has come, or that is asked for."""

    def __init__(self, services: Services, every: timedelta) -> None:
        self._services = services
        self._every = every

    def sweep(self) -> None:
        """Look at what is due."""
        self._look_at_those(self._is_due)

    def answer(self) -> None:
        """Look at what is asked for."""
        self._look_at_those(lambda _, standing: standing.asked)

    def _look_at_those(self, is_meant: Callable[[Tx, Standing], bool]) -> None:
        with self._services.database.read() as tx:
            due = [one for one in list_followed(tx).values() if is_meant(tx, one.standing)]
        for one in due:
            if self._services.stopping.is_set():
                return
            try:
                self._look_at(one)
            except StellaError:
                raise
            except Exception as error:  # noqa: BLE001 - what one holds must not keep the others waiting
                _log.exception("the followed repository %s", one.followed.name)
                why = f"it could not be read: a bug here, {type(error).__name__}"
                bug = refused(one.followed, why, "Report it; what counted before still counts.")
                self._note(one, one.standing.head, bug)

    def _is_due(self, tx: Tx, standing: Standing) -> bool:
        at = standing.checked_at
        return standing.asked or at is None or tx.now - parse_time(at) >= self._every

    def _look_at(self, known: Known) -> None:
        followed, standing = known.followed, known.standing
        head = standing.head
        try:
            scm: Scm = self._services.outside.connected(Kind.SCM, followed.integration)
            commit = scm.resolve(followed.repository, followed.branch)
            head = _head_of(commit)
            counts = standing.outcome is SyncOutcome.APPLIED and standing.applied == head.id
            if counts and not standing.asked:
                self._note(known, head, None)
                return
            _refuse_untrusted(scm, followed, standing, commit)
            said = read_commit(scm, followed, commit.id)
        except StellaError as refusal:
            self._note(known, head, refusal)
            return
        try:
            self._apply(known, head, said)
        except UnknownRepository:
            return  # it is followed no more
        except StellaError as refusal:
            self._note(known, head, refusal)

    def _apply(self, known: Known, head: Head, said: Said) -> None:
        followed = known.followed
        endings = endings_beside(followed.kinds, self._services.plugins.brought())
        owning = Owning(followed.owner, prune=followed.prune, endings=endings)
        with self._services.database.transaction(actor=f"repository:{followed.name}") as tx:
            now = find_followed(tx, followed.name, lock=True)
            if now.followed != followed or _is_overtaken(tx, known, now):
                return  # it was changed meanwhile, and is looked at anew
            refuse_beyond(tx, followed, said.documents)
            changes = apply_all(tx, self._services, said.documents, owning, roles=frozenset())
            changed = sum(one.change != "unchanged" for one in changes)
            before = now.standing.applied
            if before != head.id or changed:
                tx.add(
                    RepositoryApplied(
                        followed.name,
                        head.id,
                        before,
                        head.author,
                        head.signer,
                        changed,
                    )
                )
            at = time_text(tx.now)
            since = now.standing.applied_at if before == head.id else at
            standing = replace(
                _looked_at(known.standing, now.standing, head),
                outcome=SyncOutcome.APPLIED,
                checked_at=at,
                head=head,
                applied=head.id,
                applied_at=since,
                counted=said.counted,
                code="",
                message="",
                advice="",
            )
            put_standing(tx, followed, standing)

    def _note(self, known: Known, head: Head | None, refusal: StellaError | None) -> None:
        """That it was looked at; a refusal is a fact where it is another one than before."""
        followed = known.followed
        with self._services.database.transaction(actor=f"repository:{followed.name}") as tx:
            try:
                now = find_followed(tx, followed.name, lock=True)
            except UnknownRepository:
                return
            if now.followed != followed or _is_overtaken(tx, known, now):
                return
            at = time_text(tx.now)
            was = now.standing
            looked_at = replace(
                was, checked_at=at, head=head, asked=was.asks != known.standing.asks
            )
            if refusal is None:
                put_standing(tx, followed, looked_at)
                return
            outcome = (
                SyncOutcome.UNREACHABLE
                if refusal.fault in {Fault.UNAVAILABLE, Fault.TIMED_OUT}
                else SyncOutcome.REFUSED
            )
            told = replace(
                looked_at,
                outcome=outcome,
                code=refusal.code,
                message=_storable(str(refusal)[:2000]),
                advice=refusal.remedy.advice[:500],
            )
            is_new = (told.head, told.code, told.message) != (was.head, was.code, was.message)
            put_standing(tx, followed, told)
            if is_new and head is not None and outcome is SyncOutcome.REFUSED:
                tx.add(RepositoryRefused(followed.name, head.id, told.code, told.message))


def _storable(text: str) -> str:
    """It may repeat what a document says: PostgreSQL holds no U+0000, UTF-8 no half of a character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _is_overtaken(tx: Tx, seen: Known, now: Known) -> bool:
    """Whether another look, perhaps at a newer commit, was quicker: then it is looked at anew."""
    if now.standing.applied == seen.standing.applied:
        return False
    put_standing(tx, now.followed, now.asked_for().standing)
    return True


def _looked_at(seen: Standing, now: Standing, head: Head) -> Standing:
    """As it stands once ``head`` counts, by a look that began at ``seen``: what was asked for meanwhile
    is asked for still.
    """
    accepted = None if now.accepted in {seen.accepted, head.id} else now.accepted
    return replace(now, asked=now.asks != seen.asks, accepted=accepted)


def repositories_are_applied(database: Database) -> list[Seen]:
    """Of each repository the newest commit counts."""
    with database.read() as tx:
        known = list_followed(tx)
    seen = []
    for name, one in known.items():
        standing = one.standing
        is_well = standing.outcome in {SyncOutcome.APPLIED, SyncOutcome.WAITING}
        said = f"{standing.code}: {standing.message}" if standing.code else standing.outcome.value
        seen.append(
            Seen(
                Outcome.PASS if is_well else Outcome.BLOCKED,
                said,
                "" if is_well else f"stella repository show {name}",
                name,
            )
        )
    return seen or [Seen(Outcome.PASS, "none is followed")]


def refuse_beyond(tx: Tx, followed: Followed, documents: Sequence[Mapping[str, Any]]) -> None:
    """Return where it may bring each of them. Raises CommitRefused, which names each that it may not."""
    believed, read_by = believed_integrations(tx), followed_integrations(tx)
    reasons = []
    for one in documents:
        kind, name = str(one.get("kind")), str(one.get("name"))
        if kind in NEEDED and kind not in followed.kinds:
            how = "name the kind in spec.kinds" if kind in BESIDE else "apply it by hand"
            reasons.append(f"{kind} {name[:80]} is not among what it may bring: {how}")
        if kind == "Integration" and name in read_by:
            reasons.append(f"Integration {name} is how repositories are read: apply it by hand")
        if kind == "Integration" and name in believed and not _OF_LOGINS & {*followed.kinds}:
            reasons.append(f"Integration {name} lets people in, and it may bring no logins")
    if reasons:
        raise refused(
            followed, "; ".join(reasons[:20]), "Take it out of the repository's files, or allow it."
        )


def _refuse_untrusted(scm: Scm, followed: Followed, standing: Standing, head: Commit) -> None:
    """Return where history leads to ``head``, signed as it has to be. Raises CommitRefused."""
    if followed.signed and head.signature.state is not SignatureState.GOOD:
        raise _unsigned(followed, head)
    before = standing.applied
    if before is None or head.id in {before, standing.accepted}:
        return
    accept = f"stella repository accept {followed.name} {head.id}"
    try:
        found = scm.between(followed.repository, before, head.id, _COMMITS_MAX)
    except NotThere:
        found = None
    if found is None or found.dropped:
        lost = "is there no more" if found is None else "is not in its history"
        raise refused(
            followed,
            f"history was rewritten: {before[:12]}, which was applied, {lost}",
            "Find out who did that; where it was meant, accept the commit.",
            accept,
        )
    if not followed.signed:
        return
    for one in found.commits:
        if one.signature.state is not SignatureState.GOOD:
            raise _unsigned(followed, one, accept)
    if not found.is_complete:
        raise refused(
            followed,
            f"there are more than {_COMMITS_MAX} commits since the one that was applied",
            "Look at them, and accept the commit.",
            accept,
        )


def _unsigned(followed: Followed, commit: Commit, command: str | None = None) -> CommitRefused:
    why = commit.signature.why or commit.signature.state.value
    return refused(
        followed,
        f"the commit {commit.id[:12]} ({commit.title[:80]}) is not signed by anybody known: {why}",
        "Sign it, or name its signer in the integration's allowed_signers.",
        command,
    )


def _head_of(commit: Commit) -> Head:
    author = f"{commit.author_name} <{commit.author_email}>"
    if not COMMIT_ID.match(commit.id):
        raise CommitRefused("the server names no commit", remedy=Remedy("Look at its integration."))
    return Head(
        commit.id,
        author[:_WORDS_MAX],
        commit.title[:_WORDS_MAX],
        commit.signature.signer[:_WORDS_MAX],
    )
