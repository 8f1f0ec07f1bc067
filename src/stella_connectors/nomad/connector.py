"""A Nomad job whose images are digests: registered, and watched until Nomad has done it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from stella.sdk import (
    Action,
    Digest,
    EngineUnreachable,
    Host,
    Json,
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
from stella_connectors.nomad import kept
from stella_connectors.nomad.api import Nomad, changed, taken
from stella_connectors.nomad.settings import (
    DEPLOYMENT,
    SPEC,
    Place,
    Wanted,
    counts_of,
    images_of,
    wanted,
)
from stella_connectors.nomad.strict import DRIVER, approved_of, tasks_of
from stella_connectors.nomad.watch import CANCELLED, SUCCESSFUL, Watch, is_there

JOB_FILE = "stella.nomad.job.json"
_REGISTER_ATTEMPTS = 3
_HERE = Place("", "env://NOMAD_ADDR", "env://NOMAD_TOKEN", None, False, "default", None)


class NomadTarget:
    """The target connector ``nomad``."""

    def plan(self, intent: TargetIntent) -> TargetPlan:
        """Nomad's nodes pull by digest; it rolls the job out, and is watched doing it."""
        want = wanted(intent)
        components = sorted(one.component for one in intent.services)
        actions = [Action("pull", one) for one in components]
        actions += [Action("verify", one) for one in components]
        actions.append(Action("start", want.place.job, _run_argv(want)))
        if want.has_canaries:
            actions.append(Action("promote", want.place.job))
        actions += [Action("wait_healthy", one) for one in components]
        actions.append(Action("place_sticker", "stella.version.json"))
        text = json.dumps({"Job": want.job}, indent=1, sort_keys=True)
        return TargetPlan("nomad", intent.target, tuple(actions), {JOB_FILE: text})

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Register and watch; what failed is brought back, by Nomad itself or by us."""
        approved.refuse_other(plan, self.plan(intent))
        want = wanted(intent)
        nomad = Nomad(host, want.place)
        before = journal.begin(host, intent, plan, lambda: _look(nomad.job(), want))
        _Run(intent, want, host, nomad, before).carry_out()
        journal.end(host)

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        """Stop the job; its history stays in Nomad."""
        want = wanted(intent)
        argv = ("nomad", "job", "stop", "-yes", *want.place.flags, want.place.job)
        return TargetPlan(
            "nomad",
            intent.target,
            (
                Action("take_down", want.place.job, argv),
                Action("place_sticker", "stella.version.json"),
            ),
        )

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Deregister without a purge, and wait until nothing of it runs."""
        del plan
        want = wanted(intent)
        nomad = Nomad(host, want.place)
        job = nomad.job()
        if job is not None:
            _refuse_strangers(job, intent.project)
            if not job.get("Stop"):
                host.log(f"stopping the job {want.place.job}")
                nomad.deregister()
            Watch(nomad, host, want.watch_timeout_s).gone()
        journal.end(host)

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        """The tasks of every allocation; what others changed, and what is missing, beside them."""
        known = kept.read(host)
        if known is None:
            return ()
        nomad = Nomad(host, known.place, is_looking=True)
        job = nomad.job()
        if job is None or _meta(job).get("stella.project") != project:
            return ()
        versions = {one.get("Version"): one for one in nomad.versions()}
        there = [one for one in nomad.allocations() if is_there(one)]
        found = [row for one in there for row in _rows(known, one, versions.get(one["JobVersion"]))]
        return (*found, *_drifted(known, job, there))

    def engine(self, host: Host) -> str:
        """Nomad's version, where the agent's own environment says where it is."""
        try:
            try:
                return Nomad(host, _HERE, is_looking=True).version()
            except SecretUnresolved as refusal:
                if refusal.facts.get("reference") != _HERE.token:
                    raise
                return Nomad(host, replace(_HERE, token=None), is_looking=True).version()
        except SecretUnresolved as refusal:
            raise EngineUnreachable(
                "the agent's environment has no NOMAD_ADDR",
                remedy=Remedy("Give the agent NOMAD_ADDR and NOMAD_TOKEN where it serves Nomad."),
                absent=True,
            ) from refusal


