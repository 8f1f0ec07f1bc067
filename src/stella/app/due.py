"""What waits for a time is a row with that time; here its time comes."""

from collections.abc import Callable

from stella.deployment.start import next_turn
from stella.kernel import time_text
from stella.promotion.assemble import Deciding
from stella.promotion.evaluate import judge_due
from stella.promotion.queue import standing_queues
from stella.promotion.store import due_promotions
from stella.record import Database
from stella.trust import Signer

_BATCH = 100


def judge_what_is_due(
    database: Database, deciding: Deciding, signer: Signer, is_over: Callable[[], bool]
) -> int:
    """Judge or end every promotion whose time has come, each in a transaction of its own; how many.

    Ended in the middle, the rest is due still. Raises what makes judging impossible for all.
    """
    done = 0
    while True:
        with database.read() as tx:
            due = due_promotions(tx, time_text(tx.now), _BATCH)
        for promotion in due:
            if is_over():
                return done
            with database.transaction(actor="system") as tx:
                judge_due(tx, promotion, deciding, signer)
            done += 1
        if len(due) < _BATCH:
            return done


def give_turns(
    database: Database, deciding: Deciding, signer: Signer, is_over: Callable[[], bool]
) -> int:
    """Let each queue go on that stands though nothing is deployed there; how many turns were given.

    What ended before gives the next one its turn; where that run broke off, this is what does.
    Raises what makes judging impossible for all.
    """
    given = 0
    with database.read() as tx:
        standing = standing_queues(tx)
    for environment in standing:
        goes_on = True
        while goes_on and not is_over():
            with database.transaction(actor="system") as tx:
                goes_on = next_turn(tx, environment, deciding, signer)
            given += goes_on
    return given
