"""The page about policies says what the starter policy has."""

import json
import re
from pathlib import Path

from stella.policy import starter_bundle
from stella.policy.engine import evaluate_rule, new_engine
from stella.policy.syntax import UNREPEATABLE

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policy.md").read_text()


def test_every_parameter_stands_there_with_its_values_and_its_default():
    engine = new_engine(starter_bundle().files)
    engine.set_input_json("{}")
    defaults = json.loads(evaluate_rule(engine, "data.stella.policy.defaults") or b"")
    allowed = json.loads(evaluate_rule(engine, "data.stella.policy.allowed") or b"")
    rows = {}
    for line in PAGE.splitlines():
        cells = [re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]]
        if len(cells) == 4 and cells[3]:
            rows[cells[0][0]] = (sorted(cells[2]), cells[3][0])
    assert rows == {name: (sorted(allowed[name]), str(defaults[name])) for name in defaults}


def test_every_refused_function_stands_there():
    page = PAGE.replace("rand.*", "rand.intn")
    assert [name for name in sorted(UNREPEATABLE) if name not in page] == []
