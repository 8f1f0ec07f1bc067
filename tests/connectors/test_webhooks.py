"""Each webhook holds the kit: in this process, and in one of its own."""

from collections.abc import Callable, Iterator

import pytest

from connectors.webhooks import SERVICES, A, B, Service, bench_of, body, standard_of
from stella.plugin.contract.core import Kind
from stella.plugin.manifest import manifest_beside
from stella.sdk.apart.opened import connected_apart
from stella.sdk.apart.process import PluginProcess, PluginSource
from stella.sdk.testing import WEBHOOK_CHECKS, SimulatedWebhook, WebhookBench
from stella_connectors.webhooks import PLUGIN

named = pytest.mark.parametrize(
    "service", SERVICES, ids=lambda one: one.name + ("-signed" if one.config else "")
)
checks = pytest.mark.parametrize("check", WEBHOOK_CHECKS, ids=lambda check: check.__name__)


@named
@checks
def test_each_holds_the_kit(check: Callable[[WebhookBench], None], service: Service) -> None:
    check(bench_of(service, PLUGIN.webhooks[service.name]))


@checks
def test_the_fake_holds_the_kit(check: Callable[[WebhookBench], None]) -> None:
    said = {"repository": "shop/web", "reference": "refs/heads/main", "before": A, "after": B}
    fake = Service("fake", standard_of, body(said), body({}), is_time_signed=True)
    check(bench_of(fake, SimulatedWebhook))


@pytest.fixture(scope="module")
def process() -> Iterator[PluginProcess]:
    module = "stella_connectors.webhooks"
    made = PluginProcess(PluginSource(manifest_beside(module), f"{module}:PLUGIN"))
    yield made
    made.close()


@pytest.mark.apart
@pytest.mark.parametrize(
    "service", [SERVICES[0], SERVICES[7], SERVICES[8]], ids=lambda one: one.name
)
@pytest.mark.parametrize(
    "check",
    # A lone surrogate in a header, which no server hands on, does not cross.
    [one for one in WEBHOOK_CHECKS if one.__name__ != "without_its_headers_it_is_forged"],
    ids=lambda check: check.__name__,
)
def test_they_hold_it_in_a_process_of_their_own(
    check: Callable[[WebhookBench], None], service: Service, process: PluginProcess
) -> None:
    check(
        bench_of(
            service,
            lambda opening: connected_apart(process, Kind.WEBHOOK, service.name, opening),
        )
    )
