"""``stella apply``: what a file may hold, what it changes, and where it is wrong."""

import io
from pathlib import Path

import pytest

from fixtures.shops import DOCUMENTS, Shop
from stella.cli.documents import read_documents
from stella.cli.errors import MalformedYaml

GOOD = """\
# two documents and nothing behind them
apiVersion: stella/v1
kind: Environment
name: dev
spec: {after: 2030-01-01, count: 3, is: yes, list: [1.5, null]}
---
kind: Target
---
"""


def test_documents_are_json_values_and_a_date_stays_text(tmp_path: Path):
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    first, second = read_documents([file])
    assert first["spec"] == {"after": "2030-01-01", "count": 3, "is": True, "list": [1.5, None]}
    assert second == {"kind": "Target"}


def test_anchors_and_merges_are_read(tmp_path: Path):
    file = tmp_path / "merged.yaml"
    file.write_text("base: &base {a: 1, b: 2}\nmade:\n  <<: *base\n  b: 3\n")
    assert read_documents([file])[0]["made"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: [1, 2\n", 3, "expected"),
        ("a: 1\na: 2\n", 2, "stands there twice"),
        ("a:\n  off: 1\n", 2, "is no text"),
        ("a: 1\n---\n- x\n", 3, "a document is a mapping"),
        ("a: 1\nb: .nan\n", 2, "is no number"),
        ("a: 1\n\nb: !!python/name:os.system x\n", 3, "cannot be sent"),
        ("a: !!binary aGk=\n", 1, "cannot be sent"),
        ("a: \x07\n", 1, "not allowed"),
        ("a:\n\tb: 1\n", 2, "cannot start any token"),
    ],
)
def test_what_cannot_be_read_is_one_refusal_with_file_and_line(
    tmp_path: Path, text: str, line: int, word: str
):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(MalformedYaml, match=word) as refusal:
        read_documents([file])
    assert str(refusal.value).startswith(f"{file}, line {line}: ")


@pytest.mark.long
def test_nesting_without_an_end_is_refused(tmp_path: Path):
    file = tmp_path / "deep.yaml"
    file.write_text("[" * 20_000)
    with pytest.raises(MalformedYaml):
        read_documents([file])


def test_standard_input_is_named_as_such(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a: ["))
    with pytest.raises(MalformedYaml, match="standard input, line 1: "):
        read_documents([Path("-")])


def test_a_dry_run_shows_the_difference_and_keeps_nothing(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENTS)
    tried = olga("apply", "-f", str(file), "--dry-run")
    assert tried.exit_code == 0
    assert '  + spec.parameters.severityMax: "critical"' in tried.stdout
    assert olga.data("environment", "list") == []
    assert [one["change"] for one in olga.data("apply", "-f", str(file))] == ["created"] * 3
    file.write_text(DOCUMENTS.replace("critical", "high"))
    changed = olga("apply", "-f", str(file)).stdout
    assert "updated    Environment dev" in changed
    assert '  - spec.parameters.severityMax: "critical"' in changed
    assert '  + spec.parameters.severityMax: "high"' in changed
    assert "unchanged  Environment stage" in changed
    assert olga("apply", "-f", str(file), "-o", "name").stdout.split()[0] == "Environment/dev"


def test_an_unknown_key_is_refused_with_the_server_s_word(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("apiVersion: stella/v1\nkind: Environment\nname: qa\nspec: {}\n")
    bad.write_text("apiVersion: stella/v1\nkind: Environment\nname: dev\nspec: {polcy: x}\n")
    refused = olga("apply", "-f", str(good), str(bad))
    assert refused.exit_code == 1
    assert "did you mean 'policy'?" in refused.stderr
    assert olga.data("environment", "list") == []
    nothing = olga("apply", "-f", "-", "-o", "json", given="# nothing\n")
    assert (nothing.exit_code, nothing.stdout) == (0, "[]\n")
    assert shop.person("dan")("apply", "-f", str(good)).exit_code == 5
    assert olga("apply", "-f", str(tmp_path / "none.yaml")).exit_code == 1


def test_what_an_owner_names_no_more_is_shown_and_ends(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    file = tmp_path / "shop.yaml"
    file.write_text(DOCUMENTS)
    applied = olga("apply", "-f", str(file), "--owner", "shop")
    assert '  + owner: "shop"' in applied.stdout
    mine = {one["name"] for one in olga.data("export", "config", "--owner", "shop")}
    assert mine == {"dev", "stage", "prod"}
    assert "Environment/dev" in olga("export", "owned", "-o", "name").stdout.split()
    listed = olga("export", "owned", "--owner", "shop").stdout.splitlines()
    assert listed[0].split() == ["KIND", "NAME", "OWNER", "SINCE", "BY"]
    assert len(listed) == 4

    first = DOCUMENTS.split("---")[0]
    assert "name: dev" in first
    file.write_text(first)
    prune = ("apply", "-f", str(file), "--owner", "shop", "--prune")
    shown = olga(*prune, "--dry-run").stdout
    assert "removed    Environment stage" in shown
    assert '  - spec.policy: "starter"' in shown
    assert len(olga.data("environment", "list")) == 3
    assert "removed    Environment stage" in olga(*prune).stdout
    assert [one["name"] for one in olga.data("environment", "list")] == ["dev"]

    refused = olga("apply", "-f", str(file), "--prune")
    assert refused.exit_code == 1
    assert "--owner NAME" in refused.stderr
    empty = olga("apply", "-f", "-", "--owner", "shop", "--prune", given="# nothing\n")
    assert (empty.exit_code, "there is no document" in empty.stderr) == (1, True)
    taken = olga("apply", "-f", str(file), "--owner", "another")
    assert (taken.exit_code, "kept by shop" in taken.stderr) == (1, True)
    given = olga("apply", "-f", str(file), "--owner", "another", "--take-over").stdout
    assert '  - owner: "shop"' in given
