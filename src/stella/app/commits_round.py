"""Repositories are asked who committed what waiting promotions bring, before anything is decided by it."""

from collections.abc import Callable, Iterable, Iterator

from stella.blob import Blobs
from stella.environment.store import list_environments
from stella.hub.store import list_integrations
from stella.kernel import Unknown
from stella.plugin.contract.scm import CommitRange
from stella.promotion.known.committed import asks_for_authors, brought
from stella.promotion.lifecycle import NOT_BEGUN
from stella.promotion.store import every_promotion
from stella.record import Database
from stella.record.transaction import Tx
from stella.release.authors import Between
from stella.release.commits import RECORDED_MAX, is_to_ask, record_commits
from stella.release.source import OpenScm, Source, changes_between
from stella.release.store import find_release

_ROUND_MAX = 20
"""Asked in one round: each may take as long as its server lets it wait."""


def ask_who_committed(
    database: Database, blobs: Blobs, open_scm: OpenScm, is_over: Callable[[], bool]
) -> int:
    """Ask for all that nobody knows yet, each outside of any transaction; how many were recorded."""
    with database.read() as tx:
        wanted = list(dict.fromkeys(_wanted(tx, blobs)))[:_ROUND_MAX]
        integrations = [one.integration for one in list_integrations(tx)] if wanted else []
    if not wanted or is_over():
        return 0
    pairs = [
        (one.digest, Source(one.repository, one.base), Source(one.repository, one.head))
        for one in wanted
    ]
    answers: Iterable[CommitRange | Unknown] = (
        one.commits for one in changes_between(pairs, integrations, open_scm, RECORDED_MAX)
    )
    for one, found in zip(wanted, answers, strict=True):
        with database.transaction(actor="system") as tx:
            record_commits(tx, one, found)
    return len(wanted)


def _wanted(tx: Tx, blobs: Blobs) -> Iterator[Between]:
    for environment in list_environments(tx):
        if not asks_for_authors(environment):
            continue
        for promotion in every_promotion(
            tx, environment=environment.name, states=frozenset(NOT_BEGUN)
        ):
            release = find_release(tx, promotion.release)
            for _, what in brought(tx, blobs, environment, release):
                if isinstance(what, Between) and is_to_ask(tx, what):
                    yield what
