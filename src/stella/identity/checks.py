"""What the doctor asks of login documents: can anybody get in by them?"""

from collections.abc import Iterator

from stella.hub.errors import UnknownIntegration
from stella.hub.store import find_integration
from stella.identity.login_documents import list_machine_logins
from stella.identity.sign_in import KINDS, list_sign_ins
from stella.kernel import Outcome, Seen
from stella.plugin.contract.core import Kind
from stella.record import Database
from stella.record.transaction import Tx


def logins_can_be_used(database: Database) -> list[Seen]:
    """The integration of every document that is switched on is there, on, and of its kind."""
    with database.read() as tx:
        named = list(_named(tx))
        faults = [(who, name, _fault(tx, name, kinds)) for who, name, kinds in named]
    found = [
        Seen(
            Outcome.BLOCKED,
            f"{fault}: nobody gets in by {who}",
            f"Apply {name} as it was, with enabled: true; or apply {who} with enabled: false.",
            who,
        )
        for who, name, fault in faults
        if fault
    ]
    return found or [Seen(Outcome.PASS, f"{len(named)} name an integration, and each can be used")]


def _named(tx: Tx) -> Iterator[tuple[str, str, frozenset[Kind]]]:
    """Document, its integration, and of which kinds that may be."""
    for known in list_sign_ins(tx):
        if known.sign_in.enabled:
            yield f"SignIn {known.sign_in.name}", known.sign_in.integration, frozenset(KINDS)
    for one in list_machine_logins(tx):
        login = one.login
        if login.enabled and login.integration:
            yield (
                f"MachineLogin {login.name}",
                login.integration,
                frozenset({Kind.IDENTITY_PROVIDER}),
            )


def _fault(tx: Tx, name: str, kinds: frozenset[Kind]) -> str:
    try:
        found = find_integration(tx, name).integration
    except UnknownIntegration:
        return f"the integration {name} is gone"
    if not found.enabled:
        return f"the integration {name} is switched off"
    return "" if found.kind in kinds else f"the integration {name} is a {found.kind.value} by now"
