"""Plugins are installed, granted, switched on and off; each with its fact."""

import threading
from typing import Any

import pytest

from fixtures.databases import Clock, OpenDatabase
from plugin.packages import BOAT, wheel_of
from stella.plugin.contract.core import Capability, Need
from stella.plugin.manage import (
    disable_plugin,
    enable_plugin,
    grant_plugin,
    install_plugin,
    remove_version,
)
from stella.plugin.refusals import MalformedWheel, PluginBroken, PluginInUse, UnknownPlugin
from stella.plugin.store import list_choices, list_versions
from stella.plugin.wheel import PluginWheel, read_wheel
from stella.record import Database, facts_about


def wheel(**changes: Any) -> PluginWheel:
    return read_wheel(wheel_of("boats", contributes=[BOAT], **changes))


NEEDS = [{"capability": "network", "hosts": ["sea.example"]}]


def kinds(database: Database) -> list[str]:
    with database.read() as tx:
        return [one.kind for one in facts_about(tx, ["boats"])]


def test_a_version_is_used_once_it_may_do_what_it_asks_for(database: Database):
    one = wheel(needs=NEEDS)
    with database.transaction(actor="usr_1") as tx:
        assert install_plugin(tx, one, frozenset())
        assert not install_plugin(tx, one, frozenset()), "the same wheel again is no news"
        assert list_choices(tx) == {}
        with pytest.raises(PluginBroken, match="needs network to sea"):
            enable_plugin(tx, one.manifest, "1.0.0", {})
        grant_plugin(tx, "boats", [Need(Capability.NETWORK, ("*.example",))], is_beside=False)
        assert enable_plugin(tx, one.manifest, "1.0.0", {}).is_enabled
        enable_plugin(tx, one.manifest, "1.0.0", {})
    assert kinds(database) == ["PluginInstalled", "PluginGranted", "PluginEnabled"]


def test_it_goes_up_a_version_and_back(database: Database):
    one, two = wheel(), wheel(version="2.0.0")
    with database.transaction(actor="usr_1") as tx:
        for each in (one, two):
            install_plugin(tx, each, frozenset())
        enable_plugin(tx, one.manifest, "1.0.0", {})
        enable_plugin(tx, two.manifest, "2.0.0", {})
        assert list_choices(tx)["boats"].version == "2.0.0"
        with pytest.raises(PluginInUse, match="switched on"):
            remove_version(tx, "boats", "2.0.0")
        enable_plugin(tx, one.manifest, "1.0.0", {})
        remove_version(tx, "boats", "2.0.0")
        assert [held.version for held in list_versions(tx)] == ["1.0.0"]
        with pytest.raises(UnknownPlugin):
            enable_plugin(tx, two.manifest, "2.0.0", {})


def test_one_that_is_used_is_not_switched_off(database: Database):
    one = wheel()
    with database.transaction(actor="usr_1") as tx:
        install_plugin(tx, one, frozenset())
        enable_plugin(tx, one.manifest, "1.0.0", {})
        with pytest.raises(PluginInUse, match="prod-a"):
            disable_plugin(tx, one.manifest, ["prod-a"])
        disable_plugin(tx, one.manifest, [])
        disable_plugin(tx, one.manifest, [])
        remove_version(tx, "boats", "1.0.0")
    assert kinds(database)[-2:] == ["PluginDisabled", "PluginRemoved"]


def test_a_name_and_version_stand_for_one_wheel(database: Database):
    with database.transaction(actor="usr_1") as tx:
        install_plugin(tx, wheel(), frozenset())
        with pytest.raises(MalformedWheel, match="is here already"):
            install_plugin(tx, wheel(title="Other"), frozenset())
        with pytest.raises(MalformedWheel, match="beside the server"):
            install_plugin(tx, wheel(version="3.0.0"), frozenset({"boats"}))


def test_what_was_granted_reads_the_same_later(open_database: OpenDatabase, clock: Clock):
    granted = (Need(Capability.DOCKER), Need(Capability.NETWORK, ("a.example", "*.b.example")))
    with open_database().transaction(actor="usr_1") as tx:
        grant_plugin(tx, "boats", granted, is_beside=False)
        assert list_choices(tx)["boats"].granted == granted
        grant_plugin(tx, "boats", [], is_beside=False)
        assert list_choices(tx)["boats"].granted == ()


def test_two_who_decide_at_the_same_moment_undo_nothing(open_database: OpenDatabase):
    database, one = open_database(), wheel()
    with database.transaction(actor="usr_1") as tx:
        install_plugin(tx, one, frozenset())
        enable_plugin(tx, one.manifest, "1.0.0", {})

    def disable() -> None:
        with database.transaction(actor="usr_2") as tx:
            disable_plugin(tx, one.manifest, [])

    other = threading.Thread(target=disable)
    with database.transaction(actor="usr_1") as tx:
        grant_plugin(tx, "boats", [Need(Capability.NETWORK)], is_beside=False)
        other.start()
        other.join(0.5)
    other.join()
    with database.read() as tx:
        choice = list_choices(tx)["boats"]
    assert (choice.is_enabled, choice.granted) == (False, (Need(Capability.NETWORK),))