class _Run:
    """One plan being carried out. before: how the job stood when it was first tried."""

    def __init__(
        self,
        intent: TargetIntent,
        want: Wanted,
        host: Host,
        nomad: Nomad,
        before: Mapping[str, Any],
    ) -> None:
        self._intent = intent
        self._want = want
        self._host = host
        self._nomad = nomad
        self._before = before
        self._watch = Watch(nomad, host, want.watch_timeout_s, want.promotes_itself)
        known = kept.read(host)
        self._shapes = known.shapes if known else ()

    def carry_out(self) -> None:
        want, host = self._want, self._host
        job = self._nomad.job()
        tried = self._tried()
        if tried is None:
            if job is not None:
                self._refuse_changed(job)
                if self._runs_already(job):
                    host.log(f"the job {want.place.job} runs already, as version {job['Version']}")
                    self._keep(job)
                    return
            kept.write(host, want, self._shapes, job)
            host.write(JOB_FILE, json.dumps({"Job": want.of(self._intent.deployment)}).encode())
            tried, evaluation = self._register(int(job["JobModifyIndex"]) if job else 0)
        else:
            host.log(f"version {tried['Version']} of the job was registered before")
            evaluation = ""
        self._shapes = (*self._shapes[:1], self._shape(tried))
        kept.write(host, want, self._shapes, tried)
        self._see_through(tried, evaluation)

    def _see_through(self, tried: Mapping[str, Any], evaluation: str) -> None:
        """Watch that version to its end. Raises what it failed with, once it is brought back."""
        version = int(tried["Version"])
        try:
            self._refuse_newer(version)
            self._compare(tried)
            decided = self._watch.evaluation(evaluation) if evaluation else None
            deployment = self._watch.deployment_of(version, decided)
            ended = self._watch.deployment(deployment) if deployment else {"Status": SUCCESSFUL}
            if ended["Status"] == CANCELLED:
                raise changed(self._want.place.job, str(ended.get("StatusDescription")))
            if ended["Status"] != SUCCESSFUL:
                raise self._failed(version, ended)
            self._refuse_newer(version)
            self._verify(tried)
        except (UnhealthyAfterStart, PullDigestMismatch, StellaError) as refusal:
            if not _is_of_the_release(refusal):
                raise  # nobody knows how it stands: it is gone on with
            self._host.log(f"{refusal.code}: {refusal}")
            how = self._bring_back(version, refusal)
            journal.end(self._host)
            raise _with(refusal, how) from None
        self._keep(tried)

    # ------------------------------------------------------------ before

    def _tried(self, index: int | None = None) -> dict[str, Any] | None:
        """The version that this very deployment registered, at ``index`` where that is known.

        Else the oldest one: who edits or scales a job keeps what we wrote into its meta.
        """
        mark = (self._intent.deployment, self._want.spec)
        begun = self._before["version"]
        found = [
            one
            for one in self._nomad.versions()
            if (begun is None or one["Version"] > begun)
            and (_meta(one).get(DEPLOYMENT), _meta(one).get(SPEC)) == mark
        ]
        at_index = [one for one in found if one.get("JobModifyIndex") == index]
        return min(at_index or found, key=lambda one: int(one["Version"]), default=None)

    def _refuse_newer(self, version: int) -> None:
        """Raises ChangedByOthers where the job has a newer version that brings nothing back."""
        job = self._nomad.job()
        if job is None or job["Version"] <= version:
            return
        if self._before["version"] is None or self._before["stopped"]:
            is_back = bool(job.get("Stop"))
        else:
            is_back = self._shape(job) == self._before["shape"]
        if not is_back:
            raise changed(
                self._want.place.job, f"its version {job['Version']} is newer than ours, {version}"
            )

    def _refuse_changed(self, job: Mapping[str, Any]) -> None:
        """Raises ChangedByOthers where the job is not as we left it."""
        _refuse_strangers(job, self._intent.project, replaces=self._want.replaces)
        if self._want.replaces:
            return
        if not self._shapes:
            self._host.log("this agent has not deployed the job: nobody can tell who changed it")
        elif self._shape(job) not in self._shapes:
            raise changed(
                self._want.place.job, f"its version {job['Version']} is not what was deployed"
            )

    def _runs_already(self, job: Mapping[str, Any]) -> bool:
        if job.get("Stop") or _meta(job).get(SPEC) != self._want.spec:
            return False
        if self._shapes[:1] != (self._shape(job),):
            return False
        try:
            self._verify(job)
        except StellaError as refusal:
            self._host.log(f"{refusal.code}: {refusal}")
            return False
        return True

    def _register(self, index: int) -> tuple[dict[str, Any], str]:
        """The job as Nomad has it now, and the evaluation, where that is known."""
        job = self._want.of(self._intent.deployment)
        for attempt in range(_REGISTER_ATTEMPTS):
            self._host.log(f"registering the job {self._want.place.job}")
            try:
                evaluation, at = self._nomad.register(
                    job, index, preserves_counts=self._want.preserves_counts
                )
            except ServiceUnreachable as refusal:
                # It may have arrived: Nomad says whether it has.
                self._host.log(f"{refusal.code}: {refusal}")
                tried = self._tried()
                if tried is not None:
                    return tried, ""
                if attempt == _REGISTER_ATTEMPTS - 1:
                    raise
                self._host.wait(1.0)
                continue
            tried = self._tried(at)
            if tried is not None:
                self._host.log(f"it is version {tried['Version']} (evaluation {evaluation[:8]})")
                return tried, evaluation
            raise changed(self._want.place.job, "what was registered is no more there")
        raise AssertionError("the last attempt returns or raises")

    # ------------------------------------------------------------ after

    def _verify(self, job: Mapping[str, Any]) -> None:
        """What Nomad runs is what was approved: image by image, and as many. Raises else."""
        self._compare(job)
        running = [
            one
            for one in self._nomad.allocations()
            if one["JobVersion"] == job["Version"] and one["ClientStatus"] == "running"
        ]
        for group, count in counts_of(job).items():
            up = sum(one["TaskGroup"] == group for one in running)
            if up < count:
                raise UnhealthyAfterStart(
                    f"{up} of {count} allocations of {group} run",
                    remedy=Remedy("See why.", f"nomad job status {self._want.place.job}"),
                )

    def _compare(self, job: Mapping[str, Any]) -> None:
        """Every task of Nomad's own copy was approved, and none is missing. Raises else."""
        told, allowed = tasks_of(job), approved_of(self._want.job)
        for where in sorted({*told, *allowed}):
            runs, asked = told.get(where), allowed.get(where)
            if runs != asked:
                raise PullDigestMismatch(
                    f"digest mismatch: Nomad runs {_worded(runs)} as {'/'.join(where)},"
                    f" and {_worded(asked)} was approved",
                    remedy=Remedy("See who changes jobs on their way to Nomad."),
                    image=_worded(asked),
                )

    def _failed(self, version: int, ended: Mapping[str, Any]) -> StellaError:
        said = str(ended.get("StatusDescription") or ended["Status"])
        return self._watch.why(version) or UnhealthyAfterStart(
            f"the job {self._want.place.job} did not become healthy: {said}",
            remedy=Remedy("Read its tasks' events in the deployment's log."),
            job=self._want.place.job,
        )

    def _bring_back(self, version: int, refusal: StellaError) -> str:
        """Until what ran before runs again: how. Nomad's own revert is watched, not assumed."""
        try:
            if self._before["version"] is None or self._before["stopped"]:
                self._refuse_newer(version)
                self._host.log("stopping the job: nothing ran before")
                self._nomad.deregister()
                self._watch.gone()
                return "nothing ran before, and nothing runs"
            return self._back_to(int(self._before["version"]), version)
        except StellaError as second:
            raise NotBroughtBack(
                f"{refusal}; and what ran before was not brought back: {second}",
                remedy=Remedy("Look at the job.", f"nomad job status {self._want.place.job}"),
                first=refusal.code,
                second=second.code,
            ) from refusal

    def _back_to(self, before: int, version: int) -> str:
        job, evaluation = self._nomad.job(), ""
        who = "Nomad"
        if job is not None and job["Version"] == version:
            latest = self._nomad.latest_deployment() or {}
            if "rolling back" in str(latest.get("StatusDescription")):
                job = self._reverted(version)
        if job is not None and job["Version"] == version:
            who = "the agent"
            self._host.log(f"reverting the job to version {before}")
            evaluation = self._nomad.revert(before, version)
            job = self._nomad.job()
        if job is None or (self._shapes and self._shape(job) != self._before["shape"]):
            raise changed(self._want.place.job, "it is not what ran before")
        self._keep(job)
        decided = self._watch.evaluation(evaluation) if evaluation else None
        deployment = self._watch.deployment_of(int(job["Version"]), decided)
        ended = self._watch.deployment(deployment) if deployment else {"Status": SUCCESSFUL}
        if ended["Status"] != SUCCESSFUL:
            raise self._failed(int(job["Version"]), ended)
        return f"{who} brought back version {before} as version {job['Version']}, which serves"

    def _reverted(self, version: int) -> dict[str, Any] | None:
        """The job once Nomad has reverted it, as it says that it does; as it is where it does not."""
        for _ in range(120):
            job = self._nomad.job()
            if job is None or job["Version"] != version:
                return job
            self._host.wait(0.25)
        return job

    def _keep(self, job: Mapping[str, Any]) -> None:
        kept.write(self._host, self._want, (self._shape(job),), job)

    def _shape(self, job: Mapping[str, Any]) -> str:
        return kept.shape_of(job, preserves_counts=self._want.preserves_counts)


