"""The guide of webhooks names every connector, and its own code sends a delivery that is taken."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fixtures.servers import PASSWORD, People
from fixtures.webhooks import SECRET
from stella.api.services import Services
from stella.client import Client
from stella.hub.deliveries import list_deliveries
from stella.identity import Role
from stella_connectors.webhooks import PLUGIN

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md").read_text()


def test_every_connector_has_its_line_and_no_other() -> None:
    _, *rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", GUIDE, re.MULTILINE)
    assert sorted(rows) == sorted(PLUGIN.webhooks)


def test_the_code_for_jobs_without_our_command_is_taken(
    services: Services, users: People, server_url: str
) -> None:
    users.make("root", Role.ADMIN)
    with Client(server_url) as anonymous:
        login = {"name": "root", "password": PASSWORD}
        token = anonymous.post("/login", login, token=True)["token"]
    spec = {
        "kind": "webhook",
        "connector": "signed",
        "credentials": {"secret": "secret://hook"},
    }
    document = {"apiVersion": "stella/v1", "kind": "Integration", "name": "ci", "spec": spec}
    with Client(server_url, token) as client:
        client.put("/secrets/hook", {"value": SECRET})
        client.post("/apply", {"documents": [document]})
    (code,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env={
            "PATH": os.environ["PATH"],
            "STELLA_WEBHOOK": f"{server_url}/api/v1/webhooks/ci",
            "STELLA_WEBHOOK_SECRET": SECRET,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with services.database.read() as tx:
        (taken,) = list_deliveries(tx)
    assert taken.event == "build.ended"
    assert taken.content["builds"]
