"""What the client of every service does with what services answer."""

import json
import socket
from contextlib import contextmanager

import pytest

from stella.plugin.contract.connection import Connection
from stella.plugin.refusals import (
    NotSupported,
    NotThere,
    ServiceBusy,
    ServiceRefused,
    ServiceUnreachable,
)
from stella.sdk.service_client import ServiceClient
from stella.sdk.testing import SERVICE_HTTP_CHECKS, ServiceHttpBench, service_faults
from stella.sdk.testing.between import Fault, answered, standing_between

TOKEN = "t0ken-8a7d6f5e4b3c"
RIGHT = Fault("right", answered(200, b'{"name": "web"}'))


class Names:
    """A service that gives one name, a page at a time."""

    def __init__(self, connection, waits=None):
        waited = [] if waits is None else waits
        self.client = ServiceClient(connection, "Names", wait=waited.append)

    def names(self):
        headers = {"Authorization": f"Bearer {self.client.credential('token')}"}
        found = []
        for page in self.client.pages("/names", headers, what="names", pages_max=5):
            if not isinstance(page, dict) or not isinstance(page.get("name"), str):
                raise self.client.unreachable("its answer has no name")
            found.append(page["name"])
        return found


def opened(endpoint, connect=None, waits=None):
    connect = connect or (
        lambda host, port, timeout: socket.create_connection((host, port), timeout)
    )
    return Names(
        Connection(endpoint, connect, credentials={"token": lambda: TOKEN}, timeout_s=1), waits
    )


def used(names):
    assert names.names()[0] == "web"


@pytest.mark.long
@pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
def test_its_use_passes_the_kit(check):
    with standing_between(None, RIGHT) as service:
        check(ServiceHttpBench(service.endpoint, opened, used, lambda: (TOKEN,)))


@pytest.mark.long
def test_following_pages_for_ever_fails_the_kit():
    class Endless(Names):
        def names(self):
            pages = self.client.pages("/", {}, what="names", pages_max=10**6)
            return [page["name"] for page in pages]

    def open_endless(endpoint, connect):
        return Endless(Connection(endpoint, connect, timeout_s=1))

    with standing_between(None, RIGHT) as service:
        bench = ServiceHttpBench(service.endpoint, open_endless, used)
        with pytest.raises(AssertionError):
            service_faults.a_list_without_end_is_given_up(bench)


@contextmanager
def answering(*faults):
    """Answers in this order; the last one for ever."""
    with standing_between(None, faults[-1]) as last:
        behind = last
        with stacked(behind.endpoint, faults[:-1]) as endpoint:
            yield endpoint, last


@contextmanager
def stacked(endpoint, faults):
    if not faults:
        yield endpoint
        return
    with (
        standing_between(endpoint, faults[-1], 1) as between,
        stacked(between.endpoint, faults[:-1]) as outermost,
    ):
        yield outermost


def busy(status, headers=""):
    return Fault(str(status), answered(status, b"{}", headers=headers))


def test_it_waits_as_long_as_the_service_asks():
    waits = []
    with answering(busy(429, "Retry-After: 2\r\n"), RIGHT) as (endpoint, _):
        assert opened(endpoint, waits=waits).names() == ["web"]
    assert waits == [2.0]


def test_a_long_wait_is_the_callers_to_decide():
    with (
        answering(busy(429, "Retry-After: 3600\r\n")) as (endpoint, last),
        pytest.raises(ServiceBusy, match="429") as caught,
    ):
        opened(endpoint).names()
    assert caught.value.facts["retry_after_s"] == 3600
    assert caught.value.retry_may_help
    assert len(last.requests) == 1


def test_what_changes_something_is_not_sent_twice_unless_it_was_turned_away():
    def post(endpoint):
        opened(endpoint).client.json("POST", "/names", {}, {"name": "x"}, what="the name")

    with answering(busy(500)) as (endpoint, last), pytest.raises(ServiceUnreachable, match="500"):
        post(endpoint)
    assert len(last.requests) == 1
    with answering(busy(429), RIGHT) as (endpoint, last):
        post(endpoint)
    assert json.loads(last.requests[0].body) == {"name": "x"}


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(401, ServiceRefused), (403, ServiceRefused), (404, NotThere), (410, NotThere),
     (405, NotSupported), (422, ServiceRefused), (304, ServiceRefused)],
)  # fmt: skip
def test_each_status_is_one_refusal(status, refusal):
    with answering(busy(status)) as (endpoint, _), pytest.raises(refusal) as caught:
        opened(endpoint).names()
    assert str(status) in str(caught.value) or status in {404, 410}


def test_the_next_page_of_another_host_is_not_asked_for():
    lead = 'Link: <https://elsewhere.example/names?page=2>; rel="next"\r\n'
    page = Fault("page", answered(200, b'{"name": "web"}', headers=lead))
    with (
        answering(page) as (endpoint, _),
        pytest.raises(ServiceUnreachable, match="another host"),
    ):
        opened(endpoint).names()
