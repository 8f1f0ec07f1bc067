"""How each kind of document ends where its owner names it no more: a table over all rooms."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from types import MappingProxyType

from stella.deployment.in_use import environment_in_use, target_in_use
from stella.environment.apply import uses_of
from stella.environment.end import (
    delete_environment,
    delete_target,
    documents_naming_environment,
    documents_naming_target,
    words_about,
)
from stella.environment.followed.model import KIND as FOLLOWED
from stella.environment.followed.store import delete_followed, list_followed, repositories_by
from stella.environment.freeze_rules import delete_freeze_rule, list_freeze_rules
from stella.environment.lifecycles.model import KIND as LIFECYCLE
from stella.environment.lifecycles.store import delete_lifecycle, list_lifecycles
from stella.environment.oncall.model import KIND as ONCALL
from stella.environment.oncall.store import (
    delete_schedule,
    environments_naming,
    keep_schedule,
    list_schedules,
)
from stella.environment.owning import Ending, Spec
from stella.environment.store import list_environments, list_targets
from stella.hub.apply import Brought, delete_integration, readers_of
from stella.hub.store import keep_integrations, list_integrations
from stella.identity import Permission
from stella.identity.login_documents import (
    delete_login_document,
    list_machine_logins,
    login_integrations,
)
from stella.identity.sign_in import delete_sign_in, list_sign_ins
from stella.notify.apply import delete_notification
from stella.notify.store import list_notifications
from stella.policy.store import delete_policy, keep_policy, policy_digests
from stella.record import Tx
from stella.release.components.model import COMPONENT, TEMPLATE, spec_of
from stella.release.components.store import (
    delete_component,
    delete_template,
    list_components,
    list_templates,
    templates_of,
)
from stella.release.variables.model import KIND as VARIABLES
from stella.release.variables.model import spec_of as variables_spec
from stella.release.variables.sets import delete_variables, list_variable_sets
from stella.vex.apply import delete_vex_issuer
from stella.vex.store import list_issuers
from stella.workflow.definition.model import KIND as WORKFLOW
from stella.workflow.run.apply import delete_workflow, why_busy
from stella.workflow.run.apply import specs as workflow_specs
from stella.workflow.trigger.apply import delete_trigger, naming_workflow, trigger_specs
from stella.workflow.trigger.model import KIND as TRIGGER

_NOTHING: Brought = MappingProxyType({})

NEEDED: Mapping[str, Permission] = {
    "Integration": Permission.INTEGRATION_CHANGE,
    "Notification": Permission.INTEGRATION_CHANGE,
    "Freeze": Permission.FREEZE_CHANGE,
    "VexIssuer": Permission.TRUST_CHANGE,
    "MachineLogin": Permission.USER_CHANGE,
    "SignIn": Permission.USER_CHANGE,
    TRIGGER: Permission.WORKFLOW_RUN,
    FOLLOWED: Permission.TRUST_CHANGE,
}
"""What who applies or ends documents of a kind has to be allowed, beside applying at all."""


def endings_for(
    permissions: Iterable[Permission], brought: Brought = _NOTHING
) -> dict[str, Ending]:
    """How those kinds end that somebody with these permissions may change.

    brought: what plugins bring; without it nobody knows which integrations steps use.
    """
    held = set(permissions)
    return {kind: one for kind, one in _endings(brought) if NEEDED.get(kind) in {None, *held}}


def endings_beside(kinds: Iterable[str], brought: Brought) -> dict[str, Ending]:
    """How those kinds end that who changes environments may change, and these."""
    allowed = _ENDINGS.keys() - NEEDED.keys() | {*kinds}
    return {kind: one for kind, one in _endings(brought) if kind in allowed}


def naming_integration(tx: Tx, name: str, brought: Brought) -> Iterator[str]:
    """The documents that name an integration, and what for; until this transaction ends no more do."""
    keep_integrations(tx, {name}, lock=True)
    for kind, login in login_integrations(tx).get(name, ()):
        yield f"{kind} {login} lets people or machines in by it"
    yield from (f"Integration {one} reads credentials from it" for one in readers_of(tx, name))
    for known in list_notifications(tx):
        if known.rule.integration == name:
            yield f"Notification {known.rule.name} is sent by it"
    yield from (f"FollowedRepository {one} is read by it" for one in repositories_by(tx, name))
    for issuer in list_issuers(tx):
        if name in issuer.issuer.feeds:
            yield f"VexIssuer {issuer.issuer.name} names it as a feed"
    for environment in list_environments(tx):
        for step, used in uses_of(environment, brought):
            if used == name:
                yield f"Environment {environment.name} uses it in the step {step}"


def _endings(brought: Brought) -> Iterator[tuple[str, Ending]]:
    for kind, ending in _ENDINGS.items():
        if kind == "Integration":
            yield kind, replace(ending, naming=partial(naming_integration, brought=brought))
        else:
            yield kind, ending


def _environment_busy(tx: Tx, name: str) -> Iterator[str]:
    return chain(environment_in_use(tx, name), words_about(tx, name))


def _naming_environment(tx: Tx, name: str) -> Iterator[str]:
    yield from documents_naming_environment(tx, name)
    for known in list_notifications(tx):
        if name in known.rule.environments:
            yield f"Notification {known.rule.name} names it"


def _policy_held(tx: Tx, name: str) -> Iterable[str]:
    """No reason; no environment takes it until this transaction ends."""
    keep_policy(tx, name, lock=True)
    return ()


def _naming_policy(tx: Tx, name: str) -> Iterator[str]:
    return (f"Environment {one.name} has it" for one in list_environments(tx) if one.policy == name)


def _schedule_held(tx: Tx, name: str) -> Iterable[str]:
    """No reason; no environment names it until this transaction ends, and nobody takes a shift."""
    keep_schedule(tx, name, lock=True)
    return ()


def _naming_schedule(tx: Tx, name: str) -> Iterator[str]:
    return (
        f"Environment {one} asks whoever is on call by it" for one in environments_naming(tx, name)
    )


def _naming_component(tx: Tx, name: str) -> Iterator[str]:
    return (f"ReleaseTemplate {one} takes it" for one in templates_of(tx, name))


def _end_machine_login(tx: Tx, name: str) -> None:
    delete_login_document(tx, "MachineLogin", name)


def _integrations(tx: Tx) -> Mapping[str, Spec]:
    return {one.integration.name: one.integration.spec() for one in list_integrations(tx)}


def _policies(tx: Tx) -> Mapping[str, Spec]:
    return {name: {"digest": digest} for name, digest in policy_digests(tx).items()}


# Each kind after those that may name it.
_ENDINGS: Mapping[str, Ending] = {
    FOLLOWED: Ending(
        lambda tx: {name: one.followed.spec() for name, one in list_followed(tx).items()},
        delete_followed,
    ),
    TRIGGER: Ending(trigger_specs, delete_trigger),
    WORKFLOW: Ending(workflow_specs, delete_workflow, busy=why_busy, naming=naming_workflow),
    "Freeze": Ending(
        lambda tx: {one.rule.name: one.rule.spec() for one in list_freeze_rules(tx)},
        delete_freeze_rule,
    ),
    LIFECYCLE: Ending(
        lambda tx: {name: one.spec() for name, one in list_lifecycles(tx).items()},
        delete_lifecycle,
        makes_room=True,  # another one may take its channels
    ),
    "Notification": Ending(
        lambda tx: {one.rule.name: one.rule.spec() for one in list_notifications(tx)},
        delete_notification,
    ),
    "VexIssuer": Ending(
        lambda tx: {one.issuer.name: one.spec() for one in list_issuers(tx)}, delete_vex_issuer
    ),
    "SignIn": Ending(
        lambda tx: {one.sign_in.name: one.sign_in.spec() for one in list_sign_ins(tx)},
        delete_sign_in,
    ),
    "MachineLogin": Ending(
        lambda tx: {one.login.name: one.login.spec() for one in list_machine_logins(tx)},
        _end_machine_login,
    ),
    "Integration": Ending(_integrations, delete_integration),
    VARIABLES: Ending(
        lambda tx: {name: variables_spec(one) for name, one in list_variable_sets(tx).items()},
        delete_variables,
    ),
    "Target": Ending(
        lambda tx: {one.name: one.spec() for one in list_targets(tx)},
        delete_target,
        busy=target_in_use,
        naming=documents_naming_target,
        makes_room=True,  # another target may take its project on its agent
    ),
    "Environment": Ending(
        lambda tx: {one.name: one.spec() for one in list_environments(tx)},
        delete_environment,
        busy=_environment_busy,
        naming=_naming_environment,
    ),
    ONCALL: Ending(
        lambda tx: {name: one.spec() for name, one in list_schedules(tx).items()},
        delete_schedule,
        busy=_schedule_held,
        naming=_naming_schedule,
    ),
    TEMPLATE: Ending(
        lambda tx: {name: spec_of(one) for name, one in list_templates(tx).items()}, delete_template
    ),
    COMPONENT: Ending(
        lambda tx: {name: spec_of(one) for name, one in list_components(tx).items()},
        delete_component,
        naming=_naming_component,
    ),
    "Policy": Ending(_policies, delete_policy, busy=_policy_held, naming=_naming_policy),
}
