"""The walk itself: each step does what it tells, through the same doors that users have."""

import json
import shlex
from functools import partial
from pathlib import Path
from typing import Any

from stella.advisory import demo_snapshot
from stella.demo.doors import Doors
from stella.demo.shop import COMPONENTS, ENVIRONMENTS, RELEASE, as_yaml, documents, golden_path
from stella.evidence import verify_packet
from stella.lab import ShopVersion
from stella.replay import Verdict, replay_packet
from stella.trust import TrustRoot

_BLOCKED_EXIT = 6


class Walk(Doors):
    """The steps, each of which can be taken once those before it were."""

    def start(self) -> None:
        """The control plane, the registry, the hosts, the people, the agents."""
        advisories = demo_snapshot(self.stage.directory / "advisories")
        self.stage.start_server(advisories.path)
        self.summary.console = self.stage.url
        self.teller.say(f"control plane at {self.stage.url}, advisories {advisories.digest.short}")
        self.teller.say(self.stage.start_ground())
        self.log_in()
        for host in ("host-a", "host-b"):
            made = self.acting("admin").post("/agents/tokens", {"name": host})
            self.teller.command(_shown(made["command"]))
            self.stage.enrol(host, shlex.split(made["command"]))
            self.stage.start_agent(host)
        self.until("both agents are online", self.agents_online)
        self.teller.say("two agents enrolled with one-time tokens; they poll outbound over mTLS")

    def apply(self) -> None:
        """The registry, environments and targets, from YAML."""
        ground = self.stage.ground
        listed = documents(ground.registry, self.ports, ground.compose(), ground.project)
        file = self.stage.directory / "shop.yaml"
        file.write_text(as_yaml(listed))
        done = self.acting("admin").post("/apply", {"documents": listed, "dryRun": False})
        self.teller.command("stella apply -f shop.yaml")
        for change in done["changes"]:
            self.teller.say(f"{change['change']:<10} {change['kind']} {change['name']}")
        health = self.acting("admin").post("/integrations/registry/test")
        self.expect(health["outcome"] == "pass", "the registry answers", health["detail"])
        self.teller.command("stella integration test registry")
        self.teller.say(f"the registry: {health['detail']} ({health['durationMs']} ms)")

    def build(self, version: ShopVersion) -> None:
        """Build and push; the push itself starts the scan."""
        if first := self.stage.ground.made_first():
            self.teller.say(first)
        references = self.stage.ground.build(version)
        for component in COMPONENTS:
            self.teller.say(f"pushed {references[component]}")
            scan = self.until(
                f"{references[component]} is scanned", partial(self.scan_of, references[component])
            )
            self.teller.say(f"scanned on push: {_scan_line(scan)}")

    def release(self, version: ShopVersion) -> None:
        """Seal what the tags name now."""
        references = {
            name: f"{self.stage.ground.registry}/shop/{name}:{version.value}" for name in COMPONENTS
        }
        made = self.acting("dana").post(
            "/releases",
            {"name": RELEASE, "version": version.value, "components": references},
        )
        self.summary.releases[version.value] = {
            "id": made["id"],
            "releaseDigest": made["releaseDigest"],
        }
        components = " ".join(f"--component {key}={value}" for key, value in references.items())
        self.teller.command(
            f"stella release create {RELEASE} --version {version.value} {components}"
        )
        self.teller.say(f"sealed {RELEASE} {version.value}: {made['releaseDigest']}")

    def deploy(self, version: ShopVersion, environment: str) -> dict[str, Any]:
        """Promote, approve where people are asked, wait for the end; it must run then."""
        asked = self.request(version, environment)
        done = self.approved_and_ended(asked)
        self.expect_deployed(done, f"{environment} runs {version.value}")
        self.summary.promotions[f"{version.value} -> {environment}"] = done["id"]
        self.teller.say(f"{environment} runs {RELEASE} {version.value} ({done['deployment']})")
        return done

    def golden_path(self, version: ShopVersion) -> None:
        """The whole way as a run of a workflow: people only approve what it asks for."""
        file = self.stage.directory / "golden-path.yaml"
        file.write_text(as_yaml([golden_path(self.stage.ground.registry)]))
        self._command(["apply", "-f", str(file)], "admin")
        words = ["workflow", "start", "golden-path", "--input", f"version={version.value}"]
        run = json.loads(self._command([*words, "-o", "json"], "dana"))["id"]
        for environment in ENVIRONMENTS:
            asked = self.until(
                f"{environment} is asked for", partial(self._asked, run, environment)
            )
            done = self.approved_and_ended({"id": asked})
            self.expect_deployed(done, f"{environment} runs {version.value}")
            self.summary.promotions[f"{version.value} -> {environment}"] = done["id"]
            self.teller.say(f"{environment} runs {RELEASE} {version.value} ({done['deployment']})")
        ended = self.until("the run has ended", partial(self._over, run))
        self.expect(ended["state"] == "succeeded", "the run went well", ended["message"])
        release = self.acting("dana").get(f"/releases/{ended['outputs']['release']}")
        self.summary.releases[version.value] = {
            "id": release["id"],
            "releaseDigest": release["releaseDigest"],
        }
        self.summary.run = {"id": run, "state": ended["state"]}
        self.teller.quote(self._command(["run", "show", run], "dana"), lines_max=10)
        self.teller.say(f"open it, copy it, change it: {self.stage.url}/workflows/golden-path")

    def _command(self, words: list[str], name: str) -> str:
        """What a command says to one person. Raises DemoFailed."""
        done = self.stage.stella(words, token=self.tokens[name])
        told = ("stella", *(Path(one).name if "/" in one else one for one in words))
        self.teller.command(" ".join(told))
        self.expect(done.returncode == 0, f"{words[0]} {words[1]} goes well", done.stderr)
        return str(done.stdout)

    def _asked(self, run: str, environment: str) -> str | None:
        """The promotion that the step of that name waits for, or had waited for."""
        for node in self.acting("dana").get(f"/runs/{run}")["nodes"]:
            if node["key"] == environment:
                waited = node["waitsFor"].removeprefix("promotion:")
                return str(node["outputs"].get("promotion") or waited) or None
        return None

    def _over(self, run: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self.acting("dana").get(f"/runs/{run}")
        return found if found["isOver"] else None

    def refusal(self) -> None:
        """Version 1 at stage: blocked, with the whole why, by the command that a pipeline runs."""
        words = ["promote", f"{RELEASE}@{ShopVersion.V1.value}", "--env", "stage", "--wait"]
        done = self.stage.stella(words, token=self.tokens["dana"])
        self.teller.command(f"stella {' '.join(words)}")
        self.teller.quote(done.stdout or done.stderr, lines_max=16)
        self.teller.say(f"exit code {done.returncode}")
        self.expect(done.returncode == _BLOCKED_EXIT, "the gate says no", done.stderr)
        (blocked,) = self.acting("dana").get("/promotions", environment="stage")["items"]
        decision = self.acting("dana").get(f"/promotions/{blocked['id']}")["decision"]
        reasons = [reason for gate in decision["gates"] for reason in gate["reasons"]]
        self.expect(bool(reasons), "the refusal has reasons", decision)
        self.summary.promotions[f"{ShopVersion.V1.value} -> stage"] = blocked["id"]
        self.summary.refusal = {
            "promotion": blocked["id"],
            "exitCode": done.returncode,
            "reasons": reasons,
            "unblocks": [gate["unblocks"] for gate in decision["gates"] if gate["unblocks"]],
        }

    def move_tag(self) -> None:
        """The tag 2.0.0 names other bytes now; the release does not change, and says so."""
        version = ShopVersion.V2.value
        self.stage.ground.move_tag("web", tag=version, to=ShopVersion.V3.value)
        release = self.summary.releases[version]

        def drifted() -> dict[str, Any] | None:
            found: dict[str, Any] = self.acting("dana").get(f"/releases/{release['id']}")
            return found if any(one["tagDrift"] for one in found["components"]) else None

        now = self.until("the moved tag is seen", drifted)
        self.expect(
            now["releaseDigest"] == release["releaseDigest"], "the release stays what it was", now
        )
        (web,) = [one for one in now["components"] if one["tagDrift"]]
        self.summary.tag_moved = web["tagDrift"]
        self.teller.say(
            f"shop/web:{version} was moved: it names {web['tagDrift']['digest'][:19]} now,"
            f" the release still {web['digest'][:19]}"
        )

    def tamper(self) -> None:
        """One byte changed in the registry's storage: the pull is refused, the old keeps serving."""
        version = ShopVersion.V3
        case = self.stage.ground.tamper_case
        reference = f"{self.stage.ground.registry}/shop/web:{version.value}"
        before = self.served(case.environment)
        changed = self.stage.ground.tamper(reference)
        self.teller.say(f"one byte of {changed} was changed in the registry's storage")
        if case.why:
            self.teller.say(case.why)
        ended = self.approved_and_ended(self.request(version, case.environment))
        deployment = self.acting("dana").get(f"/deployments/{ended['deployment']}")
        (failed,) = [one for one in deployment["targets"] if one["state"] == "failed"]
        self.teller.say(f"{failed['target']}: {failed['message']} ({failed['code']})")
        self.expect("digest mismatch" in failed["message"], "the pull names the mismatch", failed)
        after = self.served(case.environment)
        self.expect(before == after, "the old version keeps serving", after)
        self.teller.say(f"{case.environment} still serves {after}")
        self.stage.ground.tamper(reference)  # the same byte once more: whole again
        self.summary.tamper = {
            "promotion": ended["id"],
            "deployment": ended["deployment"],
            "code": failed["code"],
            "message": failed["message"],
            "serving": after,
        }

    def roll_back(self) -> None:
        """Prod goes back over both hosts as one, by the same road."""
        asked = self.acting("admin").post(
            "/environments/prod/rollback", {"reason": "version 3 is slower than version 2"}
        )
        self.teller.command('stella rollback --env prod -m "version 3 is slower than version 2"')
        done = self.approved_and_ended(asked)
        self.expect_deployed(done, "prod is back")
        served = self.served("prod")
        self.expect(served == ShopVersion.V2.value, "prod serves version 2 on both hosts", served)
        self.summary.promotions["rollback -> prod"] = done["id"]
        self.summary.rollback = {
            "promotion": done["id"],
            "deployment": done["deployment"],
            "serving": served,
        }
        self.teller.say(f"prod serves {served} again, on both hosts ({done['deployment']})")

    def matrix(self) -> None:
        """What runs where."""
        done = self.stage.stella(["matrix"], token=self.tokens["dana"])
        self.teller.command("stella matrix")
        self.teller.quote(done.stdout)

    def fetch_evidence(self) -> None:
        """Every packet, refused and failed ones too, as files."""
        self.packets.mkdir(parents=True, exist_ok=True)
        wanted = 2 * len(self.summary.promotions) - 1 + 2  # the blocked one deployed nothing

        def all_packets() -> list[dict[str, Any]] | None:
            found = list(self.acting("dana").items("/evidence"))
            return found if len(found) >= wanted else None

        for one in self.until(f"{wanted} packets are sealed", all_packets):
            file = self.packets / f"{one['name']}.stella.tar"
            file.write_bytes(self.acting("dana").content(f"/evidence/{one['id']}/packet"))
            self.summary.packets.append(str(file))
        root = self.acting("dana").content("/trust/root")
        (self.packets / "trusted-root.json").write_bytes(root)
        self.teller.say(f"{len(self.summary.packets)} packets in {self.packets}")

    def verify_offline(self) -> None:
        """With nothing but the files: verified, and every decision made again."""
        root_file = self.packets / "trusted-root.json"
        root = TrustRoot.from_json(root_file.read_bytes())
        for packet in sorted(self.summary.packets):
            content = Path(packet).read_bytes()
            verification, replay = verify_packet(content, root), replay_packet(content)
            is_same = replay.verdict is Verdict.IDENTICAL
            self.summary.verify.append({"packet": packet, "good": verification.good})
            self.summary.replay.append({"packet": packet, "identical": is_same})
            good = "good" if verification.good else "BAD"
            self.teller.say(f"{Path(packet).name}: {good}, replay {replay.verdict}")
            self.expect(verification.good, "the packet verifies", verification.checks)
            self.expect(is_same, "the decision replays", replay.steps)
        words = ["evidence", "verify", self.summary.packets[0], "--trusted-root", str(root_file)]
        done = self.stage.stella(words)
        self.expect(done.returncode == 0, "the command says the same", done.stdout)
        self.teller.command(f"stella evidence verify {Path(words[2]).name} --trusted-root ...")
        self.teller.quote(done.stdout)
        self._refuse_changed(self.summary.packets[0], str(root_file))

    def _refuse_changed(self, packet: str, root: str) -> None:
        """One byte changed anywhere: refused, with the place."""
        content = bytearray(Path(packet).read_bytes())
        content[len(content) // 3] ^= 0x01
        changed = self.stage.directory / "changed.stella.tar"
        changed.write_bytes(content)
        done = self.stage.stella(["evidence", "verify", str(changed), "--trusted-root", root])
        self.expect(done.returncode == 1, "a changed packet is refused", done.stdout)
        self.teller.say(f"one byte of it changed: exit code {done.returncode}")
        self.teller.quote(done.stdout or done.stderr, lines_max=4)


def run_walk(walk: Walk) -> None:
    """Everything up to the evidence; the order of the steps is the story."""
    tell = walk.teller
    first = ENVIRONMENTS.index(walk.stage.ground.tamper_case.environment)
    before, after = ENVIRONMENTS[:first], ENVIRONMENTS[first:]
    with tell.step("Start: a control plane, a registry, two hosts with an agent each"):
        walk.start()
    with tell.step("Configure: dev -> stage -> prod, from YAML"):
        walk.apply()
    with tell.step("Build and scan version 1, which carries known-vulnerable packages"):
        walk.build(ShopVersion.V1)
    with tell.step("Release version 1 and deploy it to dev"):
        walk.release(ShopVersion.V1)
        walk.deploy(ShopVersion.V1, "dev")
    with tell.step("Promote version 1 to stage: refused, with the whole why"):
        walk.refusal()
    with tell.step("Version 2 carries fixed packages: by a workflow through dev and stage to prod"):
        walk.build(ShopVersion.V2)
        walk.golden_path(ShopVersion.V2)
    with tell.step("Version 3, and the tag of version 2 is moved to it"):
        walk.build(ShopVersion.V3)
        walk.release(ShopVersion.V3)
        walk.move_tag()
        for environment in before:
            walk.deploy(ShopVersion.V3, environment)
    with tell.step(f"Tamper with version 3 in the registry: the deployment to {after[0]} fails"):
        walk.tamper()
    with tell.step(f"The registry is mended: version 3 goes to {', '.join(after)}"):
        for environment in after:
            walk.deploy(ShopVersion.V3, environment)
    with tell.step("Roll prod back over both hosts, by the same road"):
        walk.roll_back()
        walk.matrix()
    with tell.step("Evidence: a packet for each promotion and each deployment"):
        walk.fetch_evidence()


def _scan_line(scan: dict[str, Any]) -> str:
    counts = scan["counts"] or {}
    found = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "none"
    return f"{scan['components']} packages, findings: {found}; SBOM signed and attached"


def _shown(command: str) -> str:
    """A command without its one-time secret."""
    words = command.split()
    return " ".join(
        "..." if before == "--token" else word
        for before, word in zip(["", *words], words, strict=False)
    )
