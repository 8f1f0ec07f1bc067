"""How an integration was, kept where there is one."""

from fixtures.databases import OpenDatabase
from stella.hub.check import keep_health
from stella.hub.model import Health
from stella.hub.store import list_health
from stella.kernel import Outcome


def test_how_one_was_that_is_no_more_is_not_kept(open_database: OpenDatabase):
    """It was ended while it was looked at."""
    seen = Health("main", "2026-01-01T00:00:00.000000Z", Outcome.BLOCKED, "no answer", 30_000)
    with open_database().transaction(actor="system") as tx:
        keep_health(tx, seen, is_asked=True)
        assert list_health(tx, "main") == ()
        assert tx.added == []
