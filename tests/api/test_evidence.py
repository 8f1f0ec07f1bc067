"""Evidence by HTTP: every reading leaves a fact, and nothing of a packet runs in the browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fixtures.control import Control, running
from fixtures.databases import Clock
from stella.evidence.packet import read_packet
from stella.evidence.verify import verify_packet
from stella.hub.store import find_integration
from stella.kernel import Digest
from stella.replay import replay_packet
from stella.trust import TrustRoot


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Control, Any]]:
    """A promotion that was deployed."""
    folder = tmp_path_factory.mktemp("evidence")
    objects = folder / "objects"
    (objects / "archive").mkdir(parents=True)
    place = str(objects)
    with running(folder / "control", Clock(), object_directories=(place,)) as control:
        control.environment("dev")
        spec = {"kind": "object_store", "connector": "directory"}
        for name, more in (
            ("archive", {}),
            ("closed", {"enabled": False}),
            ("of-admins", {"roles": ["admin"]}),
        ):
            whole = {**spec, "endpoint": f"file://{place}/archive", **more}
            document = {"apiVersion": "stella/v1", "kind": "Integration", "name": name}
            assert control.apply({**document, "spec": whole}).is_success
        yield control, control.deployed(control.sealed("2.0.0")["id"], "dev")


def test_a_packet_verifies_and_replays_when_it_has_left_the_server(proven: tuple[Control, Any]):
    control, done = proven
    for subject in (done["id"], done["deployment"]):
        (ref,) = control.get("/evidence", subject=subject)["items"]
        shown = control.get(f"/evidence/{ref['id']}", by="vic")
        assert shown["verification"]["good"], shown["verification"]
        assert control.get(f"/evidence/{subject}")["id"] == ref["id"]
        answer = control.ask("GET", f"/evidence/{ref['id']}/packet")
        assert Digest.of(answer.content).text == ref["digest"]
        assert f'filename="{ref["name"]}.stella.tar"' in answer.headers["content-disposition"]
        assert verify_packet(answer.content, control.services.trust_root).good
        assert replay_packet(answer.content).verdict == "identical"


def test_each_reading_is_a_fact_of_who_read(proven: tuple[Control, Any]):
    control, done = proven
    (ref,) = control.get("/evidence", subject=done["id"])["items"]

    def readings() -> list[str]:
        read = [one for one in control.facts(ref["id"]) if one.kind == "EvidenceRead"]
        return [one.actor for one in read]

    before = len(readings())
    for path in ("", "/packet", "/entries/report.html"):
        control.ask("GET", f"/evidence/{ref['id']}{path}", by="vic")
    vic = control.get("/me", by="vic")["user"]["id"]
    assert readings()[before:] == [vic] * 3
    before = len(readings())
    control.get("/evidence")  # the list holds nothing of what is in them
    assert len(readings()) == before


def test_a_packet_is_copied_once_byte_for_byte_and_never_over_another(
    proven: tuple[Control, Any],
):
    control, done = proven
    (ref,) = control.get("/evidence", subject=done["id"])["items"]
    path, into = f"/evidence/{done['id']}/copies", {"integration": "archive"}
    copied = control.post(path, into, by="olga")
    assert (copied["isNew"], copied["digest"]) == (True, ref["digest"])
    assert copied["key"] == f"evidence/{ref['id']}/{ref['name']}.stella.tar"
    with control.database.read() as tx:
        place = Path(urlsplit(find_integration(tx, "archive").integration.endpoint).path)
    lies = place / copied["key"]
    assert Digest.of(lies.read_bytes()).text == ref["digest"]
    beside = lies.with_name("trusted-root.json")
    root = TrustRoot.from_json(beside.read_bytes())
    assert verify_packet(lies.read_bytes(), root).good
    assert control.post(path, into, by="olga")["isNew"] is False
    beside.write_bytes(b"another installation's")
    assert control.post(path, into, by="olga")["isNew"] is False
    assert beside.read_bytes() == b"another installation's"
    (first, second, _) = [one for one in control.facts(ref["id"]) if one.kind == "EvidenceCopied"]
    assert (first.data["key"], second.data["integration"]) == (copied["key"], "archive")

    for other in (b"another", lies.read_bytes() + b"x"):
        lies.write_bytes(other)
        assert control.refused("POST", path, into, by="olga") == "ST-EVI-007"
        assert lies.read_bytes() == other
    assert len([one for one in control.facts(ref["id"]) if one.kind == "EvidenceCopied"]) == 3


def test_only_who_may_change_integrations_copies_and_only_to_an_object_store(
    proven: tuple[Control, Any],
):
    control, done = proven
    path = f"/evidence/{done['id']}/copies"
    asked = [("dan", "archive"), ("olga", "nobody"), ("olga", "closed"), ("olga", "of-admins")]
    codes = [control.refused("POST", path, {"integration": name}, by=who) for who, name in asked]
    assert codes == ["ST-IDN-004", "ST-HUB-001", "ST-HUB-004", "ST-HUB-004"]
    refused = control.refused("POST", "/evidence/evd_0/copies", {"integration": "archive"}, "olga")
    assert refused == "ST-EVI-006"


def test_each_entry_comes_byte_for_byte_and_html_as_text(proven: tuple[Control, Any]):
    control, done = proven
    shown = control.get(f"/evidence/{done['deployment']}")
    packet = control.ask("GET", f"/evidence/{shown['id']}/packet").content
    entries = read_packet(packet).entries
    for one in shown["entries"]:
        answer = control.ask("GET", f"/evidence/{shown['id']}/entries/{one['name']}")
        assert answer.status_code == 200, one
        assert answer.content == entries[one["name"]]
        assert Digest.of(answer.content).text == one["digest"]
        assert "html" not in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    report = control.ask("GET", f"/evidence/{shown['id']}/entries/report.html")
    assert report.headers["content-type"] == "text/plain; charset=utf-8"


def test_what_is_not_in_a_packet_is_not_found(proven: tuple[Control, Any]):
    control, done = proven
    for path in (
        "/evidence/evd_1",
        "/evidence/evd_1/packet",
        f"/evidence/{done['id']}/entries/nothing",
        f"/evidence/{done['id']}/entries/..%2f..%2fkeys%2fevidence.pem",
        f"/evidence/{done['id']}/entries/%2fetc%2fpasswd",
        f"/evidence/{done['id']}/entries/",
    ):
        assert control.ask("GET", path).status_code == 404, path


def test_a_packet_that_was_changed_on_the_disk_is_not_handed_out(control: Control):
    control.environment("dev")
    done = control.deployed(control.sealed("2.0.0")["id"], "dev")
    (ref,) = control.get("/evidence", subject=done["id"])["items"]
    digest = Digest(ref["digest"])
    (file,) = (one for one in control.services.data.rglob("*") if digest.hex in one.name)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    for path in ("", "/packet", "/entries/report.html"):
        answer = control.ask("GET", f"/evidence/{ref['id']}{path}")
        assert answer.is_error, path
        assert answer.json()["code"] != "ST-API-008"


def test_evidence_comes_in_pages(proven: tuple[Control, Any]):
    control, _ = proven
    first = control.get("/evidence", limit=1)
    second = control.get("/evidence", limit=1, cursor=first["next"])
    ids = {first["items"][0]["id"], second["items"][0]["id"]}
    assert ids == {one["id"] for one in control.get("/evidence")["items"]}
    assert control.get("/evidence", limit=1, cursor=second["next"])["items"] == []
