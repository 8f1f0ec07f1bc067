"""A policy in YAML on the command line: tested, tried on findings, applied; slips are refused."""

from pathlib import Path

import pytest

from fixtures.shops import Shop
from stella.cli.main import main

GOOD = """\
apiVersion: stella/v1
kind: Policy
name: shop
spec:
  rules:
    - {name: severe, findings: {severityFrom: high}}
  tests:
    - {name: high, findings: [{severity: high}], expect: {severe: blocked}}
    - {name: low, findings: [{}], expect: {severe: pass}}
"""


def test_it_is_tested_and_a_test_that_fails_ends_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD)
    assert main(["policy", "test", str(file)]) == 0
    assert "2 of 2 tests pass" in capsys.readouterr().out
    file.write_text(GOOD.replace("severe: pass", "severe: blocked"))
    assert main(["policy", "test", str(file)]) == 1
    assert "FAIL   low  severe is pass, not blocked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("severityFrom", "severtyFrom"), "severtyFrom"),
        (("kind: Policy", "kind: Target"), "0 documents of kind Policy"),
        (("  rules:\n    - {name: severe, findings: {severityFrom: high}}\n", "  a: 1\n"), "rego"),
    ],
)
def test_a_slip_is_refused_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], word: str
):
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD.replace(*change))
    assert main(["policy", "test", str(file)]) != 0
    assert word in capsys.readouterr().err


def test_it_is_applied_shown_and_the_same_again_changes_nothing(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    file = tmp_path / "shop.yaml"
    file.write_text(GOOD)
    assert "created" in olga("apply", "-f", str(file)).stdout
    assert "unchanged" in olga("apply", "-f", str(file)).stdout
    found = olga.data("policy", "get", "shop")
    assert {"licence_terms.rego", "plain.rego", "rules.rego"} <= found["files"].keys()
    file.write_text(GOOD.replace("severityFrom: high", "severityFrom: huge"))
    assert olga("apply", "-f", str(file)).exit_code == 1
