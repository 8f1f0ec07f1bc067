"""Feeds of VEX that integrations name are followed by the server: repositories, providers, single documents.

What was observed of them is kept below ``data/vex-feeds``. A feed that fails changes nothing: what was known
of it stays, with its age. Whose word it is, issuers' documents alone say.
"""

from datetime import timedelta
from itertools import chain

from stella.advisory.observation import Observations
from stella.api.services import Services
from stella.app.feed_round import FeedRound, Looked
from stella.vex.fed import follow_no_more, hear_feed, note_trouble, take_fed_vex
from stella.vex.feed_file import read_vex_file, vex_in
from stella.vex.feed_store import followed_feeds


class VexSync:
    """One sweep brings every feed up to date whose time has come or that is asked for."""

    def __init__(self, services: Services, every: timedelta) -> None:
        self._services = services
        self._round = FeedRound(
            services, services.data / "vex-feeds", every, lambda one: one.brings_vex, read_vex_file
        )
        self._taken: dict[str, str] = {}

    def sweep(self) -> None:
        """Look at what is due, and let count what the feeds hold."""
        names = self._round.names()
        with self._services.database.read() as tx:
            known = followed_feeds(tx)
        for one in known:
            if one.name not in names:
                with self._services.database.transaction(actor="system") as tx:
                    follow_no_more(tx, self._services.blobs, one.name)
        if not names:
            return
        asked = frozenset(one.name for one in known if one.is_asked_for)
        with Observations(self._round.store) as store:
            for looked in self._round.look(store, asked):
                if looked.trouble:
                    self._note(looked)
            for name in names:
                if not self._services.stopping.is_set():
                    self._take(store, name)

    def _note(self, looked: Looked) -> None:
        with self._services.database.transaction(actor="system") as tx:
            note_trouble(tx, looked.name, looked.trouble)

    def _take(self, store: Observations, name: str) -> None:
        """Also what was observed before a server ended and did not come to count it."""
        files, checked_at = store.current(name), store.feed(name).checked_at
        if not checked_at or self._taken.get(name) == checked_at:
            return
        services = self._services
        documents = chain.from_iterable(
            vex_in(store.raw(one.digest), one.document) for one in files
        )
        with services.database.read() as tx:
            held = hear_feed(tx, services.blobs, name, documents, services.deciding.own_keys)
        with services.database.transaction(actor="system") as tx:
            take_fed_vex(tx, services.blobs, name, held, checked_at)
        self._taken[name] = checked_at
