"""The documents of the guides for sign-in and for CIs are taken, and what they say of limits is so."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.stores import our_plugins
from stella.environment.document import checked_document
from stella.hub.document import parse_integration
from stella.identity import errors, jwt
from stella.identity.exchange import _RECORDED_MAX
from stella.identity.jwks import ALGORITHMS, PAUSE
from stella.identity.machine_login import (
    IDENTIFYING,
    MINUTES_DEFAULT,
    MINUTES_MAX,
    ROLES,
    _Spec,
    parse_machine_login,
)
from stella.identity.sign_in import _KEYS, parse_sign_in
from stella.plugin.contract.core import Kind

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
CI, SIGN_IN = ((HOW_TO / name).read_text() for name in ("ci.md", "sign-in.md"))
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


def documents(text: str) -> list[dict[str, Any]]:
    found = [one for block in _BLOCK.findall(text) for one in yaml.safe_load_all(block)]
    return [one for one in found if "apiVersion" in one]


@pytest.mark.parametrize("text", [CI, SIGN_IN], ids=["ci", "sign-in"])
def test_every_document_is_taken(text: str) -> None:
    parsers: dict[str, Any] = {"MachineLogin": parse_machine_login, "SignIn": parse_sign_in}
    for document in documents(text):
        kind, name, spec = checked_document(document)
        if kind == "Integration":
            assert parse_integration(name, spec, our_plugins().brought()).name == name
        else:
            assert parsers[kind](name, spec).name == name
    assert len(documents(text)) >= 4


def test_every_key_of_the_documents_has_its_meaning() -> None:
    assert [key for key in _Spec.__struct_fields__ if f"`{key}`" not in CI] == []
    assert [key for key in _KEYS if f"`{key}`" not in SIGN_IN] == []
    (ldap,) = [one for (kind, _), one in our_plugins().brought().items() if kind is Kind.DIRECTORY]
    properties = ldap.config_schema["properties"]
    assert isinstance(properties, dict)
    assert [key for key in properties if f"`{key}`" not in SIGN_IN] == []


def test_what_the_guide_says_of_limits_is_so() -> None:
    said = " ".join(CI.split())
    assert [claim for claim in IDENTIFYING if f"`{claim}`" not in said] == []
    assert [role for role in ROLES if f"`{role}`" not in said] == []
    assert (MINUTES_DEFAULT, MINUTES_MAX) == (15, 60)
    assert "15, at most 60" in said
    assert f"at most every {PAUSE.total_seconds():.0f} s" in said
    assert (_RECORDED_MAX, jwt.LEEWAY.total_seconds()) == (30, 60)
    *others, last = ALGORITHMS
    assert f"{', '.join(others)} and {last}" in said
    codes = set(re.findall(r"`(ST-IDN-\d+)`", CI))
    assert codes == {
        getattr(errors, name).code
        for name in (
            "MalformedAssertion",
            "UntrustedAssertion",
            "AssertionOutOfTime",
            "AssertionNotForUs",
            "AssertionUsed",
        )
    }
