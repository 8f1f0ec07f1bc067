"""Where a release can go: environments in order, their targets, when they are frozen."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from stella.kernel import Json
from stella.plugin.reached import Reach, reach_spec
from stella.release.model import Release
from stella.release.variables.model import plain_variables
from stella.release.variables.resolve import Place, label_texts


class Excluded(StrEnum):
    """Whose word an approval rule does not take, whatever their role."""

    REQUESTER = "requester"
    RELEASE_CREATOR = "releaseCreator"
    COMMIT_AUTHORS = "commitAuthors"


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """``count`` people, each named in ``approvers`` by name or by a role.

    exclude: whose word it does not take. expires_after_h: hours for which an approval counts, None
    for ever. after: the rule that has to have enough first. worsened: it is asked only where a new
    finding of this severity or a worse one comes in; None where it is always asked.
    """

    rule: str
    approvers: tuple[str, ...]
    count: int
    exclude: tuple[Excluded, ...] = (Excluded.REQUESTER,)
    expires_after_h: int | None = None
    after: str | None = None
    worsened: str | None = None

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document; what is as ever is left out."""
        spec: dict[str, Json] = {
            "rule": self.rule,
            "approvers": list(self.approvers),
            "count": self.count,
        }
        if self.exclude != (Excluded.REQUESTER,):
            spec["exclude"] = [one.value for one in self.exclude]
        if self.expires_after_h is not None:
            spec["expiresAfter"] = self.expires_after_h
        if self.after is not None:
            spec["after"] = self.after
        if self.worsened is not None:
            spec["when"] = {"findingsWorsened": self.worsened}
        return spec


@dataclass(frozen=True, slots=True)
class StepUse:
    """A step that every deployment takes. name: of this use, one of a kind in its environment.

    step: as a plugin brings it. inputs: what its schema allows, ``with`` in documents.
    """

    name: str
    step: str
    inputs: dict[str, Json] = field(default_factory=dict)

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {"name": self.name, "step": self.step, "with": self.inputs}


@dataclass(frozen=True, slots=True)
class Soak:
    """How long a release has to have run elsewhere first. hours: without a failed deployment of it."""

    environment: str
    hours: int

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {"in": self.environment, "hours": self.hours}


class Pick(StrEnum):
    """What goes on automatically: only what is newer than what runs, or whatever runs before."""

    NEWEST = "newest"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Automatic:
    """What comes to run in ``after``, the environment before, is asked for here by itself.

    after: None for what has come through the phases before this environment's.
    """

    after: str | None
    pick: Pick

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        way: dict[str, Json] = {"phases": True} if self.after is None else {"from": self.after}
        return {**way, "pick": self.pick.value}


