"""Evidence by HTTP: every reading leaves a fact, and nothing of a packet runs in the browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.control import Control, running
from fixtures.databases import Clock
from stella.evidence.packet import read_packet
from stella.evidence.verify import verify_packet
from stella.kernel import Digest
from stella.replay import replay_packet


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Control, Any]]:
    """A promotion that was deployed."""
    with running(tmp_path_factory.mktemp("evidence") / "control", Clock()) as control:
        control.environment("dev")
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
