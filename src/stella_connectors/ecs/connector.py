"""An ECS service whose images are digests: a task definition, a rollout, watched until it is steady."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from stella.sdk import (
    Action,
    ChangedByOthers,
    Digest,
    EngineUnreachable,
    Host,
    Json,
    MalformedDigest,
    NotBroughtBack,
    PullDigestMismatch,
    Remedy,
    Running,
    SecretUnresolved,
    ServiceUnreachable,
    StellaError,
    TargetIntent,
    TargetPlan,
    UnhealthyAfterStart,
)
from stella_connectors.docker import approved, journal
from stella_connectors.ecs import kept
from stella_connectors.ecs.api import Ecs
from stella_connectors.ecs.settings import (
    DEPLOYMENT,
    PROJECT,
    Place,
    Wanted,
    tag_list,
    tagged_deployment,
    tags_of,
    wanted,
)
from stella_connectors.ecs.watch import COMPLETED, Watch

TASK_FILE = "stella.ecs.task.json"
_REGISTER_ATTEMPTS = 3
_BACK_POLLS = 15
_EVENTS_BEFORE = 20
_HERE = Place(
    "env://AWS_REGION",
    "default",
    "",
    "env://AWS_ENDPOINT_URL_ECS",
    "env://AWS_ACCESS_KEY_ID",
    "env://AWS_SECRET_ACCESS_KEY",
    "",
    None,
    False,
)


class EcsTarget:
    """The target connector ``ecs``."""

    def plan(self, intent: TargetIntent) -> TargetPlan:
        """ECS pulls by digest; it rolls the service out, and is watched doing it."""
        want = wanted(intent)
        components = sorted(one.component for one in intent.services)
        actions = [Action("pull", one) for one in components]
        actions += [Action("verify", one) for one in components]
        file = f"file://{TASK_FILE}"
        register = (*_of(want.place), "register-task-definition", "--cli-input-json", file)
        actions.append(Action("register", want.family, register))
        # Which revision that makes nobody knows before: the family alone means its newest.
        actions.append(Action("start", want.place.service, _update_argv(want)))
        waiting = (*_of(want.place), "wait", "services-stable", *_service(want.place))
        actions += [Action("wait_healthy", one, waiting) for one in components]
        actions.append(Action("place_sticker", "stella.version.json"))
        task: dict[str, Json] = {**want.task, "tags": [{**one} for one in tag_list(want.tags)]}
        text = json.dumps(task, indent=1, sort_keys=True)
        return TargetPlan("ecs", intent.target, tuple(actions), {TASK_FILE: text})

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Register, update, watch; what failed is brought back, by ECS itself or by us."""
        approved.refuse_other(plan, self.plan(intent))
        want = wanted(intent)
        ecs = Ecs(host, want.place)
        before = journal.begin(host, intent, plan, lambda: _look(ecs.service()))
        _Run(intent, want, host, ecs, before).carry_out()
        journal.end(host)

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        """Let nothing run, then delete the service; its task definitions stay."""
        want = wanted(intent)
        place = want.place
        scale = (*_of(place), "update-service", *_service(place, one=True), "--desired-count", "0")
        delete = (*_of(place), "delete-service", *_service(place, one=True), "--force")
        return TargetPlan(
            "ecs",
            intent.target,
            (
                Action("stop", place.service, scale),
                Action("take_down", place.service, delete),
                Action("place_sticker", "stella.version.json"),
            ),
        )

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Scale to none, delete, and wait until nothing of it runs."""
        del plan
        want = wanted(intent)
        ecs = Ecs(host, want.place)
        service = ecs.service()
        if service is not None:
            _refuse_strangers(service, intent.project)
            if service.get("status") == "ACTIVE":
                host.log(f"stopping the service {want.place.service}")
                ecs.scale(0)
            ecs.delete()
            Watch(ecs, host, want.watch_timeout_s).gone()
        journal.end(host)

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        """The containers of every task; what others changed, and what is missing, beside them."""
        known = kept.read(host)
        if known is None:
            return ()
        ecs = Ecs(host, known.place, is_looking=True)
        service = ecs.service()
        if service is None or tags_of(service).get(PROJECT) != project:
            return ()
        tasks = ecs.tasks()
        found = [row for task in tasks for row in _rows(known, task)]
        return (*found, *_drifted(known, service, tasks))

    def engine(self, host: Host) -> str:
        """The version of its API, where the agent's own environment says where it is."""
        try:
            return f"ECS {Ecs(host, _HERE, is_looking=True).version()}"
        except SecretUnresolved as refusal:
            raise EngineUnreachable(
                "the agent's environment does not name ECS",
                remedy=Remedy(
                    "Give the agent AWS_ENDPOINT_URL_ECS, AWS_REGION, AWS_ACCESS_KEY_ID and"
                    " AWS_SECRET_ACCESS_KEY where it serves ECS."
                ),
                absent=True,
            ) from refusal


