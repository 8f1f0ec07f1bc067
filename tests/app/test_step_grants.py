"""Where a first-party step may go: to the hosts that an administrator granted, and nowhere else."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from stella.api.services import Services
from stella.app import outbound
from stella.app.hub import Hub
from stella.app.plugin_host import PluginHost
from stella.app.settings import Settings
from stella.app.step_calls import StepCaller
from stella.deployment.plan import PlannedStep
from stella.hub.errors import ConnectorsOff, HostNotGranted
from stella.kernel import StellaError
from stella.plugin import Plugins
from stella.plugin.contract.core import Capability, Need
from stella.plugin.manage import disable_plugin, grant_plugin
from stella.plugin.manifest import manifest_beside
from stella.plugin.refusals import PluginBroken, UnknownPlugin
from stella.sdk import StepCall
from stella_connectors.steps import PLUGIN

MANIFEST = manifest_beside("stella_connectors.steps")


@pytest.fixture
def port() -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class Steps:
    """The steps of a server with these settings."""

    def __init__(self, services: Services, **settings: object) -> None:
        database, self.services = services.database, services
        plugins = Plugins({"steps": MANIFEST}, load=lambda _: PLUGIN)
        self.host = PluginHost(services.data, database, plugins, required=())
        made = Settings(data_directory=str(services.data), **settings)
        hub = Hub(made, database, self.host.current, services.outside.keys, now=database.now)
        self.call = StepCaller(self.host, hub.connect_for, hub.connected, hub.redactor.masked)

    def grant(self, *hosts: str) -> None:
        with self.services.database.transaction(actor="usr_1") as tx:
            needs = [Need(Capability.NETWORK, hosts)]
            grant_plugin(tx, "steps", needs, is_beside=True)
        self.host.look()

    def ask(self, url: str, version: str = MANIFEST.version) -> str:
        """What it says, or the code of what it refuses with."""
        inputs = {"url": url, "withinS": 1, "everyS": 1}
        planned = PlannedStep("before", "smoke", "http-check", "steps", version, 3, inputs)
        try:
            return self.call(planned, StepCall("run", "smoke", "run:smoke", 1, inputs)).summary
        except StellaError as refusal:
            return refusal.code


@pytest.fixture
def steps(services: Services) -> Steps:
    return Steps(services, networks=("127.0.0.0/8",))


def test_no_host_is_reached_that_was_not_granted(steps: Steps, port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    assert steps.ask(url) == HostNotGranted.code
    steps.grant("shop.example")
    assert steps.ask(url) == HostNotGranted.code
    steps.grant("127.0.0.1")
    assert steps.ask(url) == f"{url} answered HTTP 200 at once"


def test_a_private_network_is_named_by_the_settings_or_the_grant(
    services: Services, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "_addresses", lambda *_: iter(["127.0.0.1"]))
    url = f"http://shop.example:{port}/"
    for networks, said in ((), HostNotGranted.code), (("127.0.0.0/8",), f"{url} answered"):
        steps = Steps(services, networks=networks)
        steps.grant("shop.example")
        assert steps.ask(url).startswith(said)


def test_nothing_is_reached_where_the_installation_is_offline(
    services: Services, port: int
) -> None:
    steps = Steps(services, offline=True, networks=("127.0.0.0/8",))
    steps.grant("127.0.0.1")
    assert steps.ask(f"http://127.0.0.1:{port}/") == ConnectorsOff.code


def test_another_version_than_the_one_that_is_here_is_not_run(steps: Steps, port: int) -> None:
    assert steps.ask(f"http://127.0.0.1:{port}/", version="0.9.0") == UnknownPlugin.code


def test_one_that_is_switched_off_is_not_run(steps: Steps, port: int) -> None:
    with steps.services.database.transaction(actor="usr_1") as tx:
        disable_plugin(tx, MANIFEST, ())
    assert steps.ask(f"http://127.0.0.1:{port}/") == PluginBroken.code


def test_what_a_step_says_holds_no_secret_that_was_read(
    services: Services, steps: Steps, port: int
) -> None:
    def masked(text: str) -> str:
        return text.replace("answered", "***")

    steps.grant("127.0.0.1")
    steps.call = StepCaller(steps.host, steps.call.connect, steps.call.connected, masked)
    assert "***" in steps.ask(f"http://127.0.0.1:{port}/")
    del services