@dataclass(frozen=True, slots=True)
class PromotionRules:
    """How requests for an environment are kept. They are no part of what is deployed, nor of its plan.

    expires_after_h: hours after which a request ends that has not begun, None for never.
    supersedes_older: whether a request ends older ones for releases of the same name. automatic: None
    where people alone ask.
    """

    expires_after_h: int | None = None
    supersedes_older: bool = False
    automatic: Automatic | None = None

    @property
    def is_by_phases(self) -> bool:
        """Whether what has come through the phases before is asked for by itself."""
        return self.automatic is not None and self.automatic.after is None

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document; what is as ever is left out."""
        spec: dict[str, Json] = {}
        if self.expires_after_h is not None:
            spec["expiresAfter"] = self.expires_after_h
        if self.supersedes_older:
            spec["supersede"] = "older"
        if self.automatic is not None:
            spec["automatic"] = self.automatic.spec()
        return spec


@dataclass(frozen=True, slots=True)
class BreakGlassRule:
    """That two people can let a promotion through gates. by: names or roles; hours_max: for how long."""

    by: tuple[str, ...]
    hours_max: int

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {"by": list(self.by), "hoursMax": self.hours_max}


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment. after: the one that a release has to succeed in before, None for the first.

    policy: name of the policy pack. parameters: what the policy is asked with. steps_before,
    steps_after: what is done before the first target and after the last, one after the other.
    break_glass: None where nobody can let anything through its gates. ends_at: when it is over, in the
    form of ``time_text``; None for never. reauthenticate_minutes: how long ago at most who approves
    anything here has proven who they are; None where that is not asked.
    """

    name: str
    after: str | None = None
    policy: str = "starter"
    parameters: dict[str, Json] = field(default_factory=dict)
    approvals: tuple[ApprovalRule, ...] = ()
    steps_before: tuple[StepUse, ...] = ()
    steps_after: tuple[StepUse, ...] = ()
    soak: Soak | None = None
    break_glass: BreakGlassRule | None = None
    promotions: PromotionRules = PromotionRules()
    ends_at: str | None = None
    reauthenticate_minutes: int | None = None

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document; without steps, as before there were any."""
        spec: dict[str, Json] = {
            "after": self.after,
            "policy": self.policy,
            "parameters": self.parameters,
            "approvals": [one.spec() for one in self.approvals],
        }
        if self.steps_before or self.steps_after:
            spec["steps"] = {
                "before": [one.spec() for one in self.steps_before],
                "after": [one.spec() for one in self.steps_after],
            }
        if self.soak is not None:
            spec["soak"] = self.soak.spec()
        if self.break_glass is not None:
            spec["breakGlass"] = self.break_glass.spec()
        if self.promotions != PromotionRules():
            spec["promotions"] = self.promotions.spec()
        if self.ends_at is not None:
            spec["endsAt"] = self.ends_at
        if self.reauthenticate_minutes is not None:
            spec["reauthenticate"] = {"minutes": self.reauthenticate_minutes}
        return spec

    def rested_on(self) -> dict[str, Json]:
        """The part of it that a deployment rests on.

        How requests are kept is none of that, nor is when it is over: who moves that on voids nothing.
        """
        return replace(self, promotions=PromotionRules(), ends_at=None).spec()

    def is_over(self, at: str) -> bool:
        """Whether its end has come then."""
        return self.ends_at is not None and self.ends_at <= at


@dataclass(frozen=True, slots=True)
class Target:
    """One place in an environment that an agent serves.

    project: groups its containers on the host. components: those that run here, empty for all of
    the release. config: what the connector is given. labels: what it is, for variables' scopes.
    reach: the way to the host from the agent; None where that is the agent's own.
    """

    name: str
    environment: str
    connector: str
    agent: str
    project: str
    components: tuple[str, ...] = ()
    config: dict[str, Json] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    reach: Reach | None = None

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document; without labels or a way, as before there were any."""
        spec: dict[str, Json] = {
            "environment": self.environment,
            "connector": self.connector,
            "agent": self.agent,
            "project": self.project,
            "components": list(self.components),
            "config": self.config,
        }
        if self.labels:
            spec["labels"] = dict(sorted(self.labels.items()))
        if self.reach is not None:
            spec["reach"] = reach_spec(self.reach)
        return spec

    def is_at(self, other: "Target") -> bool:
        """Whether both stand for the same: in one environment, and where containers are found by it."""
        return self.where == other.where

    @property
    def where(self) -> tuple[str, ...]:
        """Its environment, and where its containers are found."""
        reached = self.reach.place if self.reach is not None else ""
        return (self.environment, self.connector, self.agent, self.project, reached)

    def place(self, release: str, channel: str) -> Place:
        """Where it stands, as variables see it. channel: of the release."""
        labels = label_texts(self.labels)
        return Place(release, self.environment, self.name, labels, channel=channel)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A window in which nothing goes into an environment. by: a user's id."""

    id: str
    environment: str
    starts_at: str
    ends_at: str
    reason: str
    by: str
    ended_at: str | None = None

    def holds(self, at: str) -> bool:
        """Whether it holds at that time (``time_text`` form, which sorts as time does)."""
        return self.starts_at <= at < min(self.ends_at, self.ended_at or self.ends_at)


def configuration(
    environment: Environment, targets: tuple[Target, ...], release: Release | None = None
) -> dict[str, Json]:
    """The configuration snapshot: everything beside the images that a deployment rests on.

    release: whose variables belong to it; it is silent of them where a release never had any.
    """
    found: dict[str, Json] = {
        "schema": 1,
        "environment": {"name": environment.name, **environment.rested_on()},
        "targets": {one.name: one.spec() for one in targets},
    }
    if release is not None and (release.variables or release.revision > 1):
        found["revision"] = release.revision
        found["variables"] = plain_variables(release.variables)
    return found
