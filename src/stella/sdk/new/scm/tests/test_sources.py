"""The kits of every place of sources that is spoken to by HTTP, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connect, Connection, Kind, StatusState, manifest_beside
from stella.sdk.testing import (
    SCM_CHECKS,
    SERVICE_HTTP_CHECKS,
    ScmBench,
    ServiceHttpBench,
    SimulatedRepository,
    kit_history,
)

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.sources import HttpSources

TOKEN = "token-0-f3a9c2d17b60"


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(endpoint: str, token: str = TOKEN, connect: Connect = connect_directly) -> HttpSources:
    return HttpSources(Connection(endpoint, connect, {}, {"token": lambda: token}, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        played.tokens.add(TOKEN)
        yield played


@pytest.mark.parametrize("check", SCM_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_one_holds(check: Callable[[ScmBench], None], service: Service) -> None:
    repository = service.repositories.setdefault("shop/web", SimulatedRepository())
    history = kit_history(repository)

    def told(commit: str) -> dict[str, StatusState]:
        return {name: StatusState(state) for name, state in service.statuses[commit].items()}

    check(
        ScmBench(
            scm=opened(service.endpoint),
            repository="shop/web",
            made=history.made,
            aside=history.aside,
            merged=history.merged,
            forbidden="shop/secret",
            stranger=opened(service.endpoint, "token-of-nobody-8d2e"),
            outage=service.outage,
            told=told,
            secrets=lambda: (TOKEN, "token-of-nobody-8d2e"),
        )
    )


@pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_service_costs_a_refusal(
    check: Callable[[ServiceHttpBench], None], service: Service
) -> None:
    history = kit_history(service.repositories.setdefault("shop/web", SimulatedRepository()))
    base, head = history.made[0].id, history.made[2].id

    def use(scm: HttpSources) -> None:
        found = scm.between("shop/web", base, head, 10)
        assert [one.id for one in found.commits] == [head, history.made[1].id]

    def open_at(endpoint: str, connect: Connect) -> HttpSources:
        return opened(endpoint, connect=connect)

    check(ServiceHttpBench(service.endpoint, open_at, use, lambda: (TOKEN,)))


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
