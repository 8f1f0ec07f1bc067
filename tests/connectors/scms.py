"""Benches of the kit for places of sources."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.stores import Given, Line
from fixtures.forges import TOKEN, Forge, gitea, github
from fixtures.forges_more import bitbucket, gitlab
from fixtures.git_servers import PASSWORD, USER, GitHttpServer, GitSshServer, Repository
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.scm import Scm, StatusState
from stella.sdk.testing import ServiceHttpBench
from stella.sdk.testing.scm import KitHistory, SimulatedScm, kit_history
from stella.sdk.testing.scm_checks import ScmBench
from stella_connectors.forges import open_bitbucket, open_gitea, open_github, open_gitlab
from stella_connectors.git import open_git


def profile(
    endpoint: str, given: Given, connect: Connect, *, timeout_s: int = 10, **config: Any
) -> Connection:
    return Connection(endpoint, connect, config, given.credentials(), timeout_s=timeout_s)


def name_of(repository: Repository) -> str:
    return f"{repository.path.parent.name}/{repository.path.name}"


Open = Callable[[Connection], Scm]


def git_bench(
    endpoint: str,
    repository: Repository,
    given: Given,
    wrong: Given,
    open_scm: Open = open_git,
    **config: Any,
) -> ScmBench:
    """The git connector on a real server."""
    line, name = Line(), name_of(repository)
    config["repository"] = name
    scm = open_scm(profile(endpoint, given, line.connect, **config))
    return ScmBench(
        scm=scm,
        repository=name,
        made=tuple(repository.made),
        aside=repository.aside,
        merged=repository.merged,
        forbidden="shop/secret.git",
        stranger=open_scm(profile(endpoint, wrong, Line().connect, **config)),
        outage=lambda: line.cut(scm),
        told=None,
        secrets=lambda: tuple(text for name, text in given.values.items() if name != "username"),
    )


def git_http_bench(
    server: GitHttpServer, repository: Repository, open_scm: Open = open_git
) -> ScmBench:
    given = Given({"username": USER, "password": PASSWORD})
    wrong = Given({"username": USER, "password": "wr0ng" * 5})
    return git_bench(server.endpoint, repository, given, wrong, open_scm)


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


def git_ssh_bench(
    server: GitSshServer, repository: Repository, open_scm: Open = open_git
) -> ScmBench:
    return git_bench(
        server.endpoint,
        repository,
        Given({"private_key": server.key}),
        Given({"private_key": server.stranger}),
        open_scm,
        username=server.account,
        host_keys=[server.host_key],
    )


# ---------------------------------------------------------------- simulated, and played


def simulated_bench() -> ScmBench:
    scm = SimulatedScm(denied={"shop/secret"})
    repository = scm.repository("shop/web")
    history = kit_history(repository)

    @contextmanager
    def outage() -> Iterator[None]:
        scm.is_out = True
        yield
        scm.is_out = False

    def told(commit: str) -> dict[str, StatusState]:
        said = {one.context: one.state for one in repository.statuses.get(commit, {}).values()}
        for note in repository.deployments.get(commit, {}).values():
            said[note.environment] = note.state
        return said

    stranger = SimulatedScm(is_shut=True, repositories=scm.repositories)
    return ScmBench(
        scm=scm,
        repository="shop/web",
        made=history.made,
        aside=history.aside,
        merged=history.merged,
        forbidden="shop/secret",
        stranger=stranger,
        outage=outage,
        told=told,
    )


FORGES: dict[str, tuple[Callable[[Forge, Any], Any], Callable[[Connection], Scm]]] = {
    "github": (github, open_github),
    "gitlab": (gitlab, open_gitlab),
    "gitea": (gitea, open_gitea),
    "bitbucket": (bitbucket, open_bitbucket),
}
_STATES = {
    "pending": StatusState.PENDING,
    "running": StatusState.PENDING,
    "INPROGRESS": StatusState.PENDING,
    "failure": StatusState.FAILURE,
    "failed": StatusState.FAILURE,
    "FAILED": StatusState.FAILURE,
    "success": StatusState.SUCCESS,
    "SUCCESSFUL": StatusState.SUCCESS,
}


def filled(which: str) -> tuple[Forge, KitHistory]:
    """A forge that is not served yet, with the kit's history in ``shop/web``."""
    forge = Forge(FORGES[which][0])
    repository = forge.repositories.setdefault("shop/web", SimulatedScm().repository("x"))
    return forge, kit_history(repository)


def forge_bench(which: str, forge: Forge, history: KitHistory) -> ScmBench:
    line, given = Line(), Given({"token": TOKEN})
    scm = FORGES[which][1](profile(forge.endpoint, given, line.connect))
    wrong = FORGES[which][1](profile(forge.endpoint, Given({"token": "wr0ng" * 5}), Line().connect))

    def told(commit: str) -> dict[str, StatusState]:
        return {name: _STATES[state] for name, state in forge.said.get(commit, {}).items()}

    return ScmBench(
        scm=scm,
        repository="shop/web",
        made=history.made,
        aside=history.aside,
        merged=history.merged,
        forbidden="shop/secret",
        stranger=wrong,
        outage=lambda: line.cut(scm),
        told=told,
        secrets=given.secrets,
    )


def forge_faults_bench(which: str, forge: Forge, history: KitHistory) -> ServiceHttpBench:
    given = Given({"token": TOKEN})

    def use(scm: Scm) -> None:
        found = scm.between("shop/web", history.made[0].id, history.made[2].id, 100)
        assert [one.id for one in found.commits] == [history.made[2].id, history.made[1].id]

    return ServiceHttpBench(
        endpoint=forge.endpoint,
        open_at=lambda endpoint, connect: FORGES[which][1](
            profile(endpoint, given, connect, timeout_s=1)
        ),
        use=use,
        secrets=given.secrets,
        endless=_page_after_page,
    )


def _page_after_page(url: str, body: bytes) -> bytes:
    """Bitbucket names its next page in the page; others by a header."""
    try:
        page = json.loads(body)
    except ValueError:
        return body
    if not isinstance(page, dict) or "values" not in page:
        return body
    return json.dumps({**page, "next": url}).encode()
