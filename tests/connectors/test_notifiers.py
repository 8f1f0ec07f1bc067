"""Our notifiers hold what the kit asks of everybody's: a real mail server, played services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.mails import Mails, serving_mail
from connectors.notifiers import Jira, Receiver, ServiceNow, Slack, Teams
from connectors.stores import Given, Line, direct
from stella.sdk import Connect, Connection, Message, Notifier, Ticket
from stella.sdk.testing import (
    NOTIFIER_CHECKS,
    SERVICE_HTTP_CHECKS,
    NotifierBench,
    ServiceHttpBench,
    SimulatedNotifier,
)
from stella_connectors.jira import open_jira
from stella_connectors.servicenow import open_servicenow
from stella_connectors.slack import open_slack
from stella_connectors.smtp import open_smtp
from stella_connectors.teams import open_teams
from stella_connectors.webhook_out import open_webhook_out

pytestmark = pytest.mark.long

notifiers = pytest.mark.parametrize("check", NOTIFIER_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
Check = Callable[[NotifierBench], None]
HttpCheck = Callable[[ServiceHttpBench], None]
MESSAGE = Message("kit/http", "shop 1.4 is deployed", "to production")


_FIELDS = {"start_field": "customfield_10050", "end_field": "customfield_10051"}
_WINDOW = ("2030-01-31T07:00:00.000000Z", "2030-01-31T09:00:00.000000Z")


def _record(number: str, state: str, approval: str) -> dict[str, dict[str, str]]:
    said = {
        "sys_id": ("a" * 32, "a" * 32),
        "number": (number, number),
        "state": (state, "-2"),
        "approval": (approval.title(), approval),
        "start_date": ("31.01.2030 08:00", "2030-01-31 07:00:00"),
        "end_date": ("31.01.2030 10:00", "2030-01-31 09:00:00"),
    }
    return {name: {"display_value": one, "value": other} for name, (one, other) in said.items()}


def profile(
    endpoint: str, secrets: dict[str, str], connect: Connect = direct, timeout_s: int = 5, **config
) -> Connection:
    ca = config.pop("ca", None)
    given = Given(secrets).credentials()
    return Connection(endpoint, connect, config, given, ca=ca, timeout_s=timeout_s)


@notifiers
def test_the_simulated_notifier(check: Check) -> None:
    notifier = SimulatedNotifier()

    @contextmanager
    def outage() -> Iterator[None]:
        notifier.is_out = True
        yield
        notifier.is_out = False

    check(
        NotifierBench(
            notifier,
            notifier.seen,
            (SimulatedNotifier(is_shut=True),),
            SimulatedNotifier(is_gone=True),
            outage,
            is_told_once=True,
            can_update=True,
        )
    )


# ---------------------------------------------------------------- by HTTP


def webhook(
    service: Receiver, connect: Connect = direct, endpoint: str = "", **more: Any
) -> Notifier:
    secret = {"signing_secret": more.pop("secret", service.secret)}
    at = f"{endpoint or service.endpoint}{more.pop('path', '/hooks/stella')}"
    return open_webhook_out(profile(at, secret, connect, **more))


def slack(service: Slack, connect: Connect = direct, endpoint: str = "", **more: Any) -> Notifier:
    token = {"token": more.pop("token", service.token)}
    config = {"channel": service.channel, **more}
    return open_slack(profile(endpoint or service.endpoint, token, connect, **config))


@notifiers
def test_a_signed_webhook(check: Check) -> None:
    line = Line()
    with Receiver().served() as service:
        notifier = webhook(service, line.connect)
        check(
            NotifierBench(
                notifier,
                service.seen,
                (webhook(service, secret="whsec_" + "d3Jvbmc" * 4),),
                webhook(service, path="/elsewhere"),
                lambda: line.cut(notifier),
                is_told_once=True,
                can_update=False,
                secrets=lambda: (service.secret,),
            )
        )


@by_http
def test_a_signed_webhook_by_http(check: HttpCheck) -> None:
    with Receiver().served() as service:
        check(
            ServiceHttpBench(
                service.endpoint,
                lambda endpoint, connect: webhook(service, connect, endpoint, timeout_s=1),
                lambda one: one.send(MESSAGE) and None,
                lambda: (service.secret,),
            )
        )


@notifiers
def test_slack(check: Check) -> None:
    line = Line()
    with Slack().served() as service:
        notifier = slack(service, line.connect)
        check(
            NotifierBench(
                notifier,
                service.seen,
                (slack(service, token="xoxb-of-nobody-1234567890"),),
                slack(service, channel="C9999999999"),
                lambda: line.cut(notifier),
                is_told_once=False,
                can_update=True,
                secrets=lambda: (service.token,),
            )
        )


@by_http
def test_slack_by_http(check: HttpCheck) -> None:
    def use(one: Notifier) -> None:
        one.check()
        one.update(one.send(MESSAGE).reference, MESSAGE)

    with Slack().served() as service:
        check(
            ServiceHttpBench(
                service.endpoint,
                lambda endpoint, connect: slack(service, connect, endpoint, timeout_s=1),
                use,
                lambda: (service.token,),
            )
        )


def teams(service: Teams, connect: Connect = direct, endpoint: str = "", **more: Any) -> Notifier:
    at = endpoint or service.endpoint
    path, query = more.pop("path", service.path), more.pop("query", service.query)
    secrets = {"webhook_url": f"{at}{path}?{query}"}
    return open_teams(profile(at, secrets, connect, **more))


def jira(service: Jira, connect: Connect = direct, endpoint: str = "", **more: Any) -> Notifier:
    email, _, token = more.pop("login", service.login).partition(":")
    config = {"project": "OPS", **more}
    secrets = {"email": email, "token": token}
    return open_jira(profile(endpoint or service.endpoint, secrets, connect, **config))


def servicenow(
    service: ServiceNow, connect: Connect = direct, endpoint: str = "", **more: Any
) -> Notifier:
    user, _, password = more.pop("login", service.login).partition(":")
    secrets = {"username": user, "password": password}
    return open_servicenow(profile(endpoint or service.endpoint, secrets, connect, **more))


@notifiers
def test_teams(check: Check) -> None:
    line = Line()
    with Teams().served() as service:
        notifier = teams(service, line.connect)
        check(
            NotifierBench(
                notifier,
                service.seen,
                (teams(service, query="sig=of-nobody"),),
                teams(service, path="/workflows/gone"),
                lambda: line.cut(notifier),
                is_told_once=False,
                can_update=False,
                secrets=lambda: (service.query,),
            )
        )


@notifiers
def test_jira(check: Check) -> None:
    line = Line()
    with Jira().served() as service:
        service.changes = {
            "OPS-7": {
                "status": {"name": "Ready to go"},
                "customfield_10050": "2030-01-31T08:00:00.000+0100",
                "customfield_10051": "2030-01-31T10:00:00.000+0100",
            },
            "OPS-8": {},
        }
        config = {"approved_statuses": ["ready to go"], **_FIELDS}
        notifier = jira(service, line.connect, **config)
        at = f"{service.endpoint}/browse"
        check(
            NotifierBench(
                notifier,
                service.seen,
                (jira(service, login="stella@example.com:of-nobody-at-all"),),
                jira(service, project="MARS"),
                lambda: line.cut(notifier),
                is_told_once=True,
                can_update=True,
                secrets=lambda: (service.login.partition(":")[2],),
                tickets=(
                    Ticket("OPS-7", f"{at}/OPS-7", "Ready to go", True, *_WINDOW),
                    Ticket("OPS-8", f"{at}/OPS-8", "To Do", False),
                ),
            )
        )


@notifiers
def test_servicenow(check: Check) -> None:
    line = Line()
    with ServiceNow().served() as service:
        service.changes = {
            "CHG0030001": _record("CHG0030001", "Scheduled", "approved"),
            "CHG0030002": _record("CHG0030002", "New", "not requested"),
        }
        notifier = servicenow(service, line.connect)
        at = f"{service.endpoint}/nav_to.do?uri=incident.do%3Fsys_id%3D{'a' * 32}"
        check(
            NotifierBench(
                notifier,
                service.seen,
                (servicenow(service, login="stella:of-nobody-at-all"),),
                servicenow(service, table="mars"),
                lambda: line.cut(notifier),
                is_told_once=True,
                can_update=True,
                secrets=lambda: (service.login.partition(":")[2],),
                tickets=(
                    Ticket("CHG0030001", at, "Scheduled", True, *_WINDOW),
                    Ticket("CHG0030002", at, "New", False, *_WINDOW),
                ),
            )
        )


@pytest.mark.parametrize(
    ("kind", "open_it"), [(Teams, teams), (Jira, jira), (ServiceNow, servicenow)]
)
@by_http
def test_teams_and_tickets_by_http(check: HttpCheck, kind: Any, open_it: Any) -> None:
    def use(one: Notifier) -> None:
        one.check()
        sent = one.send(MESSAGE)
        if sent.reference:
            one.update(sent.reference, MESSAGE)

    with kind().served() as service:
        check(
            ServiceHttpBench(
                service.endpoint,
                lambda endpoint, connect: open_it(service, connect, endpoint, timeout_s=1),
                use,
                lambda: (getattr(service, "login", "").partition(":")[2] or service.query,),
            )
        )


# ---------------------------------------------------------------- mail


def mailbox(mails: Mails, connect: Connect = direct, **more: Any) -> Notifier:
    secrets = {"username": "ana", "password": more.pop("password", mails.password)}
    config = {"from": "stella@example.com", "to": ["ops@example.com"], "ca": mails.ca, **more}
    scheme = config.pop("scheme", "smtp")
    return open_smtp(profile(f"{scheme}://127.0.0.1:{mails.port}", secrets, connect, **config))


@pytest.mark.parametrize("by", ["starttls", "tls"])
@notifiers
def test_mail(check: Check, by: str, tmp_path: Path) -> None:
    line, scheme = Line(), {"starttls": "smtp", "tls": "smtps"}[by]
    with serving_mail(tmp_path, by=by) as mails:
        notifier = mailbox(mails, line.connect, scheme=scheme)

        @contextmanager
        def outage() -> Iterator[None]:
            line.is_cut = True
            yield
            line.is_cut = False

        check(
            NotifierBench(
                notifier,
                mails.seen,
                (mailbox(mails, scheme=scheme, password="of nobody at all"),),
                mailbox(mails, scheme=scheme, to=["nobody@example.com"]),
                outage,
                is_told_once=False,
                can_update=False,
                secrets=lambda: (mails.password,),
            )
        )
