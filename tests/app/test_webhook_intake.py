"""The way in under load: many at once, a slow store, a plugin that breaks, a database that is away."""

import asyncio
import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures.databases import Clock
from fixtures.road import BreakableDatabase
from stella.app.webhook_queue import Handling, handle_waiting
from stella.app.webhooks import Intake
from stella.blob import Blobs
from stella.hub.deliveries import list_deliveries, list_refusals
from stella.hub.delivery import Taken
from stella.hub.errors import UnknownIntegration, WebhookNotTaken
from stella.hub.facts import IntegrationDeleted
from stella.hub.lifecycle import DeliveryState
from stella.kernel import Remedy, id_maker
from stella.plugin.contract.webhook import PushedCommits, PushedImage, Received, Webhook
from stella.plugin.refusals import PluginErrored, WebhookForged, WebhookMalformed
from stella.record import Database
from stella.trust import new_signer

pytestmark = pytest.mark.long  # floods, and waits

PUSHED = PushedCommits("shop/web", "refs/heads/main", "a" * 40, "b" * 40)


class Says:
    """A webhook that gives what the body names as its id, after what it is told to do."""

    def __init__(self, do: Callable[[], object] = lambda: None) -> None:
        self.do = do

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        del headers, received_at
        self.do()
        return Received(body.decode(), "push", commits=(PUSHED,))


@pytest.fixture
def make_intake(database: Database) -> Iterator[Callable[[Callable[[str], Webhook]], Intake]]:
    made: list[Intake] = []

    def make(open_webhook: Callable[[str], Webhook]) -> Intake:
        made.append(Intake(database, open_webhook, now=lambda: datetime.now(UTC)))
        return made[-1]

    yield make
    for intake in made:
        intake.close()


async def send(intake: Intake, *bodies: str, name: str = "ci") -> list[Taken]:
    together = (intake.receive(name, {}, body.encode()) for body in bodies)
    return [taken for taken, _ in await asyncio.gather(*together)]


def test_many_at_once_are_each_stored_once_and_each_told_of_their_own(
    make_intake: Callable[..., Intake], database: Database
) -> None:
    intake = make_intake(lambda _: Says())
    bodies = [f"msg_{number % 150}" for number in range(300)]
    taken = asyncio.run(send(intake, *bodies))
    assert sum(one.is_replay for one in taken) == 150
    with database.read() as tx:
        rows = {one.delivery: one for one in list_deliveries(tx, limit=500)}
    assert len(rows) == 150
    assert [one.id for one in taken] == [rows[body].id for body in bodies]
    assert {one.replays for one in rows.values()} == {1}


