# ruff: noqa: INP001, T201 - a program of the demo image, not a module of ours
"""The shop's web service: `/`, `/healthz`, `/version`. Standard library only."""

import importlib.metadata
import json
import os
import signal
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = os.environ["SHOP_VERSION"]
PORT = int(os.environ.get("PORT", "8080"))


def version_document() -> dict[str, object]:
    """The service's version and the Python packages that its image carries."""
    packages = {
        found.metadata["Name"].lower(): found.version
        for found in importlib.metadata.distributions()
    }
    return {"service": "shop-web", "version": VERSION, "packages": packages}


class Shop(BaseHTTPRequestHandler):
    """Answers the three paths; everything else is not found."""

    server_version = "shop"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a GET."""
        if self.path == "/":
            page = f"<!doctype html><title>Shop</title><h1>Shop {VERSION}</h1>\n"
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", page)
        elif self.path == "/healthz":
            self._answer(HTTPStatus.OK, "text/plain", "ok\n")
        elif self.path == "/version":
            self._answer(HTTPStatus.OK, "application/json", json.dumps(version_document()))
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "not found\n")

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    # As PID 1 a process gets no default signal handlers: without this each stop takes 10 s.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"shop-web {VERSION} listens on {PORT}", flush=True)
    ThreadingHTTPServer(("", PORT), Shop).serve_forever()
