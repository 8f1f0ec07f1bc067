"""Variables: their documents, revisions of releases, and what a place gets."""

from dataclasses import replace

from stella.api.errors import InvalidRequest
from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.deployment.errors import ImpossiblePlan
from stella.deployment.plan import with_variables
from stella.environment.model import Environment, Target
from stella.environment.store import find_environment, list_targets
from stella.kernel import Remedy
from stella.release.model import Release, Revision
from stella.release.variables.model import ORDER, Variable
from stella.release.variables.resolve import Answer, Place, answers, scope_text


class VariableView(View):
    """One value, or where a secret lies on its host. when: where it counts, empty for everywhere.

    group: the document it is from. scope: the same as ``when``, for people.
    """

    name: str
    value: str | None
    secret: str | None
    group: str
    when: dict[str, list[str]]
    scope: str


class VariableSetView(View):
    """One document of variables."""

    name: str
    variables: list[VariableView]


class RevisionView(View):
    """Variables that a release has or had: how many. digest: of the document that they are."""

    number: int
    digest: str
    at: str
    by: PersonView
    reason: str
    variables: int


class VariableAnswer(View):
    """What a name stands for at a place. used: None where rivals are as exact and unlike.

    beaten: what counts there too, the most exact first.
    """

    name: str
    used: VariableView | None
    why: str
    beaten: list[VariableView]
    rivals: list[VariableView]


class VariablesPlace(View):
    """Where values were asked for; None where it is for no one in particular."""

    environment: str
    target: str | None
    labels: dict[str, str]
    component: str | None


class VariablesPreview(View):
    """What a release's variables say at a place. order: what is more exact than what.

    faults: why nothing could be deployed to the environment by them; empty where all is there.
    """

    revision: int
    place: VariablesPlace
    order: list[str]
    answers: list[VariableAnswer]
    faults: list[str]


def variable_view(one: Variable) -> VariableView:
    """A variable as the API shows it."""
    return VariableView(
        name=one.name,
        value=one.value,
        secret=one.secret,
        group=one.group,
        when={key: list(getattr(one.when, key)) for key in ORDER if getattr(one.when, key)},
        scope=scope_text(one),
    )


def revision_view(looking: Looking, one: Revision) -> RevisionView:
    """A revision as the API shows it."""
    return RevisionView(
        number=one.number,
        digest=one.digest,
        at=one.at,
        by=looking.person_view(one.by),
        reason=one.reason,
        variables=one.count,
    )


def preview(
    looking: Looking, release: Release, environment: str, target: str | None, component: str | None
) -> VariablesPreview:
    """What counts there, and why. Raises UnknownEnvironment, InvalidRequest."""
    place = find_environment(looking.tx, environment)
    targets = list_targets(looking.tx, place.name)
    wanted = _target(targets, target, place.name)
    here = (
        wanted.place(release.name, release.channel)
        if wanted
        else Place(release.name, place.name, channel=release.channel)
    )
    at = replace(here, component=component or "")
    return VariablesPreview(
        revision=release.revision,
        place=VariablesPlace(
            environment=place.name,
            target=target,
            labels=dict(wanted.labels) if wanted else {},
            component=component,
        ),
        order=list(ORDER),
        answers=[_answer(one) for one in answers(release.variables, at).values()],
        faults=_faults(release, place, targets),
    )


def _target(targets: tuple[Target, ...], name: str | None, environment: str) -> Target | None:
    if name is None:
        return None
    for one in targets:
        if one.name == name:
            return one
    raise InvalidRequest(
        f"{environment} has no target {name[:80]!r}",
        remedy=Remedy("List them.", command="stella target list"),
        environment=environment,
        target=name[:80],
    )


def _answer(one: Answer) -> VariableAnswer:
    return VariableAnswer(
        name=one.name,
        used=None if one.rivals else variable_view(one.won),
        why=one.why,
        beaten=[variable_view(it) for it in one.beaten],
        rivals=[variable_view(it) for it in (one.won, *one.rivals)] if one.rivals else [],
    )


def _faults(release: Release, environment: Environment, targets: tuple[Target, ...]) -> list[str]:
    try:
        with_variables(release, environment, targets)
    except ImpossiblePlan as refusal:
        found = refusal.facts["faults"]
        assert isinstance(found, list)
        return [str(one) for one in found]
    return []
