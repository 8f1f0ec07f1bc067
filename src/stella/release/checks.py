"""What the doctor asks of releases: can the next one of each template be made, and given its secrets?"""

from collections.abc import Collection

from stella.hub.allow import is_for_hosts
from stella.hub.reference import SECRET, parse_reference
from stella.hub.store import find_integration, sealed_secret
from stella.kernel import Outcome, Seen, StellaError
from stella.plugin.contract.core import Kind
from stella.plugin.contract.deployed import is_brokered
from stella.record import Database, Tx
from stella.release.components.store import list_components, list_templates
from stella.release.variables.model import Variable
from stella.release.variables.sets import list_variable_sets


def templates_have_components(database: Database) -> list[Seen]:
    """Each component and channel that a template picks from is there."""
    with database.read() as tx:
        there, templates = list_components(tx), list_templates(tx)
    found = []
    for name, template in templates.items():
        for wanted, pick in template.components.items():
            if wanted not in there:
                detail = f"it takes the component {wanted}, which is gone"
            elif pick.channel and pick.channel not in there[wanted].channels:
                detail = f"it picks {wanted} from the channel {pick.channel}, which is gone"
            else:
                continue
            fix = f"Let the template {name} pick another, or bring it back: stella apply -f FILE"
            found.append(Seen(Outcome.BLOCKED, detail, fix, name))
    return found or [Seen(Outcome.PASS, f"{len(templates)} templates find what they take")]


def secrets_can_be_given(database: Database, environments: Collection[str]) -> list[Seen]:
    """Hosts may have what variables name in secret stores. environments: all that there are.

    No store is asked: whether the secret is there shows when it is wanted.
    """
    found, count = [], 0
    with database.read() as tx:
        for name, variables in list_variable_sets(tx).items():
            for one in variables:
                if one.secret is None or not is_brokered(one.secret):
                    continue
                count += 1
                fault = _fault(tx, one, environments)
                if fault is not None:
                    detail, fix = fault
                    about = f"{one.name} of {name}"
                    found.append(Seen(Outcome.BLOCKED, detail, fix, about))
    return found or [
        Seen(Outcome.PASS, f"{count} secrets of variables may be given to their hosts")
    ]


def _fault(tx: Tx, variable: Variable, environments: Collection[str]) -> tuple[str, str] | None:
    """What is wrong, and what mends it; None where nothing is."""
    reference = parse_reference(str(variable.secret))
    wanted = sorted(set(variable.when.environment or environments) & set(environments))
    try:
        if reference.scheme == SECRET:
            sealed_secret(tx, reference.path)
            shut = [one for one in wanted if not is_for_hosts(tx, reference.path, one)]
            fix = f"stella secret allow {reference.path} hosts:{shut[0] if shut else ''}"
        else:
            store = find_integration(tx, reference.integration).integration
            if (store.kind, store.connector) != (Kind.SECRET_STORE, reference.scheme):
                return f"{store.name} is no {reference.scheme} secret store", "Name one that is."
            if not store.enabled:
                return f"{store.name} is switched off", "Apply it with `enabled: true`."
            shut = [one for one in wanted if one not in store.environments]
            fix = (
                f"Let `environments` of {store.name} name them: stella integration get {store.name}"
            )
    except StellaError as refusal:
        return str(refusal), refusal.remedy.command or refusal.remedy.advice
    if not shut:
        return None
    return f"{variable.secret} is not given to hosts of {', '.join(shut[:5])}", fix
