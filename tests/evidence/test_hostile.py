"""Packets whose every signature is good and whose content is nonsense: verdicts, never a crash."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.packets import Story
from stella.evidence import PacketAbout, PacketKind, build_packet, names, read_packet, verify_packet
from stella.replay import NothingToReplay, replay_packet

STORY = Story()
ENTRIES = STORY.deployment_entries()
ABOUT = PacketAbout(PacketKind.DEPLOYMENT, "hostile", STORY.deployment, "2030")
JSON_ENTRIES = sorted(name for name in ENTRIES if name.endswith(".json"))

_SCALARS = st.sampled_from(
    [None, True, 0, -1, 2**60, 1.5, "", "\ud800", "sha256:" + "0" * 64, "../x", [], {}, [[]], [{}]]
)


@st.composite
def _nonsense(draw: st.DrawFn) -> tuple[str, bytes]:
    """One entry with one value somewhere in it replaced, removed or repeated; or wholly replaced."""
    name = draw(st.sampled_from(JSON_ENTRIES))
    if draw(st.integers(0, 9)) == 0:
        return name, draw(
            st.sampled_from([b"", b"\xff", b"null", b"[" * 5000, b"{}", b"[]", b"NaN"])
        )
    value = json.loads(ENTRIES[name])
    places = list(_places(value))
    if not places:
        return name, b"{}"
    holder, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        holder[key] = draw(_SCALARS)
    else:
        del holder[key]
    return name, json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _places(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(pairs):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


@pytest.mark.long
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(_nonsense(), min_size=1, max_size=2))
def test_nonsense_under_good_signatures_gets_a_verdict(changes: list[tuple[str, bytes]]) -> None:
    entries = {**ENTRIES, **dict(changes)}
    packet = build_packet(entries, about=ABOUT, signer=STORY.evidence)
    assert verify_packet(packet, STORY.root).checks
    try:
        replay_packet(read_packet(packet))
    except NothingToReplay:
        assert names.DECISION_INPUT not in entries
