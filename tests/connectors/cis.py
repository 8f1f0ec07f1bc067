"""Benches of the kit for build servers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.scms import profile
from connectors.stores import Given, Line, direct
from fixtures.buildbots import PASSWORD, USER, BuildbotServer
from fixtures.builders import BUNDLE, STATEMENT, Builder, actions, gitlab_ci, jenkins
from fixtures.builders import USER as BUILDER
from fixtures.forges import TOKEN, Asked, Forge, Told
from stella.plugin.contract.ci import Ci
from stella.plugin.contract.connection import Connection
from stella.sdk.testing import ServiceHttpBench
from stella.sdk.testing.ci import SIMULATED_COMMIT, SimulatedCi
from stella.sdk.testing.ci_checks import CiBench
from stella_connectors.buildbot import open_buildbot
from stella_connectors.forges import open_actions, open_gitlab_ci
from stella_connectors.jenkins import open_jenkins

GOOD, BAD, LONG = ({"outcome": one} for one in ("good", "bad", "long"))


def simulated_bench() -> CiBench:
    ci = SimulatedCi()
    begun = ci.trigger("shop/web", "main", GOOD, "the first")
    ci.signed[begun.id] = (b'{"payloadType": "x"}',)

    @contextmanager
    def outage() -> Iterator[None]:
        ci.is_out = True
        yield
        ci.is_out = False

    return CiBench(
        ci=ci,
        pipeline="shop/web",
        reference="main",
        good=GOOD,
        bad=BAD,
        long=LONG,
        commit=SIMULATED_COMMIT,
        signed=(begun.id, ci.signed[begun.id]),
        stranger=SimulatedCi(is_shut=True),
        outage=outage,
    )


def buildbot_bench(server: BuildbotServer) -> CiBench:
    line, given = Line(), Given({"username": USER, "password": PASSWORD})
    ci = open_buildbot(profile(server.endpoint, given, line.connect))
    wrong = Given({"username": USER, "password": "wr0ng" * 5})
    return CiBench(
        ci=ci,
        pipeline=server.builder,
        reference="main",
        good=GOOD,
        bad=BAD,
        long=LONG,
        commit=server.commit,
        signed=None,
        stranger=open_buildbot(profile(server.endpoint, wrong, Line().connect)),
        outage=lambda: line.cut(ci),
        secrets=lambda: (PASSWORD,),
    )


def buildbot_faults_bench(server: BuildbotServer) -> ServiceHttpBench:
    given = Given({"username": USER, "password": PASSWORD})
    known = open_buildbot(profile(server.endpoint, given, Line().connect))
    begun = known.trigger(server.builder, "main", GOOD, "faults")

    def use(ci: Ci) -> None:
        assert ci.build(server.builder, begun.id).id == begun.id

    return ServiceHttpBench(
        endpoint=server.endpoint,
        open_at=lambda endpoint, connect: open_buildbot(
            profile(endpoint, given, connect, timeout_s=1)
        ),
        use=use,
        secrets=lambda: (PASSWORD,),
    )


# ---------------------------------------------------------------- played

BUILDERS: dict[str, tuple[Callable[[Forge, Asked], Told], Callable[[Connection], Ci], str]] = {
    "github-actions": (actions, open_actions, "shop/web/build.yml"),
    "gitlab-ci": (gitlab_ci, open_gitlab_ci, "shop/web"),
    "jenkins": (jenkins, open_jenkins, "shop/web"),
}


def _login(which: str, token: str = TOKEN) -> Given:
    named = {"username": BUILDER} if which == "jenkins" else {}
    return Given({**named, "token": token})


def opened(
    which: str,
    endpoint: str,
    connect: Any = direct,
    timeout_s: int = 10,
    open_ci: Callable[[Connection], Ci] | None = None,
) -> Ci:
    made = open_ci or BUILDERS[which][1]
    return made(profile(endpoint, _login(which), connect, timeout_s=timeout_s))


def builder_bench(
    which: str, builder: Builder, open_ci: Callable[[Connection], Ci] | None = None
) -> CiBench:
    line = Line()
    ci = opened(which, builder.endpoint, line.connect, open_ci=open_ci)
    pipeline = BUILDERS[which][2]
    begun = ci.trigger(pipeline, "main", GOOD, "the first")
    for _ in range(3):
        begun = ci.build(pipeline, begun.id)
    signed = json.dumps(BUNDLE).encode() if which == "github-actions" else STATEMENT
    wrong = BUILDERS[which][1](
        profile(builder.endpoint, _login(which, "wr0ng" * 5), Line().connect)
    )
    return CiBench(
        ci=ci,
        pipeline=pipeline,
        reference="main",
        good=GOOD,
        bad=BAD,
        long=LONG,
        commit=SIMULATED_COMMIT,
        signed=(begun.id, (signed,)),
        stranger=wrong,
        outage=lambda: line.cut(ci),
        secrets=lambda: (TOKEN,),
    )


def builder_faults_bench(which: str, builder: Builder) -> ServiceHttpBench:
    pipeline = BUILDERS[which][2]
    begun = opened(which, builder.endpoint).trigger(pipeline, "main", GOOD, "faults")
    for _ in range(3):
        begun = opened(which, builder.endpoint).build(pipeline, begun.id)

    def use(ci: Ci) -> None:
        assert ci.build(pipeline, begun.id) == begun
        assert set(ci.builds(pipeline, 1)) <= {begun}  # none is no lie that could be seen

    return ServiceHttpBench(
        endpoint=builder.endpoint,
        open_at=lambda endpoint, connect: opened(which, endpoint, connect, timeout_s=1),
        use=use,
        secrets=lambda: (TOKEN,),
    )
