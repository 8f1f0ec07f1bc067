"""Benches of the kit for places of sources."""

from typing import Any

from connectors.stores import Given, Line
from fixtures.git_servers import PASSWORD, USER, GitHttpServer, GitSshServer, Repository
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.scm import Scm
from stella.sdk.testing import ServiceHttpBench
from stella.sdk.testing.scm_checks import ScmBench
from stella_connectors.git import open_git


def profile(
    endpoint: str, given: Given, connect: Connect, *, timeout_s: int = 10, **config: Any
) -> Connection:
    return Connection(endpoint, connect, config, given.credentials(), timeout_s=timeout_s)


def name_of(repository: Repository) -> str:
    return f"{repository.path.parent.name}/{repository.path.name}"


def git_bench(
    endpoint: str, repository: Repository, given: Given, wrong: Given, **config: Any
) -> ScmBench:
    """The git connector on a real server."""
    line, name = Line(), name_of(repository)
    config["repository"] = name
    scm = open_git(profile(endpoint, given, line.connect, **config))
    return ScmBench(
        scm=scm,
        repository=name,
        made=tuple(repository.made),
        aside=repository.aside,
        merged=repository.merged,
        forbidden="shop/secret.git",
        stranger=open_git(profile(endpoint, wrong, Line().connect, **config)),
        outage=lambda: line.cut(scm),
        told=None,
        secrets=lambda: tuple(text for name, text in given.values.items() if name != "username"),
    )


def git_http_bench(server: GitHttpServer, repository: Repository) -> ScmBench:
    given = Given({"username": USER, "password": PASSWORD})
    return git_bench(
        server.endpoint, repository, given, Given({"username": USER, "password": "wr0ng" * 5})
    )


def git_faults_bench(server: GitHttpServer, repository: Repository) -> ServiceHttpBench:
    """One use is a branch, what lies between two commits, and a file."""
    given = Given({"username": USER, "password": PASSWORD})
    name, made = name_of(repository), repository.made

    def use(scm: Scm) -> None:
        assert scm.resolve(name, "main") == made[-1]

    return ServiceHttpBench(
        endpoint=server.endpoint,
        open_at=lambda endpoint, connect: open_git(profile(endpoint, given, connect, timeout_s=1)),
        use=use,
        secrets=lambda: (PASSWORD,),
    )


def git_ssh_bench(server: GitSshServer, repository: Repository) -> ScmBench:
    return git_bench(
        server.endpoint,
        repository,
        Given({"private_key": server.key}),
        Given({"private_key": server.stranger}),
        username=server.account,
        host_keys=[server.host_key],
    )
