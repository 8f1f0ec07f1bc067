"""What the doctor looks at around this server: integrations, secrets, doors, plugins."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from stella.api.services import Services
from stella.app.doctoring.ground import Ground
from stella.app.doctoring.services import (
    plugin_files_are_whole,
    plugins_are_usable,
    registries_answer,
    uses_are_allowed,
)
from stella.doctor import Area, Check
from stella.hub import checks as hub
from stella.hub.delivery_checks import deliveries_are_handled
from stella.identity.checks import logins_can_be_used
from stella.kernel import Outcome, Seen, StellaError
from stella.notify.checks import messages_are_taken
from stella.plugin.contract.check import DoctorCheck
from stella.plugin.contract.core import Kind
from stella.plugin.crossing import bounded_text


def of_the_hub(ground: Ground) -> Iterator[Check]:
    """Integrations, and the secrets that they use."""
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


def of_the_doors(ground: Ground) -> Iterator[Check]:
    """Who is told, who comes in, and what is sent to us."""
    database = ground.database
    yield Check(
        "integrations.notifications",
        Area.INTEGRATIONS,
        "notifications",
        "Who is not told does not approve, and does not look.",
        "The last message by each rule.",
        lambda: messages_are_taken(database()),
    )
    yield Check(
        "integrations.webhooks",
        Area.INTEGRATIONS,
        "webhook",
        "What a service told us was not done, and it will not tell us again.",
        "The newest delivery of each webhook that ended, and the ones that wait for another try.",
        lambda: deliveries_are_handled(database()),
    )
    yield Check(
        "integrations.logins",
        Area.INTEGRATIONS,
        "login",
        "Nobody gets in by a document whose integration is off or gone.",
        "The integration of each MachineLogin and SignIn that is switched on.",
        lambda: logins_can_be_used(database()),
    )


def of_the_plugins(ground: Ground) -> Iterator[Check]:
    """Whether plugins can be used, and what they look at themselves."""
    services = ground.services
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
    with suppress(StellaError):  # what says why stands in the table
        yield from _of_plugins(ground.services())


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