class _Run:
    """One plan being carried out. before: how the service stood when it was first tried."""

    def __init__(
        self, intent: TargetIntent, want: Wanted, host: Host, ecs: Ecs, before: Mapping[str, Any]
    ) -> None:
        self._intent = intent
        self._want = want
        self._host = host
        self._ecs = ecs
        self._before = before
        self._watch = Watch(ecs, host, want.watch_timeout_s, has_breaker=not want.is_blue_green)
        known = kept.read(host)
        self._known = known.arns if known else ()
        self._counts = known.counts if known else ()

    def carry_out(self) -> None:
        want, host = self._want, self._host
        service = self._ecs.service()
        arn = self._ecs.registered(want)
        if service is not None:
            is_ours = self._is_ours(service, arn)
            # Where it was begun before, some of what was told since may be why it failed.
            self._watch.since(service, _EVENTS_BEFORE if is_ours else 0)
            if not is_ours:
                self._refuse_changed(service)
        if arn is not None and service is not None and self._runs_already(service, arn):
            host.log(f"the service {want.place.service} runs {_short(arn)} already")
            kept.write(host, want, (arn,), (want.desired_count,))
            return
        arn = arn or self._register()
        # Both are ours, whichever serves in the end.
        before = self._before
        kept.write(host, want, (before["task"], arn), (before["count"], want.desired_count))
        self._bring(arn)
        self._see_through(arn)
        kept.write(host, want, (arn,), (want.desired_count,))

    # ------------------------------------------------------------ before

    def _is_ours(self, service: Mapping[str, Any], arn: str | None) -> bool:
        """Whether this very deployment brought it there before it was broken off."""
        begun = self._before["task"] != service.get("taskDefinition")
        return begun and service.get("taskDefinition") == arn

    def _refuse_changed(self, service: Mapping[str, Any]) -> None:
        """Raises ChangedByOthers where the service is not as we left it."""
        controller = (service.get("deploymentController") or {}).get("type", "ECS")
        if controller != "ECS":
            raise _changed(self._want.place.service, f"{controller} rolls it out, not ECS")
        _refuse_strangers(service, self._intent.project, replaces=self._want.replaces)
        if self._want.replaces:
            return
        if not self._known:
            self._host.log(
                "this agent has not deployed the service: nobody can tell who changed it"
            )
            return
        if service.get("taskDefinition") not in self._known:
            at = _short(str(service.get("taskDefinition")))
            raise _changed(self._want.place.service, f"it shall run {at}")
        if self._counts and service.get("desiredCount") not in self._counts:
            raise _changed(self._want.place.service, _counted(service, self._counts))

    def _runs_already(self, service: Mapping[str, Any], arn: str) -> bool:
        if service.get("taskDefinition") != arn or service.get("status") != "ACTIVE":
            return False
        deployments = service.get("deployments") or ()
        if [one.get("rolloutState") for one in deployments] != [COMPLETED]:
            return False
        count = service.get("desiredCount")
        if not self._want.preserves_count and count != self._want.desired_count:
            return False
        try:
            self._verify(arn)
        except StellaError as refusal:
            self._host.log(f"{refusal.code}: {refusal}")
            return False
        return True

    def _register(self) -> str:
        for attempt in range(_REGISTER_ATTEMPTS):
            self._host.log(f"registering the task definition {self._want.family}")
            try:
                return self._ecs.register(self._want, self._intent.deployment)
            except ServiceUnreachable as refusal:
                # It may have arrived: ECS says whether it has.
                self._host.log(f"{refusal.code}: {refusal}")
                self._host.wait(1.0)
                found = self._ecs.registered(self._want)
                if found is not None:
                    return found
                if attempt == _REGISTER_ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _bring(self, arn: str) -> None:
        """Create or update. There is no index to update against: it is looked at just before."""
        service, want = self._ecs.service(), self._want
        if service is not None and service.get("status") != "ACTIVE":
            self._watch.gone()  # it is being deleted
            service = None
        if service is None:
            self._host.log(f"creating the service {want.place.service} with {_short(arn)}")
            self._ecs.create(want, arn, self._intent.deployment)
            return
        if service.get("taskDefinition") not in {self._before["task"], arn}:
            raise _changed(want.place.service, "somebody was quicker")
        self._host.log(f"bringing the service {want.place.service} to {_short(arn)}")
        count = None if want.preserves_count else want.desired_count
        self._ecs.update(want, arn, count)
        self._ecs.tag(service, {**want.tags, **tagged_deployment(self._intent.deployment)})

    # ------------------------------------------------------------ after

    def _see_through(self, arn: str) -> None:
        """Watch it to its end. Raises what it failed with, once it is brought back."""
        try:
            why = self._watch.rollout(arn)
            if why:
                at = self._watch.look().get("taskDefinition")
                if at not in {arn, self._before["task"]}:
                    raise _changed(self._want.place.service, f"it shall run {_short(str(at))}")
                raise self._failed(arn, why)
            self._verify(arn)
        except (PullDigestMismatch, UnhealthyAfterStart, StellaError) as refusal:
            if refusal.code not in {"ST-TGT-001", "ST-TGT-002", "ST-TGT-003"}:
                raise  # nobody knows how it stands: it is gone on with
            self._host.log(f"{refusal.code}: {refusal}")
            how = self._bring_back(arn, refusal)
            journal.end(self._host)
            said = type(refusal)(f"{refusal}; {how}", remedy=refusal.remedy)
            said.facts = {**refusal.facts, "serves": how}
            raise said from None

    def _failed(self, arn: str, why: str) -> StellaError:
        found = self._watch.why(arn)
        if found is not None:
            return type(found)(f"{found} ({why})", remedy=found.remedy)
        return UnhealthyAfterStart(
            f"the service {self._want.place.service} did not become steady: {why}",
            remedy=Remedy("Read its events in the deployment's log."),
        )

    def _verify(self, arn: str) -> None:
        """The bytes that run are those that were approved, and as many tasks as there shall be."""
        tasks = [one for one in self._ecs.tasks() if one.get("taskDefinitionArn") == arn]
        up = [one for one in tasks if one.get("lastStatus") == "RUNNING"]
        service = self._watch.look()
        if len(up) < int(service.get("desiredCount") or 0):
            raise UnhealthyAfterStart(
                f"{len(up)} of {service.get('desiredCount')} tasks run",
                remedy=Remedy("See the service's events."),
            )
        for task in up:
            told = {str(one.get("name")): one for one in task.get("containers") or ()}
            for name, digests in self._want.digests.items():
                runs = told.get(name, {}).get("imageDigest")
                if runs not in digests:
                    raise PullDigestMismatch(
                        f"digest mismatch: {name} runs {runs or 'what ECS has no digest of'}"
                        f" in the task {_short(str(task.get('taskArn')))}, and"
                        f" {', '.join(sorted(digests))} was approved",
                        remedy=Remedy("See what stands between ECS and the registry."),
                        component=self._want.containers.get(name, name),
                    )

    def _bring_back(self, arn: str, refusal: StellaError) -> str:
        """Until what ran before runs again: how. ECS's own rollback is watched, not assumed."""
        before = self._before["task"]
        try:
            if before is None:
                self._host.log("deleting the service: nothing ran before")
                self._ecs.scale(0)
                self._ecs.delete()
                self._watch.gone()
                return "nothing ran before, and nothing runs"
            return self._back_to(before, arn)
        except StellaError as second:
            raise NotBroughtBack(
                f"{refusal}; and what ran before was not brought back: {second}",
                remedy=Remedy("Look at the service.", f"aws ecs describe-services {before}"),
                first=refusal.code,
                second=second.code,
            ) from refusal

    def _back_to(self, before: str, arn: str) -> str:
        who, want = "ECS", self._want
        # Of an autoscaler's count nobody here knows what it should be by now.
        count = None if want.preserves_count else self._before["count"]
        service = self._rolled_back(arn)
        at = service.get("taskDefinition")
        if at == arn:
            who = "the agent"
            self._host.log(f"bringing the service back to {_short(before)}")
            self._ecs.update(want, before, count)
        elif at != before:
            raise _changed(want.place.service, f"it shall run {_short(str(at))}")
        elif count is not None and service.get("desiredCount") != count:
            self._host.log(f"bringing the service back to {count} tasks")
            self._ecs.scale(count)
        # ECS takes no tag back. An empty one says as much as none.
        tags = {**dict.fromkeys(want.tags, ""), DEPLOYMENT: "", **self._before["tags"]}
        self._ecs.tag(service, tags)
        kept.write(self._host, want, (before,), (count,))
        why = self._watch.rollout(before)
        if why:
            raise self._failed(before, why)
        return f"{who} brought back {_short(before)}, which serves"

    def _rolled_back(self, arn: str) -> dict[str, Any]:
        """The service once ECS has begun its rollback, or when it is clear that it does not."""
        service = self._watch.look()
        for _ in range(_BACK_POLLS):
            mine = [one for one in service["deployments"] if one["taskDefinition"] == arn]
            is_failed = any(one.get("rolloutState") == "FAILED" for one in mine)
            if service.get("taskDefinition") != arn or not is_failed:
                break
            self._host.wait(1.0)
            service = self._watch.look()
        return service


