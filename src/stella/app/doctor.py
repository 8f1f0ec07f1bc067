"""The table of everything that the doctor looks at: what each room brings, in the server's words."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from stella.advisory.checks import snapshot_is_fresh
from stella.api.services import Services
from stella.app import data_checks as data
from stella.app.service_checks import (
    bytes_are_kept,
    handlers_go_on,
    plugin_files_are_whole,
    plugins_are_usable,
    registries_answer,
    secret_keys_are_there,
    uses_are_allowed,
)
from stella.app.settings import Settings
from stella.doctor import Area, Check
from stella.evidence.checks import packets_are_there
from stella.fleet import checks as fleet
from stella.hub import checks as hub
from stella.kernel import Outcome, Seen, StellaError
from stella.notify.checks import messages_are_taken
from stella.plugin.contract.check import DoctorCheck
from stella.plugin.contract.core import Kind
from stella.plugin.crossing import bounded_text
from stella.record import Database
from stella.record import checks as record
from stella.trust import TrustRoot


@dataclass(frozen=True, slots=True)
class Ground:
    """What the checks stand on. database, services: opened when a check first wants them."""

    settings: Settings
    database: Callable[[], Database]
    services: Callable[[], Services]
    is_running: bool


def checks_of(settings: Settings, services: Services) -> tuple[Check, ...]:
    """Of a server that runs in this process."""
    return checks_on(Ground(settings, lambda: services.database, lambda: services, True))


def checks_on(ground: Ground) -> tuple[Check, ...]:
    """The whole table."""
    plugins: tuple[Check, ...] = ()
    with suppress(StellaError):  # what says why stands in the table
        plugins = tuple(_of_plugins(ground.services()))
    return (
        *_of_the_server(ground),
        *_of_the_records(ground),
        *_of_the_keys(ground),
        *_of_the_disk(ground),
        *_of_the_hub(ground),
        *_of_the_rest(ground),
        *plugins,
    )


def _of_the_server(ground: Ground) -> Iterator[Check]:
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


def _of_the_records(ground: Ground) -> Iterator[Check]:
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


def _of_the_keys(ground: Ground) -> Iterator[Check]:
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
        "The key id of each stored secret against the files of keys.",
        lambda: secret_keys_are_there(ground.services()),
    )


def _of_the_disk(ground: Ground) -> Iterator[Check]:
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


def _of_the_hub(ground: Ground) -> Iterator[Check]:
    settings, database, services = ground.settings, ground.database, ground.services
    yield Check(
        "network.offline",
        Area.NETWORK,
        "offline",
        "Connectors of an offline server reach nothing.",
        "The setting `offline`, and the integrations that are switched on.",
        lambda: hub.nothing_waits_offline(database(), is_offline=settings.offline),
    )
    yield Check(
        "integrations.registries",
        Area.INTEGRATIONS,
        "registry",
        "Images of a registry that does not answer cannot be resolved or scanned.",
        "Each registry of the settings is asked.",
        lambda: registries_answer(services()),
    )
    yield Check(
        "integrations.answer",
        Area.INTEGRATIONS,
        "integration",
        "What is reached through it does not work.",
        "Each that is switched on is used once, with its credentials.",
        lambda: hub.integrations_answer(services().integrations_seen()),
    )
    yield Check(
        "integrations.precedence",
        Area.INTEGRATIONS,
        "precedence",
        "Who changes the settings changes nothing while the integration is there.",
        "`registries` of the settings against the integrations of registries.",
        lambda: hub.precedence_is_known(database(), settings.registries),
    )
    yield Check(
        "secrets.rotation",
        Area.SECRETS,
        "rotation",
        "A credential that is never exchanged is known to ever more people.",
        "rotateBy of each integration against today.",
        lambda: hub.rotation_is_done(database()),
    )
    yield Check(
        "secrets.references",
        Area.SECRETS,
        "references",
        "A deployment stops in its middle where a secret is not found.",
        "Each reference is followed as far as this machine knows.",
        lambda: hub.references_resolve(database(), services().outside.unresolved),
    )
    yield Check(
        "secrets.uses",
        Area.SECRETS,
        "use of secret",
        "An integration that was not allowed a secret does not work.",
        "Each use of a built-in secret against what was allowed.",
        lambda: uses_are_allowed(database()),
    )


def _of_the_rest(ground: Ground) -> Iterator[Check]:
    database, services, settings = ground.database, ground.services, ground.settings
    path = Path(settings.advisories).expanduser() if settings.advisories else None
    yield Check(
        "integrations.notifications",
        Area.INTEGRATIONS,
        "notifications",
        "Who is not told does not approve, and does not look.",
        "The last message by each rule.",
        lambda: messages_are_taken(database()),
    )
    yield Check(
        "plugins.usable",
        Area.PLUGINS,
        "plugin",
        "What a refused plugin brings is not there.",
        "What each asks for against what it is granted.",
        lambda: plugins_are_usable(services()),
    )
    yield Check(
        "plugins.files",
        Area.PLUGINS,
        "plugin files",
        "Code that is not what was installed does not run, or does something else.",
        "The files of each version in use against its wheel.",
        lambda: plugin_files_are_whole(services()),
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
        "The age of the snapshot that the settings name.",
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


def _of_plugins(services: Services) -> Iterator[Check]:
    """What plugins bring, under their own names: none can stand in for one of ours."""
    plugins = services.plugins
    for name, made in services.outside.checks().items():
        owner = plugins.owner(Kind.CHECK, name).name

        yield Check(
            f"plugins.{owner}.{name}",
            Area.PLUGINS,
            name if name == owner else f"{name} (of {owner})",
            "The plugin that brings this check says so.",
            f"The plugin {owner} looked.",
            partial(_looked, made),
        )


def _looked(made: DoctorCheck) -> list[Seen]:
    """One that refuses is unknown: a stranger's trouble is no fault of this server."""
    try:
        found = made.examine()
    except StellaError as refusal:
        fix = refusal.remedy.command or refusal.remedy.advice
        return [Seen(Outcome.UNKNOWN, str(refusal), fix)]
    return [Seen(one.outcome, bounded_text(one.detail), bounded_text(one.fix)) for one in found]


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
