"""What the doctor asks of releases: can the next one of each template be made?"""

from stella.kernel import Outcome, Seen
from stella.record import Database
from stella.release.components.store import list_components, list_templates


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
