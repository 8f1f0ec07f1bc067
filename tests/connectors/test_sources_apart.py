"""Sources and builds in a process of their own, as a stranger's are: the same kits by the host's sockets."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.cis import builder_bench, jenkins
from connectors.scms import git_http_bench, git_ssh_bench
from fixtures.builders import Builder
from fixtures.forges import served
from fixtures.git_servers import GitHttpServer, GitSshServer, Repository
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Kind
from stella.plugin.manifest import manifest_beside
from stella.sdk.apart.opened import connected_apart
from stella.sdk.apart.process import PluginProcess, PluginSource
from stella.sdk.testing import CI_CHECKS, SCM_CHECKS, CiBench, ScmBench

pytestmark = pytest.mark.apart

CUTTING = "an_outage_is_unreachable_while_it_lasts"
"""It cuts the line, and a process keeps its connections to itself."""

Open = Callable[[Connection], Any]


def but_cutting(checks: Any) -> Any:
    kept = [one for one in checks if one.__name__ != CUTTING]
    return pytest.mark.parametrize("check", kept, ids=lambda check: check.__name__)


def apart(package: str, kind: Kind, name: str) -> Iterator[Open]:
    module = f"stella_connectors.{package}"
    process = PluginProcess(PluginSource(manifest_beside(module), f"{module}:PLUGIN"))
    yield lambda connection: connected_apart(process, kind, name, connection)
    process.close()


@pytest.fixture(scope="module")
def open_git() -> Iterator[Open]:
    yield from apart("git", Kind.SCM, "git")


@pytest.fixture(scope="module")
def open_jenkins() -> Iterator[Open]:
    yield from apart("jenkins", Kind.CI, "jenkins")


@but_cutting(SCM_CHECKS)
def test_git_over_http_apart(
    check: Callable[[ScmBench], None],
    git_http: GitHttpServer,
    shop_repository: Repository,
    open_git: Open,
) -> None:
    check(git_http_bench(git_http, shop_repository, open_git))


@but_cutting(SCM_CHECKS)
def test_git_over_ssh_apart(
    check: Callable[[ScmBench], None],
    git_ssh: GitSshServer,
    shop_repository: Repository,
    open_git: Open,
) -> None:
    check(git_ssh_bench(git_ssh, shop_repository, open_git))


@but_cutting(CI_CHECKS)
def test_jenkins_apart(check: Callable[[CiBench], None], open_jenkins: Open) -> None:
    with served(Builder(jenkins)) as builder:
        assert isinstance(builder, Builder)
        check(builder_bench("jenkins", builder, open_jenkins))
