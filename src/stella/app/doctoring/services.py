"""What the doctor asks of the parts of an open server."""

from collections.abc import Iterable, Sequence

from stella.api.services import Services
from stella.hub.store import list_secrets
from stella.kernel import Digest, Outcome, Seen, StellaError
from stella.record import Database
from stella.trust.envelope import open_sealed, seal

# A repository that nobody has: what matters is that the registry answers at all.
_NO_REPOSITORY = "stella-doctor"
_TRIED, _ABOUT = b"stella doctor", "what the doctor tries"


def bytes_are_kept(services: Services) -> list[Seen]:
    """Bytes can be put and got."""
    content = b"stella doctor"
    services.blobs.put(content)
    services.blobs.get(Digest.of(content))
    return [Seen(Outcome.PASS, f"written and read at {services.blobs.directory}")]


def handlers_go_on(services: Services, *, is_running: bool) -> list[Seen]:
    """No handler of a fact gave up. is_running: whether this process runs them."""
    if not is_running:
        return [Seen(Outcome.PASS, "the running server knows; ask it")]
    failed = services.failed_runs()
    if failed:
        detail = f"{len(failed)} gave up, the first on {failed[0]}"
        return [Seen(Outcome.BLOCKED, detail, "See the server's log of that fact.")]
    return [Seen(Outcome.PASS, "none gave up")]


def registries_answer(services: Services) -> list[Seen]:
    """Each registry that the settings name answers."""
    found = []
    for host in services.registries:
        try:
            services.open_registry(host).tags(_NO_REPOSITORY)
        except StellaError as refusal:
            fix = refusal.remedy.command or refusal.remedy.advice
            found.append(Seen(Outcome.BLOCKED, str(refusal), fix, host))
        else:
            found.append(Seen(Outcome.PASS, "answers", "", host))
    none = "none is set; images are read anonymously by HTTPS"
    return found or [Seen(Outcome.PASS, none)]


def plugins_are_usable(services: Services) -> list[Seen]:
    """Every plugin that is switched on may be used."""
    refused = [
        Seen(Outcome.BLOCKED, "; ".join(one.reasons), _plugin_fix(one.name, one.reasons), one.name)
        for one in services.plugins.refused
    ]
    return refused or [Seen(Outcome.PASS, "none is refused")]


def _plugin_fix(name: str, reasons: Iterable[str]) -> str:
    if any("not granted" in one for one in reasons):
        return f"stella plugin grant {name} --everything"
    if any("on the disk" in one for one in reasons):
        return "stella plugin install WHEEL"
    return f"stella plugin show {name}"


def plugin_files_are_whole(services: Services) -> list[Seen]:
    """The files of each version that is used are those of its wheel."""
    changed = [
        Seen(Outcome.BLOCKED, why, "stella plugin install WHEEL", name)
        for name, why in services.plugging.changed()
    ]
    return changed or [Seen(Outcome.PASS, "they are those of their wheels")]


def secret_keys_are_there(services: Services) -> list[Seen]:
    """The key of every stored secret is with one of those who keep keys."""
    with services.database.read() as tx:
        kept = list_secrets(tx)
    keys = services.outside.keys()
    held = {key: keys.holds(key) for key in {one.key_id for one in kept}}
    lost = [
        Seen(
            Outcome.BLOCKED,
            f"its key {one.key_id} is gone",
            f"stella secret set {one.name}",
            one.name,
        )
        for one in kept
        if not held[one.key_id]
    ]
    return lost or [Seen(Outcome.PASS, f"{len(kept)} secrets can be opened")]


def keeper_keeps_keys(services: Services, named: Sequence[str]) -> list[Seen]:
    """The first keeper wraps a key and gives it back, and no secret lies with another one.

    named: the keepers, as the settings name them.
    """
    first = named[0]
    try:
        keys = services.outside.keys()
        open_sealed(keys, seal(keys, _TRIED, _ABOUT, services.random), _ABOUT)
    except StellaError as refusal:
        return [Seen(Outcome.BLOCKED, f"{first}: {refusal}", refusal.remedy.advice)]
    with services.database.read() as tx:
        kept = list_secrets(tx)
    elsewhere = [one.name for one in kept if keys.keeper_of(one.key_id) != first]
    if elsewhere:
        why = f"{len(elsewhere)} secrets lie under a key of another keeper than {first}"
        return [Seen(Outcome.BLOCKED, why, "stella secret rewrap")]
    return [Seen(Outcome.PASS, f"{first} wraps and opens")]


def uses_are_allowed(database: Database) -> list[Seen]:
    """No integration names a built-in secret that it was not allowed."""
    with database.read() as tx:
        waiting = [(one.name, by) for one in list_secrets(tx) for by in one.waiting]
    found = [
        Seen(
            Outcome.BLOCKED,
            f"{integration} names it, and was not allowed it",
            f"stella secret allow {name} {integration}",
            name,
        )
        for name, integration in waiting
    ]
    return found or [Seen(Outcome.PASS, "every use was allowed")]
