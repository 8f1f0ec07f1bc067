"""Killed before any command, or just after it took effect: tried again, it ends right."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.benches import simulated_bench
from stella.kernel import Digest
from stella.plugin.contract.target import Host
from stella.plugin.refusals import UnhealthyAfterStart
from stella.sdk.testing import SimulatedHost, TargetBench


class Killed(BaseException):
    pass


class KillingHost:
    """Kills at command number ``at``: before it is done, or after."""

    def __init__(self, real: Host, at: int, *, is_done: bool) -> None:
        self._real = real
        self._left = at
        self._is_done = is_done
        self.write, self.read = real.write, real.read
        self.log, self.wait = real.log, real.wait

    def run(self, argv: Sequence[str], **options: object) -> bytes:
        self._left -= 1
        if self._left < 0 and not self._is_done:
            raise Killed
        output = self._real.run(argv, **options)
        if self._left < 0:
            raise Killed
        return output


def commands_of(bench: TargetBench, wanted: Digest) -> int:
    counted: list[Sequence[str]] = []
    assert isinstance(bench.host, SimulatedHost)
    bench.host._fail_at = counted.append
    bench.apply("dep_2", wanted)
    bench.host._fail_at = lambda _: None
    return len(counted)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["docker", "compose"])
@pytest.mark.parametrize("is_done", [False, True], ids=["lost", "done_but_not_known"])
def test_killed_at_any_command_it_is_gone_on_with(kind: str, is_done: bool, tmp_path: Path) -> None:
    with simulated_bench(kind, tmp_path / "count") as bench:
        bench.apply("dep_1", bench.one)
        count = commands_of(bench, bench.two)
    for at in range(count):
        with simulated_bench(kind, tmp_path / str(at)) as bench:
            bench.apply("dep_1", bench.one)
            killing = replace(bench, host=KillingHost(bench.host, at, is_done=is_done))
            with pytest.raises(Killed):
                killing.apply("dep_2", bench.two)
            intent = bench.apply("dep_2", bench.two)
            (one,) = bench.running(intent)
            assert (one.digest, one.state, one.healthy) == (bench.two, "running", True)


@pytest.mark.parametrize("kind", ["docker", "compose"])
@pytest.mark.parametrize("is_done", [False, True], ids=["lost", "done_but_not_known"])
def test_killed_at_any_command_of_a_release_that_fails_the_old_serves_in_the_end(
    kind: str, is_done: bool, tmp_path: Path
) -> None:
    for at in range(1000):
        with simulated_bench(kind, tmp_path / str(at)) as bench:
            bench.apply("dep_1", bench.one)
            killing = replace(bench, host=KillingHost(bench.host, at, is_done=is_done))
            try:
                killing.apply("dep_2", bench.sick)
            except Killed:
                pass
            except UnhealthyAfterStart:
                return  # it was not killed any more: every command has had its turn
            with pytest.raises(UnhealthyAfterStart):
                bench.apply("dep_2", bench.sick)
            (one,) = bench.running(bench.intent("dep_1", {}))
            assert (one.digest, one.state, one.healthy) == (bench.one, "running", True)
