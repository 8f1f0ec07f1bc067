"""The kits of every notifier that is spoken to by HTTP, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import Service, serving
from stella.sdk import Connect, Connection, Kind, Message, manifest_beside
from stella.sdk.testing import (
    NOTIFIER_CHECKS,
    SERVICE_HTTP_CHECKS,
    NotifierBench,
    ServiceHttpBench,
)

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.channel import HttpChannel


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(
    endpoint: str, token: str, connect: Connect = connect_directly, channel: str = "releases"
) -> HttpChannel:
    config, credentials = {"channel": channel}, {"token": lambda: token}
    return HttpChannel(Connection(endpoint, connect, config, credentials, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        yield played


@pytest.mark.parametrize("check", NOTIFIER_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_notifier_holds(
    check: Callable[[NotifierBench], None], service: Service
) -> None:
    check(
        NotifierBench(
            notifier=opened(service.endpoint, service.token),
            seen=service.seen,
            strangers=(opened(service.endpoint, "token-of-nobody-8d2e"),),
            elsewhere=opened(service.endpoint, service.token, channel="elsewhere"),
            outage=service.outage,
            is_told_once=True,
            can_update=True,
            secrets=lambda: (service.token, "token-of-nobody-8d2e"),
        )
    )


@pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_service_costs_a_refusal(
    check: Callable[[ServiceHttpBench], None], service: Service
) -> None:
    message = Message("release/42", "shop 1.4 is deployed", "to production")

    def use(channel: HttpChannel) -> None:
        channel.check()
        channel.update(channel.send(message).reference, message)

    check(
        ServiceHttpBench(
            service.endpoint,
            lambda endpoint, connect: opened(endpoint, service.token, connect),
            use,
            lambda: (service.token,),
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
