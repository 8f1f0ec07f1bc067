"""Whose rights the runs of a trigger go with, and for which workflows.

A trigger acts when nobody looks. So a person who lends it their rights does so for workflows as they
stand: what is written into them afterwards does not go with these rights until they are lent anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stella.kernel import Json, Remedy, digest_of
from stella.record.transaction import Tx
from stella.workflow.definition.check import Fault
from stella.workflow.definition.kinds import SUB_WORKFLOW
from stella.workflow.errors import RightlessTrigger, TriggerChanged
from stella.workflow.run.store import find_workflow, list_workflows, version_row
from stella.workflow.trigger.facts import TriggerLent
from stella.workflow.trigger.model import KnownTrigger
from stella.workflow.trigger.store import find_trigger, put_trigger


@dataclass(frozen=True, slots=True)
class Reached:
    """A workflow that runs of a trigger come to, in the version that new runs follow."""

    name: str
    digest: str
    version: int = 0


def lend(tx: Tx, name: str, *, roles: frozenset[str], digest: str) -> KnownTrigger:
    """From now on its runs go with these roles of whoever asks. digest: of what they saw, as
    ``seen_digest`` has it.

    Raises UnknownTrigger, TriggerChanged where it is something else since, RightlessTrigger where it is
    no person who asks: a machine's rights end with its token.
    """
    if not is_person(tx):
        raise RightlessTrigger(
            f"who asks for that is no person, and has no rights that last: {name[:80]}",
            remedy=Remedy("Let a user lend theirs.", f"stella trigger lend {name[:80]}"),
            trigger=name[:80],
        )
    known = find_trigger(tx, name, lock=True)
    if seen_digest(tx, known) != digest:
        raise TriggerChanged(
            f"the trigger {name}, or a workflow that it starts, is another one than you saw",
            remedy=Remedy("Look at it again.", f"stella trigger get {name}"),
            trigger=name,
        )
    lent = lent_by(tx, known, roles)
    put_trigger(tx, lent)
    tx.add(TriggerLent(name, digest_of(known.trigger.spec()).text, dict(lent.lent)))
    return lent


def seen_digest(tx: Tx, known: KnownTrigger) -> str:
    """Of the trigger and of the workflows that its runs come to: what rights are lent for."""
    workflows: dict[str, Json] = {one.name: one.digest for one in reached(tx, known)}
    return digest_of({"trigger": known.trigger.spec(), "workflows": workflows}).text


def is_person(tx: Tx) -> bool:
    """Whether a user asks, by whichever of their tokens."""
    return tx.actor.startswith("usr_")


def lent_by(tx: Tx, known: KnownTrigger, roles: frozenset[str]) -> KnownTrigger:
    """The same with the rights of whoever asks, for what its runs come to now."""
    digests = {one.name: one.digest for one in reached(tx, known)}
    return replace(known, by=tx.actor, roles=tuple(sorted(roles)), lent=digests)


def faults_of_lending(tx: Tx, known: KnownTrigger) -> Iterator[Fault]:
    """Why its runs would go with the rights of nobody."""
    if not known.roles:
        yield Fault("", "nobody has lent it rights (stella trigger lend)")
        return
    for one in reached(tx, known):
        if not one.digest:
            yield Fault("workflow", f"{one.name} names what it starts only when it runs")
        elif known.lent.get(one.name) != one.digest:
            yield Fault(
                "workflow", f"{one.name} was changed since rights were lent (stella trigger lend)"
            )


def lent_versions(tx: Tx, known: KnownTrigger) -> dict[str, int]:
    """Workflow -> the version with which its runs may go with the rights that were lent: no other is
    run by them, whatever is applied meanwhile. Raises RightlessTrigger.
    """
    fault = next(faults_of_lending(tx, known), None)
    if fault is not None:
        raise RightlessTrigger(
            f"the trigger {known.name} may start no runs: {fault.words}",
            remedy=Remedy(
                "Look at its workflow, and lend it your rights.",
                f"stella trigger lend {known.name}",
            ),
            trigger=known.name,
        )
    return {one.name: one.version for one in reached(tx, known)}


def reached(tx: Tx, known: KnownTrigger) -> Iterator[Reached]:
    """The workflow that it starts, and those that this one starts; without digest where that is not
    known before it runs.
    """
    numbers = list_workflows(tx)
    waiting, seen = [known.trigger.workflow], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in numbers:
            continue
        seen.add(name)
        row = version_row(tx, name, numbers[name])
        yield Reached(name, row["digest"], numbers[name])
        _, workflow = find_workflow(tx, name, numbers[name])
        for step in workflow.all_steps.values():
            if step.uses == SUB_WORKFLOW.name:
                started = str(step.inputs.get("workflow", ""))
                if "${{" in started:
                    yield Reached(name, "")
                waiting.append(started)
