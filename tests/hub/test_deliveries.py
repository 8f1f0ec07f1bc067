"""Deliveries as they are stored: once, whoever else stores at that moment."""

import threading

from stella.hub.deliveries import (
    end_deliveries,
    forget_deliveries,
    list_deliveries,
    take_deliveries,
)
from stella.hub.delivery import ATTEMPTS_MAX, WAITS_S, Delivery, Taken, arrived, failed, handled
from stella.hub.delivery_checks import deliveries_are_handled
from stella.hub.lifecycle import DELIVERY, DeliveryState
from stella.hub.model import Integration
from stella.hub.store import put_integration
from stella.kernel import Outcome
from stella.plugin.contract.core import Kind
from stella.plugin.contract.webhook import PushedCommits, Received
from stella.record import Database

PUSHED = PushedCommits("shop/web", "refs/heads/main", "a" * 40, "b" * 40)


def take(database: Database, *ids: str) -> list[Taken]:
    made = [arrived("forge", Received(one, "push", commits=(PUSHED,))) for one in ids]
    with database.transaction(actor="webhook") as tx:
        return take_deliveries(tx, made)


def test_two_servers_that_take_the_same_at_one_moment_store_it_once(database: Database) -> None:
    barrier, taken = threading.Barrier(4), []

    def one_server() -> None:
        barrier.wait()
        for number in range(20):
            taken.extend(take(database, f"msg_{number}", f"msg_{number + 1}"))

    threads = [threading.Thread(target=one_server) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        rows = list_deliveries(tx, limit=500)
    assert len(rows) == 21
    assert len(taken) == 160
    assert sum(not one.is_replay for one in taken) == 21
    assert sum(one.replays for one in rows) == 160 - 21


def test_one_that_may_be_mended_is_tried_so_often_and_no_more(database: Database) -> None:
    take(database, "msg_1")
    with database.transaction(actor="webhook") as tx:
        (value,) = list_deliveries(tx)
        for number in range(1, ATTEMPTS_MAX):
            value = failed(tx, value, "away", "2030-01-01T00:00:00.000000Z")
            assert (value.state, value.attempts) == (DeliveryState.QUEUED, number)
        value = failed(tx, value, "away", "2030-01-01T00:00:00.000000Z")
        assert (value.state, value.next_at) == (DeliveryState.FAILED, "")
    assert len(WAITS_S) == ATTEMPTS_MAX - 1


def test_an_ended_one_is_not_handled_again(database: Database) -> None:
    take(database, "msg_1")
    with database.transaction(actor="webhook") as tx:
        (value,) = list_deliveries(tx)
        done: Delivery = handled(tx, value, "done")
    assert DELIVERY.events_from(done.state) == ()


def test_nothing_is_forgotten_before_its_time(database: Database) -> None:
    take(database, "msg_1", "msg_2")
    with database.transaction(actor="webhook") as tx:
        end_deliveries(tx, [handled(tx, one, "done") for one in list_deliveries(tx)])
        assert forget_deliveries(tx) == 0
        assert len(list_deliveries(tx)) == 2


def test_the_doctor_names_what_was_tried_in_vain_until_the_next_goes_well(database: Database):
    with database.transaction(actor="usr_1") as tx:
        put_integration(tx, Integration("forge", Kind.WEBHOOK, "github", ""))
        put_integration(tx, Integration("quiet", Kind.WEBHOOK, "github", ""))
    take(database, "msg_1")
    assert [one.outcome for one in deliveries_are_handled(database)] == [Outcome.PASS]
    with database.transaction(actor="webhook") as tx:
        (value,) = list_deliveries(tx)
        value = failed(tx, value, "the registry is away", "2030-01-01T00:00:00.000000Z")
        end_deliveries(tx, [value])
    (seen,) = deliveries_are_handled(database)
    assert (seen.outcome, seen.about) == (Outcome.UNKNOWN, "forge")
    with database.transaction(actor="webhook") as tx:
        end_deliveries(tx, [failed(tx, value, "the registry is away", None)])
    (seen,) = deliveries_are_handled(database)
    assert seen.outcome is Outcome.BLOCKED
    assert seen.detail == "push failed: the registry is away"
    assert seen.fix == f"stella webhook retry {value.id}"
    take(database, "msg_2")
    with database.transaction(actor="webhook") as tx:
        (newest, _) = list_deliveries(tx)
        end_deliveries(tx, [handled(tx, newest, "done")])
    assert [one.outcome for one in deliveries_are_handled(database)] == [Outcome.PASS]
