"""What the doctor looks at within this server: records, keys, disk, agents, evidence."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from stella.advisory.checks import snapshot_is_fresh
from stella.app.doctoring import data
from stella.app.doctoring.ground import Ground
from stella.app.doctoring.services import (
    bytes_are_kept,
    handlers_go_on,
    keeper_keeps_keys,
    secret_keys_are_there,
)
from stella.app.feed_sync import own_advisories
from stella.app.followed import repositories_are_applied
from stella.app.over import environments_have_ended
from stella.doctor import Area, Check
from stella.evidence.checks import packets_are_there
from stella.fleet import checks as fleet
from stella.kernel import Outcome, Seen, StellaError
from stella.ledger.checks import ledger_holds
from stella.record import Database
from stella.record import checks as record
from stella.trust import TrustRoot


def of_the_server(ground: Ground) -> Iterator[Check]:
    """The server itself, and its ports."""
    settings = ground.settings
    yield Check(
        "server.opens",
        Area.SERVER,
        "server",
        "A server that cannot be opened does not start again.",
        "Without a running server its keys, database and plugins are opened as at a start.",
        lambda: _opens(ground),
    )
    yield Check(
        "network.ports",
        Area.NETWORK,
        "port",
        "People and agents reach nothing where a port takes no connection.",
        "The lock of the data directory, and a connection to each port.",
        lambda: data.server_answers(settings),
    )
    yield Check(
        "network.certificates",
        Area.NETWORK,
        "certificate",
        "Agents refuse a server whose certificate has ended.",
        "The certificates beside the server's keys, and the clock.",
        lambda: data.certificates_last(settings.data, ground.database().now()),
    )


def of_the_records(ground: Ground) -> Iterator[Check]:
    """The database, the chain of facts, what follows from them."""
    database = ground.database
    yield Check(
        "database.answers",
        Area.DATABASE,
        "database",
        "Without its records a server does nothing.",
        "A read of the database that the settings name.",
        lambda: _answers(database()),
    )
    yield Check(
        "database.schema",
        Area.DATABASE,
        "migrations",
        "A program writes into the tables it knows, and no others.",
        "The revision in the database against that of this version.",
        lambda: data.schema_is_ours(database()),
        lambda: data.bring_schema(database()),
        is_named_only=True,
    )
    yield Check(
        "server.clock",
        Area.SERVER,
        "clock",
        "Logins, certificates, freezes and the order of facts go by it.",
        "This clock, the database's, and the time of the newest fact.",
        lambda: record.clocks_agree(database()),
    )
    yield Check(
        "records.chain",
        Area.RECORDS,
        "audit chain",
        "Evidence proves nothing where a fact can be changed unseen.",
        "Every fact is hashed again, from the first to the last.",
        lambda: record.chain_holds(database()),
    )
    yield Check(
        "records.ledger",
        Area.RECORDS,
        "ledger",
        "A log that shrank or forked convinces nobody, and nothing more is put into it.",
        "Every entry is hashed again, every tile made anew, and the root held against the database.",
        lambda: ledger_holds(ground.services().attestor, ground.services().database),
    )
    yield Check(
        "records.sealed",
        Area.RECORDS,
        "sealing",
        "What has no place in the chain is in no packet.",
        "The age of the oldest fact without a place.",
        lambda: record.facts_are_sealed(database()),
    )
    yield Check(
        "records.handled",
        Area.RECORDS,
        "dispatching",
        "Nothing follows from what happens: releases stand still.",
        "The age of the oldest fact that waits for its handler.",
        lambda: record.facts_are_handled(database()),
    )
    yield Check(
        "records.handlers",
        Area.RECORDS,
        "handlers",
        "What was to follow from a fact has not happened.",
        "The durable runs that gave up.",
        lambda: handlers_go_on(ground.services(), is_running=ground.is_running),
    )


def of_the_keys(ground: Ground) -> Iterator[Check]:
    """Key files, and the keys of secrets."""
    where = ground.settings.data
    yield Check(
        "keys.there",
        Area.KEYS,
        "key files",
        "A server does not start without each of its keys.",
        "The files in the keys directory.",
        lambda: data.keys_are_there(where),
    )
    yield Check(
        "keys.private",
        Area.KEYS,
        "privacy of keys",
        "Who reads a key signs evidence and orders as this server.",
        "The mode of each file with a private key.",
        lambda: data.keys_are_private(where),
        lambda: data.make_private(where),
    )
    yield Check(
        "keys.match",
        Area.KEYS,
        "keys",
        "What another key signs is refused by everybody who verifies.",
        "Each private key against the public half that verifiers are given.",
        lambda: data.keys_match(where, _root(ground)),
    )
    yield Check(
        "secrets.keys",
        Area.SECRETS,
        "keys of secrets",
        "A secret whose key is gone cannot be opened by anybody.",
        "The key id of each stored secret against the keys of all keepers.",
        lambda: secret_keys_are_there(ground.services()),
    )
    yield Check(
        "secrets.keeper",
        Area.SECRETS,
        "keeper of keys",
        "Where the keeper of keys does not answer no secret is opened, and none is stored.",
        "The first of secret_keepers wraps a key and opens it; no secret lies under another's.",
        lambda: keeper_keeps_keys(ground.services(), ground.settings.secret_keepers),
    )


def of_the_disk(ground: Ground) -> Iterator[Check]:
    """Room, directories and bytes."""
    where = ground.settings.data

    def now() -> datetime:
        return ground.database().now()

    yield Check(
        "disk.room",
        Area.DISK,
        "disk",
        "On a full disk nothing is recorded, so that nothing can go on.",
        "The free bytes where the server writes, against disk_free_bytes_min.",
        lambda: data.there_is_room(where, ground.settings.disk_free_bytes_min),
    )
    yield Check(
        "disk.folders",
        Area.DISK,
        "directories",
        "What cannot be written is lost.",
        "The directories below data_directory.",
        lambda: data.folders_are_there(where),
    )
    yield Check(
        "disk.bytes",
        Area.DISK,
        "blobs",
        "Packets, plans and policies are kept as bytes by digest.",
        "A few bytes are put and got.",
        lambda: bytes_are_kept(ground.services()),
    )
    yield Check(
        "disk.leftovers",
        Area.DISK,
        "leftovers",
        "They take room, and one of them may be a key that was never used.",
        "Half-written files older than an hour.",
        lambda: data.leftovers_are_gone(where, now()),
        lambda: data.remove_leftovers(where, now()),
    )


def of_the_way(ground: Ground) -> Iterator[Check]:
    """Agents, advisories, evidence: what a release meets."""
    database, settings = ground.database, ground.settings
    own = own_advisories(settings.data)
    named = Path(settings.advisories).expanduser() if settings.advisories else own
    path = named if settings.advisories or own.is_dir() else None
    yield Check(
        "records.environments",
        Area.RECORDS,
        "environments with an end",
        "What was to be there for a time costs and runs on.",
        "Each environment's endsAt, and what keeps it from being ended.",
        lambda: environments_have_ended(database()),
    )
    yield Check(
        "records.repositories",
        Area.RECORDS,
        "followed repositories",
        "What a repository says and the server does not is what nobody expects.",
        "How the last look at each of them ended.",
        lambda: repositories_are_applied(database()),
    )
    yield Check(
        "agents.heard",
        Area.AGENTS,
        "agent",
        "Nothing is deployed to a host whose agent is silent.",
        "When each agent was last heard.",
        lambda: fleet.agents_are_heard(database()),
    )
    yield Check(
        "agents.certificates",
        Area.AGENTS,
        "agent certificate",
        "An agent whose certificate has ended must be enrolled again.",
        "The end of each agent's certificate.",
        lambda: fleet.certificates_last(database()),
    )
    yield Check(
        "advisories.fresh",
        Area.ADVISORIES,
        "advisories",
        "What nobody has heard of is not found in an image.",
        "The age of the snapshot that the settings name, or that was made of feeds.",
        lambda: snapshot_is_fresh(path, database().now()),
    )
    yield Check(
        "evidence.packets",
        Area.EVIDENCE,
        "packets",
        "A deployment without a packet can be proven to nobody.",
        "Ended deployments against the packets in the locker.",
        lambda: packets_are_there(database()),
    )


def _root(ground: Ground) -> TrustRoot | None:
    with suppress(StellaError):
        return ground.services().trust_root
    return None


def _opens(ground: Ground) -> list[Seen]:
    where = ground.services().data
    told = f"it runs on {where}" if ground.is_running else f"all of {where} can be opened"
    return [Seen(Outcome.PASS, told)]


def _answers(database: Database) -> list[Seen]:
    with database.read():
        return [Seen(Outcome.PASS, database.url)]
