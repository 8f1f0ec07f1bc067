"""YAML of Ruby's and PHP's databases; hostile YAML."""

import pytest

from stella.advisory.format import read_document
from stella.advisory.format.plain_yaml import UnreadableYaml, plain_yaml
from stella.advisory.model import Package, Skipped, Span

RUBY = """---
gem: rack
cve: 2030-1
ghsa: aaaa-bbbb-cccc
title: A flaw
date: 2030-01-02
cvss_v3: 7.5
unaffected_versions:
  - "< 1.0"
patched_versions:
  - "~> 1.4.5"
  - ">= 1.5.2"
"""
PHP = """title: XSS
link: https://example.com
cve: ~
branches:
    1.x:
        time: 2030-01-02 10:00:00
        versions: ['>=1.0', '<1.5']
    master:
        versions: ['<=0.9']
reference: composer://Vendor/Name
"""


def test_ruby_says_what_is_not_affected_and_the_rest_is():
    (entry,) = read_document("a.yml", RUBY.encode())
    assert entry.package == Package("RubyGems", "rack")
    assert (entry.record.id, entry.record.aliases) == ("CVE-2030-1", ("GHSA-aaaa-bbbb-cccc",))
    assert entry.record.spans == (Span("1.0", fixed="1.4.5"), Span("1.5.a", fixed="1.5.2"))
    assert (entry.record.severity, entry.modified) == ("high", "2030-01-02T00:00:00Z")


def test_a_gem_that_was_never_patched_is_affected_in_every_version():
    (entry,) = read_document("a.yml", b"gem: x\ntitle: t\ncve: 2030-1\n")
    assert entry.record.spans == (Span(),)


def test_an_interpreter_is_no_gem():
    (skipped,) = read_document("a.yml", b"engine: ruby\ntitle: t\ncve: 2030-1\n")
    assert isinstance(skipped, Skipped)


def test_php_has_a_span_for_each_branch():
    (entry,) = read_document("php.tar.gz:vendor/name/2030-01-02-1.yaml", PHP.encode())
    assert entry.package == Package("Packagist", "vendor/name")
    assert entry.record.id == "FOPHP-vendor/name-2030-01-02-1"
    assert entry.record.spans == (Span("1.0", fixed="1.5"), Span(last="0.9"))


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: [*x, *x]",
        "[" * 5_000,
        "a: [",
        "\x00",
        "x" * (1 << 21),
        "!!python/object/apply:os.system [ls]: [",
    ],
    ids=["alias", "deep", "cut", "nul", "large", "tag"],
)
def test_hostile_yaml_is_refused(text: str):
    with pytest.raises(UnreadableYaml):
        plain_yaml(text.encode())


def test_every_scalar_is_a_text():
    assert plain_yaml(b"a: 1\nb: 2030-01-01\nc: yes\nd: !!int 3") == {
        "a": "1",
        "b": "2030-01-01",
        "c": "yes",
        "d": "3",
    }
