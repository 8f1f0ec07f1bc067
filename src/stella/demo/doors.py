"""The doors that a demonstration goes through: the same API and commands that users have."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from stella.client import Client, Refused
from stella.demo.errors import DemoFailed
from stella.demo.shop import PEOPLE, RELEASE, Ports
from stella.demo.stage import Stage, new_secret
from stella.demo.summary import Summary, Teller
from stella.kernel import Remedy
from stella.lab import ShopVersion
from stella.lab.network import free_port

_WAIT_S = 120.0
_POLL_S = 0.1
_FINAL = frozenset({"blocked", "deployed", "failed", "rejected", "cancelled", "errored"})


class Doors:
    """Who is logged in, and what a step asks, waits for and expects.

    packets: the directory that the evidence is put into.
    """

    def __init__(self, stage: Stage, summary: Summary, teller: Teller, packets: Path) -> None:
        self.stage = stage
        self.summary = summary
        self.teller = teller
        self.packets = packets
        self.ports = Ports(*(free_port() for _ in range(4)))
        self._clients: dict[str, Client] = {}
        self.tokens: dict[str, str] = {}
        self._scans_seen: set[str] = set()

    @property
    def admin(self) -> Client:
        """The administrator's connection."""
        return self.acting("admin")

    def packet_of(self, subject: str) -> bytes:
        """The packet of an ended promotion or deployment, once it is sealed."""

        def sealed() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = self.admin.get("/evidence", subject=subject)["items"]
            return found

        (packet,) = self.until(f"the packet of {subject} is sealed", sealed)
        return self.admin.content(f"/evidence/{packet['id']}/packet")

    @property
    def logs(self) -> Path:
        """Where the programs' logs are put when something goes wrong."""
        return self.packets.parent / "logs"

    def own_approval(self, promotion: str, plan: str, name: str) -> None:
        """Who asked cannot approve."""
        try:
            self.acting(name).post(
                f"/promotions/{promotion}/approve", {"planDigest": plan, "comment": "mine"}
            )
        except Refused as refusal:
            self.teller.say(f"the one who asked tries to approve: {refusal} ({refusal.code})")
            return
        raise self.failure("nobody approves their own request", promotion)

    def log_in(self) -> None:
        """The administrator by the first credential, who makes the other people."""
        with Client(self.stage.url) as nobody:
            login = nobody.post(
                "/login", {"name": "admin", "password": self.stage.password}, token=True
            )
        self.tokens["admin"] = login["token"]
        for name, roles in PEOPLE.items():
            body = {"name": name, "roles": roles, "password": new_secret()}
            self.acting("admin").post("/users", body)
            with Client(self.stage.url) as nobody:
                made = nobody.post(
                    "/login", {"name": name, "password": body["password"]}, token=True
                )
            self.tokens[name] = made["token"]
        listed = ", ".join(f"{name} ({', '.join(roles)})" for name, roles in PEOPLE.items())
        self.teller.say(f"people: {listed}")

    def acting(self, name: str) -> Client:
        """The connection of one person."""
        if name not in self._clients:
            self._clients[name] = Client(self.stage.url, self.tokens[name])
        return self._clients[name]

    def request(self, version: ShopVersion, environment: str) -> dict[str, Any]:
        """Ask for a version in an environment: dana does, and the administrator for prod."""
        name = f"{RELEASE}@{version.value}"
        self.teller.command(f"stella promote {name} --env {environment}")
        who = "admin" if environment == "prod" else "dana"
        asked: dict[str, Any] = self.acting(who).post(
            "/promotions", {"release": name, "environment": environment, "reason": "a new version"}
        )
        return asked

    def approved_and_ended(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Give the approvals that are asked for, and wait for the end."""
        path = f"/promotions/{asked['id']}"

        def decided() -> dict[str, Any] | None:
            found: dict[str, Any] = self.acting("dana").get(path)
            return found if found["state"] != "evaluating" else None

        now = self.until("the gates have spoken", decided)
        if now["state"] == "waiting":
            self.own_approval(asked["id"], now["planDigest"], now["requestedBy"]["name"])
            for name in ("ann", "ben"):
                self.acting(name).post(
                    f"{path}/approve", {"planDigest": now["planDigest"], "comment": "looked at it"}
                )
                self.teller.say(f"{name} approves the plan {now['planDigest'][:19]}")

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.acting("dana").get(path)
            return found if found["state"] in _FINAL else None

        done: dict[str, Any] = self.until(f"{asked['id']} has ended", ended)
        return done

    def scan_of(self, reference: str) -> dict[str, Any] | None:
        """The scan that a push of ``reference`` has brought, once it is done."""
        repository = reference.rpartition(":")[0]
        for scan in self.acting("dana").get("/scans")["items"]:
            is_ours = scan["reference"].startswith(f"{repository}@") and scan["state"] != "pending"
            if is_ours and scan["id"] not in self._scans_seen:
                self.expect(scan["state"] == "done", f"{reference} was scanned", scan)
                self._scans_seen.add(scan["id"])
                return dict(scan)
        return None

    def agents_online(self) -> bool:
        """Whether both are."""
        states = [one["state"] for one in self.acting("admin").get("/agents")["items"]]
        return states == ["online", "online"]

    def served(self, environment: str) -> str:
        """The version that the web service of an environment answers, the same on each host."""
        if self.stage.ground.is_simulated:
            return self._served_by_report(environment)
        ports = {
            "dev": (self.ports.dev,),
            "stage": (self.ports.stage,),
            "prod": (self.ports.prod_a, self.ports.prod_b),
        }[environment]
        answers = {
            httpx.get(f"http://127.0.0.1:{port}/version", timeout=5).json()["version"]
            for port in ports
        }
        return ", ".join(sorted(answers))

    def _served_by_report(self, environment: str) -> str:
        """Simulated hosts serve nothing: what their agents report stands for it."""
        cells = self.acting("dana").get("/matrix")["cells"]
        return ", ".join(
            sorted(
                {one["release"]["version"] for one in cells if one["environment"] == environment}
            )
        )

    def until(self, what: str, found: Callable[[], Any]) -> Any:
        """Ask until there is an answer. Raises DemoFailed after two minutes."""
        deadline = time.monotonic() + _WAIT_S
        while True:
            value = found()
            if value:
                return value
            if time.monotonic() > deadline:
                raise self.failure(what, "it did not happen in time")
            time.sleep(_POLL_S)

    def expect(self, holds: bool, what: str, found: object) -> None:
        """Return where it is so. Raises DemoFailed."""
        if not holds:
            raise self.failure(what, found)

    def expect_deployed(self, promotion: dict[str, Any], what: str) -> None:
        """Return where it was deployed. Raises DemoFailed with what its targets say."""
        if promotion["state"] != "deployed":
            found: dict[str, Any] = promotion
            if promotion["deployment"]:
                found = self.acting("dana").get(f"/deployments/{promotion['deployment']}")
            raise self.failure(what, found.get("targets", found))

    def failure(self, what: str, found: object) -> DemoFailed:
        """What was wanted, what was found, where the logs are."""
        return DemoFailed(
            f"the demonstration wanted that {what}, and found: {str(found)[:1500]}",
            remedy=Remedy(f"Read the logs in {self.logs}."),
        )