def _look(service: Mapping[str, Any] | None) -> Json:
    if service is None or service.get("status") != "ACTIVE":
        return {"task": None, "count": None, "tags": {}}
    ours = {name: text for name, text in tags_of(service).items() if name.startswith("stella.")}
    return {"task": service["taskDefinition"], "count": service["desiredCount"], "tags": {**ours}}


def _refuse_strangers(service: Mapping[str, Any], project: str, *, replaces: bool = False) -> None:
    """replaces: what belongs to no project is taken over. Raises ChangedByOthers."""
    found, name = tags_of(service).get(PROJECT), str(service.get("serviceName"))
    if found and found != project:
        raise ChangedByOthers(
            f"the service {name} was changed by somebody else: it belongs to the project {found}",
            remedy=Remedy("Name another service in the target, or take that project down first."),
            service=name,
        )
    if not found and not replaces:
        raise _changed(name, "nobody deployed it by Stella")


def _changed(service: str, how: str) -> ChangedByOthers:
    return ChangedByOthers(
        f"the service {service} was changed by somebody else: {how}",
        remedy=Remedy(
            "See what they did. Take it into the target, or undo it there; or let the target say"
            " changed_by_others: replace."
        ),
        service=service,
    )


def _counted(service: Mapping[str, Any], asked: tuple[int, ...]) -> str:
    return f"{service.get('desiredCount')} tasks shall run, and {asked[-1]} were asked for"


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _of(place: Place) -> tuple[str, ...]:
    return ("aws", "ecs", "--region", place.region)


