"""Our build servers hold what the kit asks of everybody's: Buildbot is real, the others are played."""

from collections.abc import Callable

import pytest

from connectors.cis import (
    BUILDERS,
    GOOD,
    buildbot_bench,
    buildbot_faults_bench,
    builder_bench,
    builder_faults_bench,
    opened,
    simulated_bench,
)
from fixtures.buildbots import BuildbotServer
from fixtures.builders import Builder
from fixtures.forges import served
from stella.plugin.refusals import ServiceRefused
from stella.sdk.testing import SERVICE_HTTP_CHECKS, ServiceHttpBench
from stella.sdk.testing.ci_checks import CI_CHECKS, CiBench

pytestmark = pytest.mark.long

cis = pytest.mark.parametrize("check", CI_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)


@cis
def test_the_simulated_one(check: Callable[[CiBench], None]) -> None:
    check(simulated_bench())


@pytest.mark.stores
@cis
def test_buildbot(check: Callable[[CiBench], None], buildbot: BuildbotServer) -> None:
    check(buildbot_bench(buildbot))


@pytest.mark.stores
@by_http
def test_buildbot_when_it_breaks(
    check: Callable[[ServiceHttpBench], None], buildbot: BuildbotServer
) -> None:
    check(buildbot_faults_bench(buildbot))


@cis
@pytest.mark.parametrize("which", BUILDERS)
def test_builders_as_their_references_describe_them(
    check: Callable[[CiBench], None], which: str
) -> None:
    with served(Builder(BUILDERS[which][0])) as builder:
        assert isinstance(builder, Builder)
        check(builder_bench(which, builder))


@by_http
@pytest.mark.parametrize("which", BUILDERS)
def test_builders_when_they_break(check: Callable[[ServiceHttpBench], None], which: str) -> None:
    with served(Builder(BUILDERS[which][0])) as builder:
        assert isinstance(builder, Builder)
        check(builder_faults_bench(which, builder))


def test_a_github_that_does_not_say_which_run_is_found_by_its_key() -> None:
    with served(Builder(BUILDERS["github-actions"][0], is_old=True)) as builder:
        ci = opened("github-actions", builder.endpoint)
        begun = ci.trigger("shop/web/build.yml", "main", GOOD, "dep-1")
        assert ci.trigger("shop/web/build.yml", "main", GOOD, "dep-1").id == begun.id


@pytest.mark.parametrize("which", ["github-actions", "jenkins"])
def test_a_parameter_that_the_pipeline_does_not_take_is_refused(which: str) -> None:
    with served(Builder(BUILDERS[which][0])) as builder:
        assert isinstance(builder, Builder)
        with pytest.raises(ServiceRefused):
            opened(which, builder.endpoint).trigger(
                BUILDERS[which][2], "main", {"strange": "1"}, "dep-1"
            )
        assert builder.runs == []


@pytest.mark.stores
def test_buildbot_takes_no_parameter_that_its_scheduler_does_not_know(
    buildbot: BuildbotServer,
) -> None:
    with pytest.raises(ServiceRefused, match="takes no parameter 'strange'"):
        buildbot_bench(buildbot).ci.trigger(buildbot.builder, "main", {"strange": "1"}, "dep-1")
