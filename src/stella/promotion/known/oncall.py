"""Who is on call, as decisions and votes rest on it: rosters, kept by their digests."""

from collections.abc import Iterable

import msgspec

from stella.blob import Blobs
from stella.environment.model import Environment
from stella.environment.oncall.model import Roster
from stella.environment.oncall.store import keep_schedule, roster_now
from stella.kernel import Digest
from stella.promotion.gates.oncall import schedules_in
from stella.promotion.gates.speaking import rule_input
from stella.promotion.model import ApprovalInput, OnCallInput
from stella.record.transaction import Tx


def rosters_for(tx: Tx, environment: Environment, *, keep: bool = False) -> tuple[Roster, ...]:
    """Of the schedules that its approval rules name, as they are now.

    keep: they stay so until this transaction ends. Raises UnknownSchedule.
    """
    named = schedules_in(rule_input(one) for one in environment.approvals)
    for name in sorted(named) if keep else ():
        keep_schedule(tx, name)
    return tuple(roster_now(tx, name) for name in named)


def on_call_inputs(
    tx: Tx,
    blobs: Blobs,
    environment: Environment,
    approvals: Iterable[ApprovalInput],
    *,
    keep: bool,
) -> tuple[tuple[OnCallInput, ...], dict[str, bytes]]:
    """The schedules as they are now, and every roster that these and the approvals name."""
    documents: dict[str, bytes] = {}
    named = []
    for roster in rosters_for(tx, environment, keep=keep):
        content = roster.to_json()
        digest = blobs.put(content).text
        documents[digest] = content
        named.append(OnCallInput(roster.name, digest))
    for approval in approvals:
        for one in () if approval.on_call is msgspec.UNSET else approval.on_call:
            documents[one.document] = blobs.get(Digest(one.document))
    return tuple(named), documents
