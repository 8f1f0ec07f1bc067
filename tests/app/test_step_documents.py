"""What an environment's document may say of steps, and what is refused, with every reason."""

import pytest

from fixtures.steps import Stage
from stella.environment.errors import MalformedDocument
from stella.environment.store import list_environments


def test_every_reason_against_the_steps_of_an_environment_is_told_at_once(stage: Stage) -> None:
    with pytest.raises(MalformedDocument) as refusal:
        stage.road.environment(
            "dev",
            steps={
                "before": [
                    {"name": "Bad Name", "step": "open-change", "with": {"ticket": "CHG-1"}},
                    {"name": "one", "step": "opn-change"},
                    {"name": "two", "step": "open-change", "with": {"ticket": "x", "day": 1}},
                ],
                "after": [{"name": "one", "step": "smoke-test", "with": {}}],
            },
        )
    told = str(refusal.value)
    for reason in (
        "lower-case",
        "2 steps have the name 'one'",
        "did you mean 'open-change'?",
        "with.ticket",
        "'day' was unexpected",
        "required property",
    ):
        assert reason in told, told


@pytest.mark.parametrize(
    "steps",
    [
        {"during": []},
        {"before": [{"name": "one"}]},
        {"before": [{"name": "one", "step": "open-change", "with": 3}]},
        {"before": [{"name": "one", "step": "open-change", "with": {"ticket": 1.5}}]},
        {"before": [{"name": f"n{i}", "step": "s"} for i in range(21)]},
        {"before": [{"name": "a", "step": "open-change", "with": {"ticket": "x" * 70_000}}]},
    ],
)
def test_a_document_with_malformed_steps_is_refused_and_nothing_of_it_stays(
    stage: Stage, steps: dict
) -> None:
    with pytest.raises(MalformedDocument):
        stage.road.environment("dev", steps=steps)
    with stage.road.database.read() as tx:
        assert list_environments(tx) == ()
