"""A push reaches whoever the registry was told to notify, with the token it was given."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from stella.lab import Lab, Notification


@pytest.mark.lab
def test_a_push_is_reported_with_its_digest_and_the_bearer_token(lab: Lab) -> None:
    seen: queue.Queue[tuple[str | None, dict]] = queue.Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.put((self.headers["Authorization"], json.loads(body)))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    address = lab.registry.address
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api/v1/hooks/registry"
        lab.registry.start(Notification(url, "one-token"))
        try:
            assert lab.registry.address == address
            host = lab.host("a")
            tar = lab.root / "noted.tar"
            tar.write_bytes(bytes(10240))
            host.run(["import", str(tar), f"{address}/test/noted:1"])
            host.run(["push", "--quiet", f"{address}/test/noted:1"])
            pushed = None
            while pushed is None:
                token, envelope = seen.get(timeout=15)
                assert token == "Bearer one-token"
                pushed = next(
                    (e for e in envelope["events"] if e["target"].get("tag") == "1"), None
                )
            assert pushed["action"] == "push"
            stored = lab.registry.storage / "docker/registry/v2/repositories/test/noted/_manifests"
            link = (stored / "tags/1/current/link").read_text()
            assert pushed["target"]["digest"] == link
        finally:
            lab.registry.start()
            server.shutdown()
