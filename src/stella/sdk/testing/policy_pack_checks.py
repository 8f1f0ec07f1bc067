"""What every policy pack has to hold, whoever wrote it: run each one of the list as a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stella.plugin.contract.connection import Connect
from stella.plugin.contract.policy_pack import PackDocument, PolicyPack
from stella.sdk.testing import bad_ways

_KINDS = frozenset({"Integration", "Policy", "Environment", "Target"})
_DOCUMENTS_MAX = 100
_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PolicyPackBench:
    """A pack. open: connect -> the pack. connect: leads nowhere in particular."""

    open: Callable[[Connect], PolicyPack]
    connect: Connect


def it_has_documents_that_can_be_shown(bench: PolicyPackBench) -> None:
    """Each under a name of its own; together at most 1 MiB."""
    found = _documents(bench)
    assert 0 < len(found) <= _DOCUMENTS_MAX
    names = [one.name for one in found]
    assert len(names) == len(set(names)), names
    assert all(0 < len(name) <= 100 and name.isprintable() for name in names), names
    assert sum(len(one.text.encode()) for one in found) <= _BYTES_MAX


def each_is_what_apply_takes(bench: PolicyPackBench) -> None:
    """YAML with one document of stella/v1, a kind, a name and a specification."""
    for one in _documents(bench):
        document = _parsed(one)
        assert document.get("apiVersion") == "stella/v1", one.name
        assert document.get("kind") in _KINDS, one.name
        assert isinstance(document.get("name"), str), one.name
        assert isinstance(document.get("spec"), dict), one.name


def no_two_are_about_the_same(bench: PolicyPackBench) -> None:
    """For they could not be applied together."""
    about = [(said.get("kind"), said.get("name")) for said in map(_parsed, _documents(bench))]
    assert len(about) == len(set(about)), about


def it_gives_the_same_bytes_again(bench: PolicyPackBench) -> None:
    """Also where it is opened anew: what was read is what is applied."""
    pack = bench.open(bench.connect)
    assert pack.documents() == pack.documents() == _documents(bench)


def it_reaches_nothing(bench: PolicyPackBench) -> None:
    """Rules come along with the plugin; none is fetched."""

    def connect(host: str, port: int, timeout: float) -> Any:
        raise AssertionError(f"it reaches {host}:{port} ({timeout} s)")

    bad_ways.nothing_else_is_reached(bench.open, connect, lambda pack: pack.documents())


POLICY_PACK_CHECKS: tuple[Callable[[PolicyPackBench], None], ...] = (
    it_has_documents_that_can_be_shown,
    each_is_what_apply_takes,
    no_two_are_about_the_same,
    it_gives_the_same_bytes_again,
    it_reaches_nothing,
)


def _documents(bench: PolicyPackBench) -> tuple[PackDocument, ...]:
    found = bench.open(bench.connect).documents()
    assert isinstance(found, tuple), found
    return found


def _parsed(one: PackDocument) -> Mapping[str, Any]:
    import yaml

    read = yaml.safe_load(one.text)
    assert isinstance(read, dict), one.name
    return read
