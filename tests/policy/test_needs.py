"""What more a policy wants to be told: asked before anything is looked up, and refused where nobody can."""

from typing import Any

import pytest

from stella.kernel import Digest
from stella.policy import Need, PolicyBundle, load_bundle, needs_of, starter_bundle
from stella.policy.errors import PolicyNeedsUnknown

GOOD = 'results contains {"rule": "a", "outcome": "pass", "message": "fine"}'
NOW = "2030-01-01T00:00:00.000000Z"


def own(text: str) -> PolicyBundle:
    return load_bundle({"a.rego": f"package stella.policy\nimport rego.v1\n{GOOD}\n{text}\n"})


def needs(bundle: PolicyBundle, **parameters: Any) -> set[str]:
    return set(needs_of(bundle, "dev", parameters, now=NOW))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, set()),
        ({"severityMax": "low", "fixAvailableFrom": "low", "scanAgeDays": 3}, set()),
        ({"licenceDeny": ["AGPL-*"]}, {"licences"}),
        ({"licenceAllow": ["MIT"]}, {"licences"}),
        ({"licenceUnknown": "blocked"}, set()),
        ({"licenceDeny": "AGPL-*"}, set()),
        ({"sbomIncomplete": "unknown"}, {"partial"}),
        ({"baseImageAgeDaysMax": 30}, {"base"}),
        ({"baseImageAgeDaysMax": "30"}, set()),
        ({"fixAvailableDays": 3}, set()),
        ({"fixAvailableFrom": "high", "fixAvailableDays": 3}, {"fixes"}),
        ({"fixAvailableFrom": "high", "fixAvailableDays": "three"}, set()),
    ],
)
def test_the_starter_policy_needs_what_its_parameters_ask_for(
    parameters: dict[str, Any], expected: set[str]
):
    assert needs(starter_bundle(), **parameters) == expected


def test_a_policy_of_ones_own_needs_what_it_says_and_else_nothing():
    assert needs(own("")) == set()
    assert needs(own('needs := {"licences", "fixes"}')) == {"licences", "fixes"}
    by_name = own('needs contains "partial" if input.environment == "dev"')
    assert needs(by_name) == {"partial"}


@pytest.mark.parametrize("said", ['{"licenses"}', '["licences", 1]', '"licences"', "{1}"])
def test_a_need_that_nothing_tells_is_refused_when_the_policy_is_loaded(said: str):
    with pytest.raises(PolicyNeedsUnknown) as refused:
        own(f"needs := {said}")
    assert "licences, partial, fixes" in refused.value.remedy.advice


def test_a_policy_that_breaks_on_the_question_is_told_all():
    files = {"a.rego": "package stella.policy\nneeds := 1\nneeds := 2\n"}
    assert needs(PolicyBundle(Digest.of(b"a"), files)) == set(Need)
