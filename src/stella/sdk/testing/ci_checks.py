"""What every build server has to hold, whoever wrote it: run each check of the list as a test.

One that is spoken to by HTTP runs SERVICE_HTTP_CHECKS as well.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from stella.kernel import StellaError
from stella.plugin.contract.ci import Build, BuildState, Ci
from stella.plugin.refusals import NotSupported, NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold

_LASTS_S_MAX = 60.0
_POLL_S = 0.1
ENDED = frozenset(
    {BuildState.SUCCEEDED, BuildState.FAILED, BuildState.ERRORED, BuildState.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class CiBench:
    """A build server, and a pipeline there.

    reference: what can be built. good, bad, long: parameters of a build that succeeds, of one that
    fails, and of one that goes on for minutes. commit: what the builds are of; empty where the server
    does not tell. signed: a build that left attestations, and them; None where the server keeps none.
    stranger: opened with a login that does not count; None where everybody is let in. outage: while it
    is held, nothing is reached. secrets: what lets in, now.
    """

    ci: Ci
    pipeline: str
    reference: str
    good: Mapping[str, str]
    bad: Mapping[str, str]
    long: Mapping[str, str]
    commit: str
    signed: tuple[str, tuple[bytes, ...]] | None
    stranger: Ci | None
    outage: Callable[[], AbstractContextManager[None]]
    secrets: Callable[[], tuple[str, ...]] = tuple


def a_build_is_begun_and_ends(bench: CiBench) -> None:
    """As good as it is; with its times and its commit."""
    for parameters, wanted in ((bench.good, BuildState.SUCCEEDED), (bench.bad, BuildState.FAILED)):
        begun = bench.ci.trigger(bench.pipeline, bench.reference, parameters, _key())
        assert begun.id
        assert begun.pipeline == bench.pipeline
        ended = _ended(bench, begun)
        assert ended.state is wanted, ended
        assert ended.commit == bench.commit
        assert ended.started_at is not None
        assert ended.ended_at is not None
        assert ended.started_at <= ended.ended_at
        assert ended.ended_at.utcoffset() == timedelta(0)
        assert ended.url.isprintable()


def asked_again_with_a_key_the_same_build_is_meant(bench: CiBench) -> None:
    """While it waits, while it runs, and when it has ended; another key is another build."""
    key = _key()
    begun = bench.ci.trigger(bench.pipeline, bench.reference, bench.good, key)
    again = bench.ci.trigger(bench.pipeline, bench.reference, bench.good, key)
    assert again.id == begun.id or _same(bench, begun, again)
    ended = _ended(bench, begun)
    later = bench.ci.trigger(bench.pipeline, bench.reference, bench.good, key)
    assert _same(bench, ended, later)
    assert later.state is BuildState.SUCCEEDED
    other = bench.ci.trigger(bench.pipeline, bench.reference, bench.good, _key())
    assert not _same(bench, other, ended)


def the_newest_builds_stand_first(bench: CiBench) -> None:
    """As many as were asked for."""
    first = _ended(bench, bench.ci.trigger(bench.pipeline, bench.reference, bench.good, _key()))
    second = _ended(bench, bench.ci.trigger(bench.pipeline, bench.reference, bench.good, _key()))
    listed = bench.ci.builds(bench.pipeline, 2)
    assert [_name(one) for one in listed] == [_name(second), _name(first)]
    assert len(bench.ci.builds(bench.pipeline, 1)) == 1


def a_build_can_be_ended(bench: CiBench) -> None:
    """Also one that has ended already: that is no refusal."""
    begun = bench.ci.trigger(bench.pipeline, bench.reference, bench.long, _key())
    bench.ci.cancel(bench.pipeline, begun.id)
    ended = _ended(bench, begun)
    assert ended.state is BuildState.CANCELLED, ended
    bench.ci.cancel(bench.pipeline, ended.id)
    assert bench.ci.build(bench.pipeline, ended.id).state is BuildState.CANCELLED


def what_is_not_there_is_not_found(bench: CiBench) -> None:
    """A pipeline, a build, and what can be none of them."""
    for call in (
        lambda: bench.ci.trigger(f"{bench.pipeline}-nothing", bench.reference, bench.good, _key()),
        lambda: bench.ci.builds(f"{bench.pipeline}-nothing", 1),
        lambda: bench.ci.builds("../x", 1),
        lambda: bench.ci.builds("", 1),
        lambda: bench.ci.build(bench.pipeline, "99999999"),
        lambda: bench.ci.build(bench.pipeline, "../../x"),
        lambda: bench.ci.build(bench.pipeline, ""),
        lambda: bench.ci.cancel(bench.pipeline, "99999999"),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, NotThere), refusal
        untold(refusal, bench.secrets())


def what_was_signed_is_read(bench: CiBench) -> None:
    """As it was signed, byte by byte; or it is said that nothing is kept."""
    if bench.signed is None:
        begun = bench.ci.trigger(bench.pipeline, bench.reference, bench.good, _key())
        refusal = _refused(lambda: bench.ci.provenance(bench.pipeline, begun.id))
        assert isinstance(refusal, NotSupported), refusal
        return
    build, wanted = bench.signed
    assert bench.ci.provenance(bench.pipeline, build) == wanted


def a_login_that_does_not_count_is_refused(bench: CiBench) -> None:
    """At every call."""
    stranger = bench.stranger
    if stranger is None:
        return
    for call in (
        stranger.check,
        lambda: stranger.builds(bench.pipeline, 1),
        lambda: stranger.trigger(bench.pipeline, bench.reference, bench.good, _key()),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, ServiceRefused), refusal
        untold(refusal, bench.secrets())


def an_outage_is_unreachable_while_it_lasts(bench: CiBench) -> None:
    """It is said that another try may help, and it does."""
    with bench.outage():
        for call in (
            bench.ci.check,
            lambda: bench.ci.builds(bench.pipeline, 1),
            lambda: bench.ci.trigger(bench.pipeline, bench.reference, bench.good, _key()),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceUnreachable), refusal
            assert refusal.retry_may_help
            untold(refusal, bench.secrets())
    assert bench.ci.check()


def check_tells_who_we_are_and_nothing_secret(bench: CiBench) -> None:
    """One printable line."""
    told = bench.ci.check()
    assert told
    assert told.isprintable()
    assert not any(secret in told or secret in repr(bench.ci) for secret in bench.secrets())


CI_CHECKS: tuple[Callable[[CiBench], None], ...] = (
    a_build_is_begun_and_ends,
    asked_again_with_a_key_the_same_build_is_meant,
    the_newest_builds_stand_first,
    a_build_can_be_ended,
    what_is_not_there_is_not_found,
    what_was_signed_is_read,
    a_login_that_does_not_count_is_refused,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_who_we_are_and_nothing_secret,
)


def _key() -> str:
    return f"dep-{uuid.uuid4().hex}"


def _ended(bench: CiBench, begun: Build) -> Build:
    """The build when it has ended; while it waits a server may name it otherwise."""
    deadline = time.monotonic() + _LASTS_S_MAX
    while time.monotonic() < deadline:
        found = bench.ci.build(bench.pipeline, begun.id)
        if found.state in ENDED:
            return found
        time.sleep(_POLL_S)
    raise AssertionError(f"the build has not ended after {_LASTS_S_MAX:.0f} s")


def _name(build: Build) -> tuple[str, object]:
    return (build.url or build.id, build.started_at)


def _same(bench: CiBench, one: Build, other: Build) -> bool:
    return _name(_ended(bench, one)) == _name(_ended(bench, other))


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (ServiceUnreachable, ServiceRefused, NotThere, NotSupported) as refusal:
        return refusal
    raise AssertionError("it was not refused")