def _run_argv(want: Wanted) -> tuple[str, ...]:
    """For people. It waits for the deployment, which with canaries would wait for them."""
    detach = ("-detach",) if want.has_canaries else ()
    return ("nomad", "job", "run", "-json", *detach, *want.place.flags, JOB_FILE)


def _look(job: Mapping[str, Any] | None, want: Wanted) -> Json:
    if job is None:
        return {"version": None, "stopped": True, "shape": ""}
    return {
        "version": job["Version"],
        "stopped": bool(job.get("Stop")),
        "shape": kept.shape_of(job, preserves_counts=want.preserves_counts),
    }


def _worded(task: tuple[str, str] | None) -> str:
    if task is None:
        return "nothing"
    driver, image = task
    return image if driver == DRIVER else f"{image} by the driver {driver}"


def _meta(job: Mapping[str, Any]) -> Mapping[str, str]:
    return job.get("Meta") or {}


def _refuse_strangers(job: Mapping[str, Any], project: str, *, replaces: bool = False) -> None:
    """replaces: what belongs to no project is taken over. Raises ChangedByOthers."""
    found = _meta(job).get("stella.project")
    if found and found != project:
        raise taken(str(job.get("ID")), found)
    if not found and not replaces:
        raise changed(str(job.get("ID")), "nobody deployed it by Stella")


