"""An installation that is offline: no connector reaches anything, and what needs none goes on."""

from pathlib import Path

from connectors.registries import Answer, played_registry
from fixtures.control import running
from fixtures.databases import Clock
from stella.evidence.verify import verify_packet
from stella.replay import replay_packet


def test_no_connector_reaches_anything_and_the_core_goes_on(tmp_path: Path):
    asked: list[str] = []

    def play(method: str, path: str, headers: object, body: bytes) -> Answer:
        asked.append(path)
        return Answer(body=b'{"tags": []}')

    with (
        played_registry(play) as host,
        running(tmp_path / "control", Clock(), offline=True) as control,
    ):
        spec = {"kind": "registry", "connector": "oci", "endpoint": host}
        document = {"apiVersion": "stella/v1", "kind": "Integration", "name": "main", "spec": spec}
        assert control.apply(document).is_success
        tested = control.post("/integrations/main/test", by="olga")
        assert (tested["outcome"], "ST-HUB-010" in tested["detail"]) == ("blocked", True)
        release = {"name": "x", "version": "1", "components": {"web": f"{host}/shop/web:1"}}
        assert control.refused("POST", "/releases", release) == "ST-HUB-010"

        # What is in a release is known already: deciding, deploying and proving reach out nowhere.
        control.environment("dev")
        done = control.deployed(control.sealed("2.0.0")["id"], "dev")
        assert done["state"] == "deployed", done["state"]
        (ref,) = control.get("/evidence", subject=done["id"])["items"]
        packet = control.ask("GET", f"/evidence/{ref['id']}/packet").content
        assert verify_packet(packet, control.services.trust_root).good
        assert replay_packet(packet).verdict == "identical"
    assert asked == []
