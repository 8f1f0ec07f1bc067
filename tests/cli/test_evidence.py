"""Packets fetched from a server: the bytes that it names, under names that stay in their place."""

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evidence.packets import Story
from stella.cli.main import main
from stella.kernel import Digest

STORY = Story()
PACKET = STORY.packet()
REF = {
    "id": "evd_1",
    "subject": STORY.promotion,
    "kind": "promotion",
    "digest": Digest.of(PACKET).text,
    "size": len(PACKET),
    "createdAt": "2030-01-01T00:00:00.000000Z",
    "name": "shop-1.0.0-prod-promotion",
}


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    """Path -> what a server answers there; a test changes them."""
    given: dict[str, bytes] = {
        "/api/v1/evidence": as_json({"items": [REF], "next": None}),
        f"/api/v1/evidence/{STORY.promotion}": as_json(REF),
        "/api/v1/evidence/evd_1/packet": PACKET,
        "/api/v1/trust/root": STORY.root.to_json(),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(given))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("STELLA_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("STELLA_TOKEN", "st_test")
    monkeypatch.chdir(tmp_path)
    yield given
    server.shutdown()
    thread.join()
    server.server_close()


def _handler(given: Mapping[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = given.get(self.path.partition("?")[0])
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def do_POST(self) -> None:
            into = json.loads(self.rfile.read(int(self.headers["content-length"])))["integration"]
            packet = self.path.split("/")[4]
            told = {"id": packet, "digest": REF["digest"], "integration": into}
            content = as_json({**told, "key": f"evidence/{packet}/it", "isNew": True})
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def test_a_packet_is_fetched_under_its_own_name_and_verifies(
    answers: dict[str, bytes], tmp_path: Path
) -> None:
    assert main(["evidence", "get", STORY.promotion]) == 0
    path = tmp_path / "shop-1.0.0-prod-promotion.stella.tar"
    assert path.read_bytes() == PACKET
    assert main(["evidence", "verify", str(path)]) == 0


def test_a_name_that_leads_elsewhere_stays_here(answers: dict[str, bytes], tmp_path: Path) -> None:
    answers[f"/api/v1/evidence/{STORY.promotion}"] = as_json({**REF, "name": "../../etc/x"})
    assert main(["evidence", "get", STORY.promotion]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["_.._etc_x.stella.tar"]


def test_other_bytes_than_the_server_named_are_not_kept(
    answers: dict[str, bytes], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answers["/api/v1/evidence/evd_1/packet"] = PACKET[:-1] + b"x"
    assert main(["evidence", "get", STORY.promotion]) == 7
    assert "ST-EVI-001" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_export_holds_every_packet_and_the_root_to_verify_them_with(
    answers: dict[str, bytes], tmp_path: Path
) -> None:
    assert main(["evidence", "export", "--to", "out"]) == 0
    (packet,) = (tmp_path / "out").glob("*.stella.tar")
    root = tmp_path / "out" / "trusted-root.json"
    assert main(["evidence", "verify", str(packet), "--trusted-root", str(root)]) == 0


def test_the_list_of_a_server_is_a_table_or_data(
    answers: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "list"]) == 0
    assert STORY.promotion in capfd.readouterr().out
    assert main(["evidence", "list", "-o", "json"]) == 0
    assert json.loads(capfd.readouterr().out)[0]["id"] == "evd_1"


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("named", [[], ["evd_1"]], ids=["all", "one"])
def test_a_server_is_asked_to_copy_each_packet(
    named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", "copy", "--into", "archive", *named, "-o", "json"]) == 0
    (copied,) = json.loads(capsys.readouterr().out)
    assert (copied["id"], copied["integration"], copied["isNew"]) == ("evd_1", "archive", True)
