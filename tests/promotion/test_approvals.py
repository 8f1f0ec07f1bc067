"""Every rule is satisfied by people of its own whom it may ask, or the gate waits."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stella.kernel import time_text
from stella.promotion.gates.approvals import judge_approvals
from stella.promotion.gates.speaking import asked_in, voice_of, why_not_for
from stella.promotion.model import (
    ApprovalInput,
    DecisionInput,
    EnvironmentInput,
    GateState,
    Person,
    ReleaseInput,
    RuleInput,
)

START = datetime(2030, 1, 1, tzinfo=UTC)
PLAN, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
ROLES = ("security", "product")
PEOPLE = tuple(
    Person(f"usr_{name}", name, roles)
    for name, roles in (
        ("ann", ("security",)),
        ("bob", ("product",)),
        ("cho", ("security", "product")),
        ("dan", ("product",)),
        ("eve", ()),
    )
)
ANN, BOB, CHO, DAN, EVE = PEOPLE


def hour(number: int) -> str:
    return time_text(START + timedelta(hours=number))


def asked(
    rules: Sequence[RuleInput], approvals: Sequence[ApprovalInput], now: int = 10
) -> DecisionInput:
    return DecisionInput(
        promotion="prm_1",
        now=hour(now),
        requested_by=DAN,
        requested_at=hour(0),
        reason="",
        rollback=False,
        release=ReleaseInput("rel_1", "shop", "1", PLAN, ()),
        environment=EnvironmentInput("prod", PLAN, tuple(rules), None, (), {}),
        policy=PLAN,
        deployment_plan=PLAN,
        approvals=tuple(approvals),
        release_creator=CHO.id,
    )


def approval(by: Person, at: int = 9, **more: object) -> ApprovalInput:
    said = {"id": f"apr_{by.name}", "comment": "", "plan_digest": PLAN, "bundle": PLAN, **more}
    return ApprovalInput(by=by, at=hour(at), **said)  # type: ignore[arg-type]


@st.composite
def situations(draw: st.DrawFn) -> DecisionInput:
    rules: list[RuleInput] = []
    for number in range(draw(st.integers(1, 3))):
        after = draw(st.sampled_from([msgspec.UNSET, *[one.rule for one in rules]]))
        exclude = draw(st.sampled_from([msgspec.UNSET, (), ("releaseCreator",)]))
        expiry = draw(st.sampled_from([msgspec.UNSET, 3]))
        who = draw(st.lists(st.sampled_from([*ROLES, "eve"]), min_size=1, max_size=2))
        rules.append(
            RuleInput(f"r{number}", tuple(who), draw(st.integers(1, 2)), exclude, expiry, after)
        )
    approvals = []
    for number, by in enumerate(draw(st.permutations(PEOPLE))[: draw(st.integers(0, 5))]):
        absent = draw(st.sampled_from([msgspec.UNSET, msgspec.UNSET, *PEOPLE]))
        approvals.append(
            approval(
                by,
                draw(st.integers(5, 9)),
                id=f"apr_{number}",
                plan_digest=draw(st.sampled_from([PLAN, PLAN, PLAN, OTHER])),
                stands_for=msgspec.UNSET if absent is by else absent,
                by_now=draw(st.sampled_from([msgspec.UNSET, msgspec.UNSET, None])),
            )
        )
    return asked(draw(st.permutations(rules)), approvals)


def every_seating(given: DecisionInput) -> Iterator[dict[str, str]]:
    """Each way in which approvals could be counted, tried out one by one."""
    rules = given.environment.rules
    choices = [
        [None, *[rule.rule for rule in rules if not why_not_for(one, rule, asked_in(given))]]
        for one in given.approvals
    ]
    for chosen in itertools.product(*choices):
        seated = [(a, r) for a, r in zip(given.approvals, chosen, strict=True) if r is not None]
        people = [one for a, _ in seated for one in {a.by.id, voice_of(a)}]
        if len(people) == len(set(people)) and all(a.plan_digest == PLAN for a, _ in seated):
            yield {a.id: str(r) for a, r in seated}


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(situations())
def test_a_gate_passes_only_where_each_rule_has_people_of_its_own(given: DecisionInput) -> None:
    judged = judge_approvals(given, PLAN)
    rules = {one.rule: one for one in given.environment.rules}
    counted = {one.id: one.rule for one in judged.counted if one.rule is not None}
    approvals = {one.id: one for one in given.approvals}

    people = [one for a in counted for one in {approvals[a].by.id, voice_of(approvals[a])}]
    assert len(people) == len(set(people)), "nobody is counted twice, nor stood in for twice"
    for name, rule in counted.items():
        assert approvals[name].plan_digest == PLAN
        assert why_not_for(approvals[name], rules[rule], asked_in(given)) == ""
    full = {name for name, one in rules.items() if list(counted.values()).count(name) == one.count}
    assert (judged.gate.state is GateState.PASS) == (full == set(rules))
    for rule in set(counted.values()):
        after = rules[rule].after
        assert after is msgspec.UNSET or after in full, "nobody speaks before the rule's turn"


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(situations())
def test_a_gate_waits_only_where_no_counting_would_satisfy_every_rule(
    given: DecisionInput,
) -> None:
    # Where nobody's word is there twice there is no choice whose counts; then it is exact.
    people = [one for a in given.approvals for one in {a.by.id, voice_of(a)}]
    wanted = sorted(one.rule for one in given.environment.rules for _ in range(one.count))
    possible = any(sorted(one.values()) == wanted for one in every_seating(given))
    passes = judge_approvals(given, PLAN).gate.state is GateState.PASS
    assert not passes or possible
    if len(people) == len(set(people)):
        assert passes == possible


@pytest.mark.long
@given(situations(), st.randoms())
def test_the_order_of_rules_changes_no_outcome(given: DecisionInput, chance) -> None:
    rules = list(given.environment.rules)
    chance.shuffle(rules)
    other = msgspec.structs.replace(
        given, environment=msgspec.structs.replace(given.environment, rules=tuple(rules))
    )
    assert judge_approvals(given, PLAN).gate.state == judge_approvals(other, PLAN).gate.state


SECURITY = RuleInput("security", ("security",), 1)


@pytest.mark.parametrize(
    ("rule", "given_approval", "why"),
    [
        (RuleInput("product", ("product",), 1), approval(DAN), "the person who asked"),
        (
            RuleInput("security", ("security",), 1, exclude=("releaseCreator",)),
            approval(CHO),
            "the person who made the release",
        ),
        (SECURITY, approval(ANN, by_now=None), "may approve no more"),
        (SECURITY, approval(ANN, by_now=Person(ANN.id, "ann", ("viewer",))), "cannot now"),
        (SECURITY, approval(ANN, plan_digest=OTHER), "another plan"),
        (SECURITY, approval(EVE), "no rule names"),
        (RuleInput("security", ("security",), 1, expires_after_h=1), approval(ANN), "until"),
        (SECURITY, approval(EVE, stands_for=ANN, stands_for_now=None), "may approve no more"),
        (RuleInput("product", ("product",), 1), approval(DAN, stands_for=BOB), "who asked"),
        (RuleInput("product", ("product",), 1), approval(BOB, stands_for=DAN), "who asked"),
    ],
)
def test_an_approval_that_does_not_count_says_why(
    rule: RuleInput, given_approval: ApprovalInput, why: str
) -> None:
    judged = judge_approvals(asked([rule], [given_approval]), PLAN)
    assert judged.gate.state is GateState.WAITING
    assert why in judged.counted[0].why_not


def test_who_asked_may_approve_where_the_rule_excludes_nobody() -> None:
    rule = RuleInput("product", ("product",), 1, exclude=())
    assert judge_approvals(asked([rule], [approval(DAN)]), PLAN).gate.state is GateState.PASS


def test_a_stand_in_counts_for_the_absent_one_and_for_nobody_else() -> None:
    rules = [SECURITY, RuleInput("product", ("product",), 1)]
    judged = judge_approvals(asked(rules, [approval(BOB, stands_for=ANN)]), PLAN)
    assert judged.counted[0].rule == "security"
    assert judged.gate.summary == "product: 0 of 1 approvals"


def test_an_approval_says_until_when_it_counts() -> None:
    rule = RuleInput("security", ("security",), 1, expires_after_h=24)
    judged = judge_approvals(asked([rule], [approval(ANN)]), PLAN)
    assert judged.counted[0].until == hour(33)
    assert judged.gate.state is GateState.PASS


def test_a_rule_that_asks_for_nobody_this_time_is_said_and_holds_up_none() -> None:
    rules = [SECURITY, RuleInput("product", ("product",), 1, after="security")]
    judged = judge_approvals(asked(rules, [approval(BOB)]), PLAN, {"security": "nothing is new"})
    assert judged.gate.state is GateState.PASS
    assert "security is not asked: nothing is new" in judged.gate.summary
