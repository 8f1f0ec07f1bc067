"""What the doctor asks of integrations: are they well, due, shadowing, and can they be used at all?"""

from collections.abc import Callable, Iterable, Sequence

from stella.hub.model import Health, Integration, Known
from stella.hub.store import list_integrations
from stella.kernel import Outcome, Seen, StellaError
from stella.plugin.contract.core import Kind
from stella.record import Database


def integrations_answer(seen: Sequence[Health]) -> list[Seen]:
    """Each integration that is switched on answers, and takes our credentials."""
    found = [
        Seen(
            one.outcome,
            one.detail,
            "" if one.outcome is Outcome.PASS else f"stella integration test {one.integration}",
            one.integration,
        )
        for one in seen
    ]
    return found or [Seen(Outcome.PASS, "none is switched on")]


def rotation_is_done(database: Database) -> list[Seen]:
    """No day has come by which credentials were to be others."""
    with database.read() as tx:
        listed, today = _enabled(list_integrations(tx)), tx.now.date().isoformat()
    dated = [one for one in listed if one.rotate_by is not None]
    late = [
        Seen(
            Outcome.BLOCKED,
            f"its credentials were to be others by {one.rotate_by}",
            f"Give it other credentials and a new rotateBy: stella integration get {one.name} "
            "-o yaml, then stella apply -f",
            one.name,
        )
        for one in dated
        if str(one.rotate_by) <= today
    ]
    return late or [Seen(Outcome.PASS, f"{len(dated)} have a day, and none has come")]


def precedence_is_known(database: Database, in_settings: Iterable[str]) -> list[Seen]:
    """No registry is told twice. in_settings: hosts under `registries` of the settings."""
    hosts = {one.lower() for one in in_settings}
    with database.read() as tx:
        listed = _enabled(list_integrations(tx), only_enabled=False)
    twice = [
        Seen(
            Outcome.UNKNOWN,
            f"{one.endpoint} stands in `registries` of the settings too; the integration counts",
            f"Take {one.endpoint} out of `registries`, or: stella integration delete {one.name}",
            one.name,
        )
        for one in listed
        if one.kind is Kind.REGISTRY and one.endpoint.lower() in hosts
    ]
    return twice or [Seen(Outcome.PASS, "none stands in the settings too")]


def nothing_waits_offline(database: Database, *, is_offline: bool) -> list[Seen]:
    """No integration is switched on where connectors reach nothing."""
    with database.read() as tx:
        names = [one.name for one in _enabled(list_integrations(tx))]
    if is_offline and names:
        detail = f"this server is offline, and {', '.join(names[:5])} are switched on"
        fix = "Set `offline` to false, or apply them with enabled: false."
        return [Seen(Outcome.BLOCKED, detail, fix)]
    return [Seen(Outcome.PASS, "offline" if is_offline else "connectors reach what is granted")]


def references_resolve(
    database: Database, unresolved: Callable[[Integration], Sequence[tuple[str, StellaError]]]
) -> list[Seen]:
    """Every credential of what is switched on leads somewhere. No secret store is asked."""
    with database.read() as tx:
        listed = _enabled(list_integrations(tx))
    found = [
        Seen(
            Outcome.BLOCKED,
            f"{credential}: {refusal}",
            refusal.remedy.command or refusal.remedy.advice,
            one.name,
        )
        for one in listed
        for credential, refusal in unresolved(one)
    ]
    count = sum(len(one.credentials) for one in listed)
    return found or [Seen(Outcome.PASS, f"{count} references lead somewhere")]


def _enabled(known: Iterable[Known], *, only_enabled: bool = True) -> list[Integration]:
    listed = [one.integration for one in known]
    return [one for one in listed if one.enabled or not only_enabled]
