"""Webhooks of a real server: killed between queue and handling, and told by a real registry."""

import hashlib
import json
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from fixtures.hosts import Host, password_in
from fixtures.webhooks import SECRET, hexed
from stella.client import Client
from stella.lab import Notification, Registry, registry_program

SPEC = {"kind": "webhook", "credentials": {"secret": "secret://hook"}}
OCI = "application/vnd.oci.image.manifest.v1+json"


def prepare(client: Client, name: str, connector: str) -> None:
    client.put("/secrets/hook", {"value": SECRET})
    document = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": name,
        "spec": {**SPEC, "connector": connector},
    }
    client.post("/apply", {"documents": [document]})


def wait_until(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.program
def test_a_server_that_is_killed_loses_and_doubles_nothing_that_it_answered(host: Host) -> None:
    answered: list[str] = []
    with host.serving() as serving:
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with host.login(password) as client:
            prepare(client, "forge", "github")
        with httpx.Client(base_url=host.url) as forge:
            for number in range(120):
                answered.append(push(forge, number)["delivery"])
                if number == 100:
                    serving.process.send_signal(signal.SIGSTOP)
                    serving.process.send_signal(signal.SIGKILL)
                    break
        serving.process.wait()
    with host.serving(), host.login(password) as client:
        wait_until(lambda: client.get("/webhooks/forge")["deliveries"]["handled"] >= len(answered))
        rows = list(client.items("/webhook-deliveries"))
        facts = [one["subject"] for one in client.items("/facts", kind="WebhookHandled")]
        with httpx.Client(base_url=host.url) as forge:
            assert push(forge, 0)["replay"] is True  # what it answered it still knows
        assert client.get("/audit/verify")["good"]
    assert {one["id"] for one in rows} == set(answered)
    assert sorted(facts) == sorted(answered)
    assert {one["attempts"] for one in rows} == {1}


def push(forge: httpx.Client, number: int) -> dict[str, object]:
    said = {
        "ref": "refs/heads/main",
        "before": "a" * 40,
        "after": f"{number:040x}",
        "repository": {"full_name": "shop/web"},
    }
    body = json.dumps(said).encode()
    headers = {"x-hub-signature-256": f"sha256={hexed(body)}", "x-github-event": "push"}
    answer = forge.post("/api/v1/webhooks/forge", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.lab
@pytest.mark.program
def test_a_real_registry_tells_of_a_push_and_its_image_is_scanned(
    host: Host, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "registry", program=registry_program())
    with host.serving():
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with host.login(password) as client:
            prepare(client, "hub", "distribution")
            registry.start(Notification(f"{host.url}/api/v1/webhooks/hub", SECRET))
            try:
                digest = push_image(registry.address)

                def handled() -> list[dict[str, object]]:
                    found = client.items("/webhook-deliveries", integration="hub", state="handled")
                    return list(found)

                wait_until(handled)
            finally:
                registry.stop()
            assert handled()[0]["outcome"] == f"shop/web:1.0 was pushed, {digest[:19]}"
            (scan,) = client.items("/scans")
            assert scan["reference"] == f"{registry.address}/shop/web@{digest}"
            assert client.get("/webhooks/hub")["refusals"] == []


def push_image(address: str) -> str:
    """An image of nothing, by the distribution API; its digest."""
    base = f"http://{address}/v2/shop/web"
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    begun = urllib.request.urlopen(urllib.request.Request(f"{base}/blobs/uploads/", method="POST"))
    place = begun.headers["Location"]
    name = f"sha256:{hashlib.sha256(config).hexdigest()}"
    mark = "&" if "?" in place else "?"
    send(f"{place}{mark}digest={name}", config, "application/octet-stream")
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": name,
            "size": len(config),
        },
        "layers": [],
    }
    content = json.dumps(manifest).encode()
    send(f"{base}/manifests/1.0", content, OCI)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def send(url: str, content: bytes, kind: str) -> None:
    request = urllib.request.Request(url, content, {"Content-Type": kind}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201