def _service(place: Place, *, one: bool = False) -> tuple[str, ...]:
    named = "--service" if one else "--services"
    return ("--cluster", place.cluster, named, place.service)


def _update_argv(want: Wanted) -> tuple[str, ...]:
    """For people, of a service that is there."""
    count = () if want.preserves_count else ("--desired-count", str(want.desired_count))
    rollout = ("--deployment-configuration", json.dumps(want.rollout, sort_keys=True))
    where = _service(want.place, one=True)
    task = ("--task-definition", want.family)
    return (*_of(want.place), "update-service", *where, *task, *count, *rollout)


def _rows(known: kept.Kept, task: Mapping[str, Any]) -> Iterable[Running]:
    tags = tags_of(task)
    healths = {"HEALTHY": True, "UNHEALTHY": False}
    for one in task.get("containers") or ():
        component = known.containers.get(str(one.get("name")))
        if component is None:
            continue
        try:
            digest = Digest(str(one.get("imageDigest")))
        except MalformedDigest:
            digest = None
        yield Running(
            component=component,
            name=f"{one.get('name')} {_short(str(task.get('taskArn')))[:8]}",
            image=str(one.get("image") or ""),
            digest=digest,
            state=str(one.get("lastStatus") or task.get("lastStatus") or "").lower(),
            healthy=healths.get(str(one.get("healthStatus"))),
            release=tags.get("stella.release"),
            deployment=tags.get("stella.deployment"),
        )


def _drifted(
    known: kept.Kept, service: Mapping[str, Any], tasks: Iterable[Mapping[str, Any]]
) -> Iterable[Running]:
    """A row for each component where the service is not as it was left, whatever its images are."""
    at, count = service.get("taskDefinition"), int(service.get("desiredCount") or 0)
    up = sum(one.get("lastStatus") == "RUNNING" for one in tasks)
    for component in sorted(set(known.containers.values())):
        if at not in known.arns:
            why = f"the service shall run {_short(str(at))}, which is somebody else's"
            yield Running(component, why, "", None, "changed", None)
        elif known.counts and count not in known.counts:
            yield Running(component, _counted(service, known.counts), "", None, "changed", None)
        elif up < count:
            yield Running(component, f"{up} of {count} tasks run", "", None, "missing", None)
