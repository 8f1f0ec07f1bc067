"""All that is configured, as the documents that ``apply`` takes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stella.api.views.base import PersonView, View
from stella.blob import Blobs
from stella.environment.document import API_VERSION
from stella.environment.followed.model import KIND as FOLLOWED
from stella.environment.followed.store import list_followed
from stella.environment.freeze_rules import list_freeze_rules
from stella.environment.lifecycles.model import KIND as LIFECYCLE
from stella.environment.lifecycles.store import list_lifecycles
from stella.environment.oncall.model import KIND as ONCALL
from stella.environment.oncall.store import list_schedules
from stella.environment.store import list_environments, list_targets
from stella.hub.store import list_integrations
from stella.identity.login_documents import list_machine_logins
from stella.identity.sign_in import list_sign_ins
from stella.kernel import Json
from stella.notify.store import list_notifications
from stella.policy.store import STARTER, list_policies
from stella.record import Tx
from stella.release.components.model import COMPONENT, TEMPLATE
from stella.release.components.model import spec_of as component_spec
from stella.release.components.store import list_components, list_templates
from stella.release.variables.model import KIND as VARIABLES
from stella.release.variables.model import spec_of as variables_spec
from stella.release.variables.sets import list_variable_sets
from stella.vex.store import list_issuers
from stella.workflow.definition.model import KIND as WORKFLOW
from stella.workflow.run.apply import specs as workflow_specs
from stella.workflow.trigger.apply import trigger_specs
from stella.workflow.trigger.model import KIND as TRIGGER

Named = Iterator[tuple[str, Mapping[str, Json]]]


class DocumentView(View):
    """One document, as it would be applied."""

    api_version: str
    kind: str
    name: str
    spec: dict[str, Any]


class OwnedView(View):
    """A document and who keeps it. at: since when; by: who applied it under that name first."""

    kind: str
    name: str
    owner: str
    at: str
    by: PersonView


def _policies(tx: Tx, blobs: Blobs) -> Named:
    for name, bundle in list_policies(tx, blobs).items():
        if name != STARTER:  # comes with the server, and cannot be applied
            yield name, {"files": dict(bundle.files)}


_LISTED: Mapping[str, Callable[[Tx], Named]] = {
    "Integration": lambda tx: (
        (one.integration.name, one.integration.spec()) for one in list_integrations(tx)
    ),
    "MachineLogin": lambda tx: (
        (one.login.name, one.login.spec()) for one in list_machine_logins(tx)
    ),
    "SignIn": lambda tx: ((one.sign_in.name, one.sign_in.spec()) for one in list_sign_ins(tx)),
    COMPONENT: lambda tx: (
        (name, component_spec(one)) for name, one in list_components(tx).items()
    ),
    TEMPLATE: lambda tx: ((name, component_spec(one)) for name, one in list_templates(tx).items()),
    ONCALL: lambda tx: ((name, one.spec()) for name, one in list_schedules(tx).items()),
    "Environment": lambda tx: ((one.name, one.spec()) for one in list_environments(tx)),
    "Target": lambda tx: ((one.name, one.spec()) for one in list_targets(tx)),
    VARIABLES: lambda tx: (
        (name, variables_spec(one)) for name, one in list_variable_sets(tx).items()
    ),
    "VexIssuer": lambda tx: ((one.issuer.name, one.spec()) for one in list_issuers(tx)),
    "Notification": lambda tx: ((one.rule.name, one.rule.spec()) for one in list_notifications(tx)),
    "Freeze": lambda tx: ((one.rule.name, one.rule.spec()) for one in list_freeze_rules(tx)),
    LIFECYCLE: lambda tx: ((name, one.spec()) for name, one in list_lifecycles(tx).items()),
    WORKFLOW: lambda tx: iter(workflow_specs(tx).items()),
    TRIGGER: lambda tx: iter(trigger_specs(tx).items()),
    FOLLOWED: lambda tx: ((name, one.followed.spec()) for name, one in list_followed(tx).items()),
}
KINDS = (*_LISTED, "Policy")
"""Every kind that there may be documents of."""


def documents_of(tx: Tx, blobs: Blobs, kinds: frozenset[str]) -> list[DocumentView]:
    """Of these kinds, in an order in which they can be applied."""
    found: list[DocumentView] = []
    for kind, listed in _LISTED.items():
        if kind == COMPONENT and "Policy" in kinds:  # before the environments that name them
            found += [_document("Policy", name, spec) for name, spec in _policies(tx, blobs)]
        if kind in kinds:
            found += [_document(kind, name, spec) for name, spec in listed(tx)]
    return found


def _document(kind: str, name: str, spec: Mapping[str, Json]) -> DocumentView:
    return DocumentView(api_version=API_VERSION, kind=kind, name=name, spec=dict(spec))
