"""Packets with a change ticket in them: what a service answered is proven by its fact."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from evidence.proven import LATER, ProvenStory, Told, fact
from stella.evidence import read_packet, verify_packet
from stella.promotion.model import ApprovalInput, DecisionInput, TicketInput
from stella.replay import Verdict, replay_packet

TICKET = TicketInput("ops", "OPS-1", "", "Ready", True, "", "", LATER, "", ())
SAYS: dict[str, Any] = {
    "ticket": "ops:OPS-1",
    "url": "",
    "status": "Ready",
    "is_approved": True,
    "starts_at": "",
    "ends_at": "",
}


@dataclass
class TicketStory(ProvenStory):
    """The ticket was looked up before it was decided. takes: what somebody does to the facts."""

    ticket: TicketInput | msgspec.UnsetType = TICKET
    takes: Callable[[Told], object] = list.copy
    named: str | None = "ops:OPS-1"

    def __post_init__(self) -> None:
        self.parameters = {**self.parameters, "changeTicket": "named", "ticketAgeMinutes": "off"}
        self.forge = self._looked_up

    def _looked_up(self, told: Told) -> None:
        (asked,) = [one for one in told if one["kind"] == "PromotionRequested"]
        asked["data"]["change_ticket"] = self.named
        answered = [fact("ChangeTicketLookedUp", self.promotion, "system", LATER, **SAYS)]
        self.takes(answered)
        told[:0] = answered

    def given(self, approvals: tuple[ApprovalInput, ...] = ()) -> DecisionInput:
        return msgspec.structs.replace(super().given(approvals), change_ticket=self.ticket)


STORY = TicketStory()


def bad(story: TicketStory) -> list[str]:
    found = verify_packet(story.packet(), story.root)
    return [one.name for one in found.checks if not one.good]


def test_a_packet_with_a_ticket_verifies_and_replays():
    assert bad(STORY) == []
    assert replay_packet(read_packet(STORY.packet())).verdict is Verdict.IDENTICAL


def _twice(told: Told) -> None:
    told.append(fact("ChangeTicketLookedUp", told[0]["subject"], "system", LATER, **SAYS))
    told[-1]["data"] = {**SAYS, "status": "Draft", "is_approved": False}


@pytest.mark.parametrize(
    "forged",
    [
        {"ticket": replace_ticket}
        for replace_ticket in (
            msgspec.structs.replace(TICKET, status="Done"),
            msgspec.structs.replace(TICKET, approved=False),
            msgspec.structs.replace(TICKET, key="OPS-2"),
            msgspec.structs.replace(TICKET, ends_at=LATER),
            msgspec.structs.replace(TICKET, looked_up_at="2029-12-03T00:00:00.000000Z"),
            msgspec.structs.replace(TICKET, looked_up_at=None),
            msgspec.UNSET,
        )
    ]
    + [{"takes": list.clear}, {"takes": _twice}, {"named": None}, {"named": "ops:OPS-2"}],
)
def test_what_no_service_answered_is_found(forged: Any):
    assert bad(replace(STORY, forge=list.copy, **forged)) == ["relied on"]