def test_a_webhook_is_looked_up_anew_once_anything_was_changed(
    make_intake: Callable[..., Intake],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By anything but deliveries themselves."""
    monkeypatch.setattr("stella.app.webhooks._OPENED_S", 600)  # however slow this machine is
    handling = Handling(database, Blobs(tmp_path / "blobs"), new_signer(), dict)
    looked: list[str] = []

    def look_up(name: str) -> Webhook:
        looked.append(name)
        return Says()

    intake = make_intake(look_up)
    for number in range(5):
        asyncio.run(send(intake, f"msg_{number}"))
        rung = database.bell.rung
        assert handle_waiting(handling, lambda: False) == 1
        assert database.bell.rung > rung
    assert len(looked) == 1
    with database.transaction(actor="usr_1") as tx:
        tx.add(IntegrationDeleted("other", "webhook"))
    asyncio.run(send(intake, "msg_9"))
    assert len(looked) == 2


def test_a_store_that_is_slow_holds_up_its_own_webhook_alone(
    make_intake: Callable[..., Intake],
) -> None:
    over = threading.Event()
    slow, quick = Says(lambda: over.wait(20)), Says()
    intake = make_intake(lambda name: slow if name == "slow" else quick)

    async def both() -> float:
        waiting = asyncio.gather(
            *(intake.receive("slow", {}, f"s{number}".encode()) for number in range(100))
        )
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await send(intake, *(f"q{number}" for number in range(20)), name="quick")
        took_s = time.monotonic() - begun
        over.set()
        await waiting
        return took_s

    assert asyncio.run(both()) < 5


def test_what_waits_has_a_bound(make_intake: Callable[..., Intake]) -> None:
    over = threading.Event()
    intake = make_intake(lambda _: Says(lambda: over.wait(20)))

    async def flood() -> list[object]:
        asked = asyncio.gather(
            *(intake.receive("ci", {}, f"{number}".encode()) for number in range(2010)),
            return_exceptions=True,
        )
        await asyncio.sleep(0.5)
        over.set()
        return list(await asked)

    refused = [one for one in asyncio.run(flood()) if isinstance(one, BaseException)]
    assert len(refused) == 10
    assert all(isinstance(one, WebhookNotTaken) for one in refused)


class Name(str):
    """A name of which it can be said whether anybody still holds it."""

    __slots__ = ("__weakref__",)


def _held_after(intake: Intake, count: int) -> int:
    """How many of ``count`` invented names are kept anywhere, once each was refused."""
    names = [Name(f"invented-{number}") for number in range(count)]
    held = [weakref.ref(one) for one in names]

    async def refused() -> None:
        while names:
            with pytest.raises((WebhookForged, WebhookNotTaken)):
                await intake.receive(names.pop(), {}, b"x")

    asyncio.run(refused())
    gc.collect()
    return sum(one() is not None for one in held)


def test_a_name_that_no_webhook_has_stays_nowhere_in_memory(
    make_intake: Callable[..., Intake],
) -> None:
    def nobody(name: str) -> Webhook:
        raise UnknownIntegration(f"there is none called {name}", remedy=Remedy("-"))

    assert _held_after(make_intake(nobody), 50) <= 1  # a thread may keep its last task for a moment


def test_a_name_that_is_refused_for_a_full_queue_stays_nowhere_in_memory(
    make_intake: Callable[..., Intake],
) -> None:
    over = threading.Event()
    intake = make_intake(lambda _: Says(lambda: over.wait(20)))

    async def flood() -> int:
        waiting = asyncio.gather(
            *(intake.receive("ci", {}, f"{number}".encode()) for number in range(2000))
        )
        await asyncio.sleep(0.3)
        with ThreadPoolExecutor(1) as beside:
            held = beside.submit(_held_after, intake, 200).result()
        over.set()
        await waiting
        return held

    assert asyncio.run(flood()) == 0
    asyncio.run(send(intake, "msg_1"))  # what was counted was counted down again


@pytest.mark.parametrize(
    "broken", [PluginErrored("it hung", remedy=Remedy("-")), RuntimeError("a secret is x-1")]
)
def test_a_plugin_that_breaks_loses_one_call_and_tells_nothing(
    make_intake: Callable[..., Intake], database: Database, broken: Exception
) -> None:
    def fall() -> None:
        raise broken

    intake = make_intake(lambda _: Says(fall))
    with pytest.raises(WebhookNotTaken) as refusal:
        asyncio.run(send(intake, "msg_1"))
    assert "x-1" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    intake.flush_refusals()
    with database.read() as tx:
        assert [one.count for one in list_refusals(tx, "ci")] == [1]
        assert list_deliveries(tx) == ()


def test_a_sender_that_has_gone_breaks_nothing_for_the_others(
    make_intake: Callable[..., Intake], database: Database
) -> None:
    intake = make_intake(lambda _: Says())

    async def gone() -> None:
        tasks = [
            asyncio.create_task(intake.receive("ci", {}, f"msg_{number}".encode()))
            for number in range(40)
        ]
        await asyncio.sleep(0.001)
        for task in tasks[::2]:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, tuple) for one in ended[1::2])

    asyncio.run(gone())
    with database.read() as tx:
        kept = {one.delivery for one in list_deliveries(tx)}
    assert {f"msg_{number}" for number in range(1, 40, 2)} <= kept


def test_a_transaction_that_breaks_is_told_and_the_next_delivery_is_taken(tmp_path: Path) -> None:
    clock = Clock()
    database = BreakableDatabase.open(
        f"sqlite:///{tmp_path}/stella.db", now=clock, new_id=id_maker(clock, os.urandom)
    )
    assert isinstance(database, BreakableDatabase)
    database.create_tables()
    database.break_at = 0
    intake = Intake(database, lambda _: Says(), now=clock)
    with pytest.raises(WebhookNotTaken):
        asyncio.run(send(intake, "msg_1"))
    assert not asyncio.run(send(intake, "msg_1"))[0].is_replay
    intake.close()
    database.close()


def test_one_delivery_that_cannot_be_handled_leaves_the_others_alone(
    make_intake: Callable[..., Intake], database: Database, tmp_path: Path
) -> None:
    bad = PushedImage("registry.example", "shop/web", "1.0", "sha256:" + "ab" * 32)
    odd = PushedImage("no host at all", "UPPER", "1.0", "sha256:" + "ab" * 32)

    class Brings(Says):
        def receive(
            self, headers: Mapping[str, str], body: bytes, received_at: datetime
        ) -> Received:
            del headers, received_at
            name = body.decode()
            images = {"good": (bad,), "odd": (odd,)}.get(name, ())
            return Received(name, "push", images, (PUSHED,))

    intake = make_intake(lambda _: Brings())
    asyncio.run(send(intake, "odd", "good", "plain"))
    handling = Handling(database, Blobs(tmp_path / "blobs"), new_signer(), dict)
    assert handle_waiting(handling, lambda: False) == 3
    with database.read() as tx:
        rows = {one.delivery: one for one in list_deliveries(tx)}
    assert {one.state for one in rows.values()} == {DeliveryState.HANDLED}
    assert rows["odd"].outcome.startswith("what was pushed is no image reference")


def test_what_a_connector_read_and_nobody_can_store_is_refused_alone(
    make_intake: Callable[..., Intake],
) -> None:
    odd = PushedCommits("\ud800", "refs/heads/main", "a" * 40, "b" * 40)

    class Odd(Says):
        def receive(
            self, headers: Mapping[str, str], body: bytes, received_at: datetime
        ) -> Received:
            del headers, received_at
            said = odd if body == b"odd" else PUSHED
            return Received(body.decode(), "push", commits=(said,))

    intake = make_intake(lambda _: Odd())

    async def both() -> list[object]:
        asked = (intake.receive("ci", {}, body) for body in (b"odd", b"plain"))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    refused, taken = asyncio.run(both())
    assert isinstance(refused, WebhookMalformed)
    assert isinstance(taken, tuple)


def test_more_than_is_kept_is_shown_as_failed_without_its_content(
    make_intake: Callable[..., Intake], database: Database
) -> None:
    class Huge(Says):
        def receive(
            self, headers: Mapping[str, str], body: bytes, received_at: datetime
        ) -> Received:
            del headers, body, received_at
            return Received("x" * 5000, "e" * 5000, commits=(PUSHED,) * 5000)

    asyncio.run(send(make_intake(lambda _: Huge()), "msg_1"))
    with database.read() as tx:
        (kept,) = list_deliveries(tx)
    assert (kept.state, kept.content) == (DeliveryState.FAILED, {})
    assert kept.delivery.startswith("sha256:")
    assert len(kept.event) == 100


def test_whoever_forges_is_told_the_same_whatever_the_connector_says(
    make_intake: Callable[..., Intake],
) -> None:
    def tell() -> None:
        raise WebhookForged("the secret is hunter2", remedy=Remedy("Sign with hunter2."))

    intake = make_intake(lambda _: Says(tell))
    with pytest.raises(WebhookForged) as refusal:
        asyncio.run(send(intake, "msg_1"))
    assert "hunter2" not in f"{refusal.value} {refusal.value.problem()}"
