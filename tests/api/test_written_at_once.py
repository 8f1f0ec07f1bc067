"""Two people change one document at once, on PostgreSQL: the second is told, and nothing is lost."""

import pytest

from fixtures.at_once import beside, nothing
from stella.record import Database, Tx
from stella.record.hold import hold_words

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]


def test_who_holds_a_word_lets_the_other_wait(database: Database) -> None:
    def both(tx: Tx) -> None:
        hold_words(tx, ["document Policy/shop", "document Policy/other"])

    _, second = beside(database, both, nothing, lambda tx: hold_words(tx, ["document Policy/shop"]))
    assert second.exception() is None


def test_other_words_and_other_tenants_do_not_wait(database: Database) -> None:
    with database.transaction(actor="usr_op") as one:
        hold_words(one, ["document Policy/shop"])
        with database.transaction(actor="usr_two") as two:
            hold_words(two, ["document Policy/other"])
        with database.transaction(actor="usr_two", tenant="another") as three:
            hold_words(three, ["document Policy/shop"])
