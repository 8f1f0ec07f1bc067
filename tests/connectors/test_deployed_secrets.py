"""The whole way of a deployed secret: a real OpenBao, the listener as it is served, an agent, a host."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent.test_broken_connectors import beside
from agent.test_order_secrets import Telling, with_secret
from connectors.stores import put_in_bao, readable
from fixtures.benches import intent_maker
from fixtures.control_planes import EnrolledAgent, Plane
from fixtures.hosts import free_port
from fixtures.secret_stores import OpenBao
from stella.agent.host import RealHost
from stella.api.agent_listener import AgentSettings
from stella.api.services import Services
from stella.app.serve import agents_listener
from stella.app.settings import Settings
from stella.blob import Blobs
from stella.fleet import OrderState
from stella.hub.apply import apply_integration
from stella.hub.secrets import sealed_value, store_secret
from stella.kernel import Digest, Json
from stella.plugin.contract.target import TargetIntent

pytestmark = pytest.mark.stores


def apply(services: Services, name: str, **spec: Json) -> None:
    with services.database.transaction(actor="test") as tx:
        apply_integration(tx, name, spec, services.plugins.brought(), may_allow_any=True)


def carried_out(
    services: Services, tmp_path: Path, intent: TargetIntent, seen: Path, deployment: str
) -> Any:
    settings = Settings(data_directory=str(services.data), agents_port=free_port())
    plane = Plane(
        services.database, tmp_path, services.authority, services.keys.orders, AgentSettings()
    )
    plane.wheels = Blobs(tmp_path / "wheels")
    with agents_listener(services, settings) as server:
        plane.port = server.port
        agent: EnrolledAgent = plane.enroll(f"host-{deployment}")

        def real(project: str, log: Callable[[str], None], stop: threading.Event) -> RealHost:
            return RealHost(agent.state.projects, project, log=log, stop=stop)

        telling = Telling(seen)
        with agent.running(open_host=real, plugins=beside(cast("Any", telling))):
            order = plane.issue(
                replace(intent, deployment=deployment),
                agent=f"host-{deployment}",
                planned=telling.plan(intent),
            )
            return plane.ended(order)


def test_it_comes_out_of_the_store_and_nothing_keeps_it(
    services: Services, openbao: OpenBao, tmp_path: Path
) -> None:
    folder, canary = uuid.uuid4().hex, f"canary-{uuid.uuid4().hex}"
    path = f"kv/{folder}/db"
    put_in_bao(openbao, path, {"user": "puller", "password": canary})
    token = openbao.token(openbao.policy(readable("kv", folder)))
    envelope = sealed_value(services.outside.keys(), "vault", token, services.random)
    with services.database.transaction(actor="test") as tx:
        store_secret(tx, "vault", envelope)
    spec: dict[str, Json] = {
        "kind": "secret_store",
        "connector": "vault",
        "endpoint": openbao.endpoint,
        "credentials": {"token": "secret://vault"},
        "networks": ["127.0.0.0/8"],
    }
    apply(services, "main", **spec)
    images = {f"pull_{one}": f"vault://main/{path}#{one}" for one in ("user", "password")}
    images["pull_username"] = images.pop("pull_user")
    apply(
        services,
        "images",
        kind="registry",
        connector="oci",
        endpoint="r.example",
        credentials=cast("Json", images),
        environments=["dev"],
    )
    intent = intent_maker("docker", "r.example", "shop")("dep_1", {"web": Digest.of(b"web")})
    intent = with_secret(intent, f"vault://main/{path}#password")
    seen = tmp_path / "seen"

    refused = carried_out(services, tmp_path, intent, seen, "dep_1")
    assert (refused.state, refused.result.code) == (OrderState.ERRORED, "ST-TGT-012")
    assert "main gives no secrets to hosts of dev" in refused.result.message
    assert not seen.exists()

    apply(services, "main", **{**spec, "environments": ["dev"]})
    ended = carried_out(services, tmp_path, intent, seen, "dep_2")
    assert ended.state is OrderState.SUCCEEDED, ended.result
    password, config, directory = seen.read_text().split("\n")[:3]
    assert password == canary
    assert '"r.example"' in config
    assert not Path(directory).exists()
    seen.unlink()
    held = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert len(held) > 10
    assert [one for one in held if canary.encode() in one.read_bytes()] == []
