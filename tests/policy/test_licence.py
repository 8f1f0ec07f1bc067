"""What the starter policy says of licences, as they are read of a bill of materials."""

import json
from time import process_time
from typing import Any

import msgspec
import pytest

from policy.releases import document, release
from stella.kernel import Outcome
from stella.policy import RuleResult, evaluate, starter_bundle
from stella.policy.worker import COMPUTING_S
from stella.sbom import licences_of_sbom

DENY = {"licenceDeny": ["AGPL-*", "GPL-3.0-only"]}
ALLOW = {"licenceAllow": ["MIT", "Apache-2.0"]}


def judged(*texts: str, **parameters: Any) -> list[RuleResult]:
    """The rule's results for an image of one package under each of ``texts``."""
    components = [
        {"name": f"p{number}", "version": "1", "purl": f"pkg:npm/p{number}@1", "licenses": licences}
        for number, text in enumerate(texts)
        for licences in [[{"license": {"name": text}}] if text else []]
    ]
    licences = licences_of_sbom(json.dumps({"components": components}).encode())
    given = release(document(), **parameters)
    given["components"][0]["scans"][0]["licences"] = msgspec.to_builtins(licences)
    return [one for one in evaluate(starter_bundle(), given).rules if one.rule == "licence"]


def said(*texts: str, **parameters: Any) -> set[str]:
    return {one.outcome.value for one in judged(*texts, **parameters)}


@pytest.mark.parametrize(
    ("text", "denied", "allowed"),
    [
        ("MIT", "pass", "pass"),
        ("ISC", "pass", "blocked"),
        ("AGPL-3.0-or-later", "blocked", "blocked"),
        ("AGPL-3.0", "blocked", "blocked"),
        ("AGPL-3.0 OR MIT", "pass", "pass"),
        ("AGPL-3.0 AND MIT", "blocked", "blocked"),
        ("MIT AND (Apache-2.0 OR AGPL-3.0)", "pass", "pass"),
        ("GPL-3.0", "blocked", "blocked"),
        ("GPL-3.0-only WITH GCC-exception-3.1", "pass", "blocked"),
        ("", "unknown", "unknown"),
        ("a licence of our own", "unknown", "unknown"),
        ("MIT OR a licence", "unknown", "unknown"),
        ("AGPLv3", "unknown", "unknown"),
        ("AGPLv3 OR MIT", "pass", "pass"),
        ("AGPLv3 AND ISC", "unknown", "blocked"),
        ("GPL-3.0-only WITH MIT", "unknown", "unknown"),
        ("AGPL-3.0-only+", "blocked", "unknown"),
        ("GPL-3.0-or-later+", "unknown", "unknown"),
        ("LicenseRef-AGPLv3", "unknown", "unknown"),
    ],
)
def test_a_list_of_what_is_denied_and_one_of_what_is_allowed(text: str, denied: str, allowed: str):
    assert said(text, **DENY) == {denied}
    assert said(text, **ALLOW) == {allowed}


def test_both_lists_have_to_be_kept():
    both = {"licenceAllow": ["MIT", "GPL-*"], "licenceDeny": ["GPL-3.0*"]}
    assert said("GPL-2.0", **both) == {"pass"}
    assert said("GPL-3.0", **both) == {"blocked"}
    assert said("ISC", **both) == {"blocked"}


def test_what_nobody_knows_is_what_the_parameter_says():
    assert said("", **DENY, licenceUnknown="pass") == {"pass"}
    assert said("", **DENY, licenceUnknown="blocked") == {"blocked"}
    assert said("AGPL-3.0", "", **DENY, licenceUnknown="pass") == {"blocked"}


def test_licences_are_named_with_how_many_packages_and_one_of_them():
    found = judged("AGPL-3.0", "AGPL-3.0", "", "free for all", "MIT", **DENY)
    assert [one.outcome for one in found] == [Outcome.BLOCKED, Outcome.UNKNOWN]
    assert found[0].message == (
        "c1: linux/amd64 has 2 packages under AGPL-3.0, such as p0 1, which may not pass"
    )
    assert found[1].message == (
        "c1: linux/amd64 has 2 packages whose licence nobody knows, such as p2 1 (it states none)"
    )
    assert {one.who for one in found} == {"whoever builds c1"}
    assert {one.component for one in found} == {"c1"}


def test_more_licences_than_are_looked_at_pass_nothing():
    texts = [f"LicenseRef-{number}" for number in range(501)]
    assert said(*texts[:500], **DENY, licenceUnknown="pass") == {"pass"}
    assert said(*texts, **DENY, licenceUnknown="pass") == {"unknown"}


def test_many_licences_are_judged_long_before_a_policy_has_to_be_done():
    # What it costs goes by the different licences, not by how often each of them is stated.
    texts = [
        " AND ".join(f"Own-{one % 40}" for one in range(number, number + 4)) + f" AND Own{number}"
        for number in range(300)
    ]
    began = process_time()
    assert said(*texts, **DENY, licenceAllow=["MIT", "BSD-*", "Own*"]) == {"pass"}
    assert process_time() - began < COMPUTING_S / 2
