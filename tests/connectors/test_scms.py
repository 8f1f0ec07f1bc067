"""Our places of sources hold what the kit asks of everybody's, against the real thing."""

from collections.abc import Callable

import pytest

from connectors.scms import (
    FORGES,
    filled,
    forge_bench,
    forge_faults_bench,
    git_faults_bench,
    git_http_bench,
    git_ssh_bench,
    simulated_bench,
)
from fixtures.forges import served
from fixtures.git_servers import GitHttpServer, GitSshServer, Repository
from stella.sdk.testing import SERVICE_HTTP_CHECKS, ServiceHttpBench
from stella.sdk.testing.scm_checks import SCM_CHECKS, ScmBench

pytestmark = pytest.mark.long

scms = pytest.mark.parametrize("check", SCM_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)


@scms
@pytest.mark.parametrize("which", ["shop_repository", "plain_repository", "sha256_repository"])
def test_git_over_http(
    check: Callable[[ScmBench], None],
    which: str,
    git_http: GitHttpServer,
    request: pytest.FixtureRequest,
) -> None:
    check(git_http_bench(git_http, request.getfixturevalue(which)))


@by_http
def test_git_over_http_when_it_breaks(
    check: Callable[[ServiceHttpBench], None],
    git_http: GitHttpServer,
    shop_repository: Repository,
) -> None:
    check(git_faults_bench(git_http, shop_repository))


@scms
@pytest.mark.parametrize("which", ["shop_repository", "plain_repository"])
def test_git_over_ssh(
    check: Callable[[ScmBench], None],
    which: str,
    git_ssh: GitSshServer,
    request: pytest.FixtureRequest,
) -> None:
    check(git_ssh_bench(git_ssh, request.getfixturevalue(which)))


@scms
def test_the_simulated_one(check: Callable[[ScmBench], None]) -> None:
    check(simulated_bench())


@scms
@pytest.mark.parametrize("which", FORGES)
def test_forges_as_their_references_describe_them(
    check: Callable[[ScmBench], None], which: str
) -> None:
    forge, history = filled(which)
    with served(forge):
        check(forge_bench(which, forge, history))


@by_http
@pytest.mark.parametrize("which", FORGES)
def test_forges_when_they_break(check: Callable[[ServiceHttpBench], None], which: str) -> None:
    forge, history = filled(which)
    with served(forge):
        check(forge_faults_bench(which, forge, history))