def _is_of_the_release(refusal: StellaError) -> bool:
    return refusal.code in {"ST-TGT-001", "ST-TGT-002", "ST-TGT-003"}


def _with(refusal: StellaError, how: str) -> StellaError:
    """The same refusal, which also says what serves now."""
    said = type(refusal)(f"{refusal}; {how}", remedy=refusal.remedy)
    said.facts = {**refusal.facts, "serves": how}
    return said


def _rows(
    known: kept.Kept, allocation: Mapping[str, Any], job: Mapping[str, Any] | None
) -> Iterable[Running]:
    """One row for each of its tasks that runs a component, by the version that it was made of."""
    images, meta = images_of(job or {}), _meta(job or {})
    states = allocation.get("TaskStates") or {}
    healthy = (allocation.get("DeploymentStatus") or {}).get("Healthy")
    for (group, task), component in sorted(known.tasks.items()):
        if group != allocation.get("TaskGroup"):
            continue
        state = states.get(task) or {}
        image = images.get((group, task), "")
        digest = image.partition("@")[2]
        yield Running(
            component=component,
            name=f"{allocation['Name']}/{task} {allocation['ID'][:8]}",
            image=image,
            digest=Digest(digest) if digest.startswith("sha256:") else None,
            state=str(state.get("State") or allocation["ClientStatus"]),
            healthy=healthy,
            release=meta.get("stella.release"),
            deployment=meta.get(DEPLOYMENT),
        )


def _drifted(
    known: kept.Kept, job: Mapping[str, Any], there: Iterable[Mapping[str, Any]]
) -> Iterable[Running]:
    """A row for each component that is not as it was left, whatever its images are."""
    if job.get("Stop") or not known.shapes:
        return
    now = kept.shape_of(job, preserves_counts=known.preserves_counts)
    is_changed = now not in known.shapes
    up = [one.get("TaskGroup") for one in there if one.get("ClientStatus") == "running"]
    for (group, _), component in sorted(known.tasks.items()):
        count = known.counts.get(group, 1)
        if known.preserves_counts:
            count = counts_of(job).get(group, 0)
        if is_changed:
            why = f"version {job['Version']} of the job is somebody else's"
            yield Running(component, why, "", None, "changed", None)
        elif up.count(group) < count:
            why = f"{up.count(group)} of {count} allocations of {group} run"
            yield Running(component, why, "", None, "missing", None)
