"""References to secrets, and secrets that stand where a reference belongs."""

import pytest

from stella.hub.errors import MalformedReference
from stella.hub.reference import Reference, parse_reference

GOOD = {
    "env://STELLA_SECRET_A": Reference("env", "", "STELLA_SECRET_A"),
    "file:///run/secrets/a b": Reference("file", "", "/run/secrets/a b"),
    "secret://registry-password": Reference("secret", "", "registry-password"),
    "vault://main/kv/shop/db#password": Reference("vault", "main", "kv/shop/db", "password"),
    "vault://main/kv/shop/db": Reference("vault", "main", "kv/shop/db"),
    "aws-sm://eu/rds!db-1a2b#password": Reference("aws-sm", "eu", "rds!db-1a2b", "password"),
    "aws-sm://eu/shop/db#a.b": Reference("aws-sm", "eu", "shop/db", "a.b"),
}


@pytest.mark.parametrize("text", GOOD)
def test_what_is_written_is_read_and_written_the_same(text: str) -> None:
    assert parse_reference(text) == GOOD[text]
    assert parse_reference(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2-the-secret",
        "env://",
        "env://A B",
        "file://relative",
        "file:///etc/../root",
        "secret://Not A Name",
        "vault://main",
        "vault://main/",
        "vault:///kv/a",
        "vault://main/kv/../sys",
        "vault://main/kv#",
        "vault://main/kv#a b",
        "vault://main/kv\n",
        "VAULT://main/kv",
        "x" * 2000,
        "env://" + "x" * 2000,
    ],
)
def test_what_refers_to_nothing_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(MalformedReference) as refusal:
        parse_reference(text)
    told = repr(refusal.value.problem())
    assert "hunter2" not in told
    assert len(text) < 8 or text not in told
