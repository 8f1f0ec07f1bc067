"""Bad input, one by one, as its sender meets it: the command line, a real server, real agents."""

import gzip
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from image.images import Device, Hard, dpkg_status, metadata, tar_of
from stella.demo.simulated import SimulatedGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk
from stella.evidence import verify_packet
from stella.kernel import Digest, Json, canonical_json
from stella.lab import ShopVersion
from stella.sdk.testing import SimulatedRegistry

pytestmark = pytest.mark.demo

PACKAGES = "usr/local/lib/python3.11/dist-packages"
BASE = {
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "var/lib/dpkg/status": dpkg_status(("libc6", "2.36-9+deb12u10", "glibc")),
}
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


class Shop(Walk):
    """A shop on simulated hosts: version 2 runs in dev and stage."""

    @property
    def registry(self) -> SimulatedRegistry:
        return SimulatedRegistry(self.stage.directory / "simulated" / "registry")

    def run(self, *words: str, by: str = "dana", token: str | None = None) -> tuple[int, str]:
        """The exit code and what was said on standard error. by: whose token; "" for nobody's."""
        whose = token if token is not None else self.tokens.get(by, "")
        done = self.stage.stella(words, token=whose)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr

    def refused(self, *words: str, by: str = "dana", token: str | None = None) -> tuple[int, str]:
        """As ``run``, of what ends in one refusal: it says what, what to do, and its code last."""
        ended, said = self.run(*words, by=by, token=token)
        (error,) = [line for line in said.splitlines() if line.startswith("error: ")]
        told = said.splitlines()[said.splitlines().index(error) + 1 :]
        assert re.fullmatch(r"  ST-[A-Z]{3}-\d{3}", told[-1]), said
        assert len(told) > 1, f"no remedy: {said}"
        assert len(told[0].split()) > 1, f"no remedy: {said}"
        return ended, said

    def push(self, name: str, layer: bytes, media_type: str = GZIP, diff: bytes = b"") -> str:
        """An image of one layer, as it is given; its reference."""
        stored = self.registry.put_blob(f"bad/{name}", layer)
        diff_id = Digest.of(diff or layer).text
        config: Json = {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
        about = self.registry.put_blob(f"bad/{name}", canonical_json(config))
        manifest: Json = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": about.digest.text,
                "size": about.size,
            },
            "layers": [
                {"mediaType": media_type, "digest": stored.digest.text, "size": stored.size}
            ],
        }
        return self.put(name, canonical_json(manifest), MANIFEST)

    def put(self, name: str, manifest: bytes, media_type: str) -> str:
        """Whatever is given, as the manifest of a tag; its reference."""
        self.registry.put_manifest(f"bad/{name}", manifest, media_type=media_type, tag="1")
        return f"{self.stage.ground.registry}/bad/{name}:1"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    summary = Summary(simulated=True)
    stage = Stage(SimulatedGround(("a test",)))
    made = Shop(
        stage, summary, Teller(summary, colours=False), tmp_path_factory.mktemp("p") / "packets"
    )
    try:
        made.start()
        made.apply()
        made.build(ShopVersion.V2)
        made.release(ShopVersion.V2)
        made.deploy(ShopVersion.V2, "dev")
        made.deploy(ShopVersion.V2, "stage")
        yield made
    finally:
        stage.stop()


def create(reference: str, version: str = "7.0.0") -> tuple[str, ...]:
    return ("release", "create", "bad", "--version", version, "--component", f"web={reference}")


@pytest.mark.parametrize(
    ("reference", "why", "code", "exit_code"),
    [
        ("registry.simulated/nobody/knows:1", "has no", "ST-REG-002", 3),
        ("registry.simulated/shop/web:no-such-tag", "has no tag", "ST-REG-002", 3),
        ("127.0.0.1:9/shop/web:1", "in a private network that may not be", "ST-HUB-011", 5),
        ("registry.simulated/Shop/WEB", "not an image reference", "ST-IMG-001", 1),
    ],
    ids=["unknown image", "missing tag", "unnamed registry", "no reference"],
)
def test_an_image_that_cannot_be_had_is_refused_and_nothing_is_sealed(
    shop: Shop, reference: str, why: str, code: str, exit_code: int
) -> None:
    ended, said = shop.refused(*create(reference))
    assert ended == exit_code, said
    assert why in said
    assert code in said
    assert "bad" not in {one["name"] for one in shop.admin.items("/releases")}


def test_a_registry_that_is_named_and_not_there_is_refused_and_nothing_is_sealed(
    shop: Shop,
) -> None:
    spec = {"kind": "registry", "connector": "oci", "endpoint": "127.0.0.1:9"}
    document = {"apiVersion": "stella/v1", "kind": "Integration", "name": "gone", "spec": spec}
    shop.admin.post("/apply", {"documents": [document]})
    ended, said = shop.refused(*create("127.0.0.1:9/shop/web:1"))
    assert (ended, "cannot be reached" in said, "ST-REG-001" in said) == (1, True, True), said
    assert "bad" not in {one["name"] for one in shop.admin.items("/releases")}
    shop.admin.delete("/integrations/gone")


ARM: Json = {
    "schemaVersion": 2,
    "mediaType": INDEX,
    "manifests": [
        {
            "mediaType": MANIFEST,
            "digest": Digest.of(b"arm").text,
            "size": 3,
            "platform": {"os": "unknown", "architecture": "unknown"},
        }
    ],
}


@pytest.mark.parametrize(
    ("manifest", "media_type", "code"),
    [
        (canonical_json(ARM), INDEX, "ST-IMG-002"),
        (b"<html>not found</html>", MANIFEST, "ST-REG-004"),
        (b'{"schemaVersion": 2, "layers": 7}', MANIFEST, "ST-REG-004"),
        (b" " * (5 << 20), MANIFEST, "ST-REG-005"),
        (b"[" * 100_000, MANIFEST, "ST-REG-004"),
    ],
    ids=["no platform of ours", "no JSON", "malformed", "huge", "deep"],
)
def test_a_manifest_that_cannot_be_used_is_refused_and_nothing_is_sealed(
    shop: Shop, manifest: bytes, media_type: str, code: str
) -> None:
    ended, said = shop.refused(*create(shop.put("manifest", manifest, media_type)))
    assert ended in {1, 3}, said
    assert code in said
    assert "bad" not in {one["name"] for one in shop.admin.items("/releases")}


def bad_layer(kind: str) -> tuple[bytes, bytes]:
    """A layer as it is pushed, and what its configuration says it is inside."""
    plain = tar_of(BASE)
    if kind == "truncated":
        return gzip.compress(plain)[:-20], plain
    if kind == "no-tar":
        return gzip.compress(b"hello" * 500), b"hello" * 500
    plain += b"\0" * (300 << 20)
    return gzip.compress(plain), plain


LAYER_REFUSALS = {
    "truncated": ("ST-SBM-001", "pull and push it again"),
    "no-tar": ("ST-SBM-001", "pull and push it again"),
    "bomb": ("ST-SBM-002", "split it or pack it anew"),
}


@pytest.mark.parametrize("name", LAYER_REFUSALS)
def test_a_layer_that_cannot_be_read_ends_the_scan_with_its_reason(shop: Shop, name: str) -> None:
    layer, inside = bad_layer(name)
    reference = shop.push(name, layer, diff=inside)
    code, remedy = LAYER_REFUSALS[name]
    ended, said = shop.refused("scan", reference, "--upload")
    assert ended == 7, said
    assert "could not be scanned" in said
    (scan,) = [one for one in shop.admin.items("/scans") if f"bad/{name}" in one["reference"]]
    assert scan["state"] == "failed"
    assert scan["error"]["code"] == code
    assert code in said
    assert remedy in said
    assert remedy in scan["error"]["message"]
    assert (scan["sbom"], scan["findings"]) == (None, None)


def test_odd_paths_links_devices_and_broken_package_files_are_read_past(shop: Shop) -> None:
    """What is odd is noted in the bill of materials; what is right beside it is still found."""
    odd = tar_of(
        [
            *BASE.items(),
            ("/etc/absolute", b"x"),
            ("../../etc/passwd", b"x"),
            ("a/../../../../etc/shadow", b"x"),
            ("dev/sda", Device()),
            ("hard", Hard("/etc/passwd")),
            ("up", Hard("../../../etc/passwd")),
            (f"{PACKAGES}/good-1.0.dist-info/METADATA", metadata("good", "1.0")),
            (f"{PACKAGES}/bad-1.0.dist-info/METADATA", b"\xff\xfe\0\0"),
            ("srv/node_modules/bad/package.json", b'{"name": ['),
            ("var/lib/dpkg/status.d/broken", b"Package\nVersion: :::\n\xff"),
        ]
    )
    reference = shop.push("odd", gzip.compress(odd), diff=odd)
    ended, said = shop.run("scan", reference, "--upload")
    assert ended == 0, said
    (scan,) = [one for one in shop.admin.items("/scans") if "bad/odd" in one["reference"]]
    sbom = json.loads(shop.admin.content(f"/scans/{scan['id']}/sbom"))
    names = {one["name"] for one in sbom["components"]}
    assert {"libc6", "good"} <= names
    assert not Path("/etc/absolute").exists()
    assert "partial" in json.dumps(sbom).lower() or "gap" in json.dumps(sbom).lower()


@pytest.mark.parametrize(
    ("document", "said", "code"),
    [
        ("kind: Environment\nname: x\nspec: {afterr: dev}", "did you mean 'after'", "ST-ENV-002"),
        ("kind: Environment\nname: x\nspce: {}", "spce", "ST-ENV-002"),
        ("kind: Environment\nname: x\nspec: {after: nowhere}", "nowhere", "ST-ENV-002"),
        ("kind: Policy\nname: x\nspec: {rego: 'package stella.policy\n\n x := '}", "", "ST-POL-001"),
        ("kind: Policy\nname: x\nspec: {rego: 'package stella.policy'}", "", "ST-POL-004"),
        ("kind: [", "line 8", "ST-CLI-101"),
        ("kind: Environment\nname: x\nspec: &spec {parameters: *spec}", "part of itself", "ST-CLI-101"),
    ],
    ids=["unknown key", "unknown key above", "unknown environment", "policy that does not compile",
         "policy that says nothing", "no YAML", "a part of itself"],
)  # fmt: skip
def test_a_document_that_cannot_be_applied_is_refused_and_leaves_nothing(
    shop: Shop, tmp_path: Path, document: str, said: str, code: str
) -> None:
    file = tmp_path / "documents.yaml"
    good = "apiVersion: stella/v1\nkind: Environment\nname: good\nspec: {}"
    file.write_text(f"{good}\n---\napiVersion: stella/v1\n{document}\n")
    ended, told = shop.refused("apply", "-f", str(file), by="olga")
    assert ended == 1, told
    assert said in told
    assert code in told
    assert "good" not in {one["name"] for one in shop.admin.items("/environments")}


def test_a_bomb_of_aliases_is_refused_at_once(shop: Shop, tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    file = tmp_path / "bomb.yaml"
    file.write_text("\n".join(lines))
    begun = time.monotonic()
    ended, said = shop.run("apply", "-f", str(file), by="olga")
    assert ended == 1
    assert "aliases" in said
    assert time.monotonic() - begun < 10


def expired(shop: Shop) -> str:
    """A token whose time is over, as the records say."""
    made = shop.acting("dana").post("/tokens", {"name": "short"})
    with sqlite3.connect(shop.stage.data / "stella.db", timeout=20) as records:
        past = "2020-01-01T00:00:00.000000Z"
        records.execute("UPDATE token SET expires_at = ? WHERE id = ?", (past, made["id"]))
    return str(made["token"])


def test_a_token_that_is_wrong_or_expired_or_may_not_is_told_apart(shop: Shop) -> None:
    words = create("registry.simulated/shop/web:2.0.0")
    for token, exit_code, said, code in (
        ("", 4, "nobody", "ST-IDN-003"),
        ("st_" + "a" * 43, 4, "nobody here has this token", "ST-IDN-003"),
        ("hello", 4, "no token of Stella", "ST-IDN-003"),
        (expired(shop), 4, "expired at", "ST-IDN-003"),
        (shop.tokens["ann"], 5, "lacks the permission release.create", "ST-IDN-004"),
    ):
        ended, told = shop.refused(*words, token=token)
        assert ended == exit_code, told
        assert said in told
        assert code in told
    assert "bad" not in {one["name"] for one in shop.admin.items("/releases")}


def waiting_in_prod(shop: Shop) -> tuple[str, str]:
    """A promotion of version 2 that waits for its approvals; its id and plan."""
    asked = shop.request(ShopVersion.V2, "prod")
    path = f"/promotions/{asked['id']}"
    shop.until("people are asked", lambda: shop.admin.get(path)["state"] == "waiting")
    return asked["id"], shop.admin.get(path)["planDigest"]


def test_approvals_that_do_not_count_are_refused_and_the_right_ones_do(
    shop: Shop, tmp_path: Path
) -> None:
    promotion, plan = waiting_in_prod(shop)
    own = shop.refused("approve", promotion, "-m", "mine", "--plan", plan, by="admin")
    assert own[0] == 5, own
    assert "ST-PRO-003" in own[1]
    nobody = shop.refused("approve", promotion, "-m", "me too", "--plan", plan, by="dana")
    assert nobody[0] == 5, nobody
    assert "ST-IDN-004" in nobody[1]
    busy = shop.refused("promote", "shop@2.0.0", "--env", "prod", by="admin")
    assert busy[0] == 1, busy
    assert "ST-PRO-029" in busy[1]
    # The plan changes after it was looked at: the environment takes less than before.
    file = tmp_path / "prod.yaml"
    rules = "[{rule: security, approvers: [ann], count: 1}, {rule: product, approvers: [ben], count: 1}]"
    spec = f"{{after: stage, parameters: {{severityMax: low}}, approvals: {rules}}}"
    file.write_text(f"apiVersion: stella/v1\nkind: Environment\nname: prod\nspec: {spec}\n")
    assert shop.run("apply", "-f", str(file), by="olga")[0] == 0
    first = shop.run("approve", promotion, "-m", "seen before", "--plan", plan, by="ann")
    path = f"/promotions/{promotion}"
    shop.until("it is judged anew", lambda: shop.admin.get(path)["planDigest"] != plan or first[0])
    if first[0] == 0:  # it counted for a plan that no longer is: it must not clear this one
        shop.run("approve", promotion, "-m", "seen before", "--plan", plan, by="ben")
    else:
        assert "ST-PRO-004" in first[1]
    assert shop.admin.get(path)["state"] == "waiting"
    assert shop.admin.get(path)["deployment"] is None
    newer = shop.until(
        "the plan is a new one",
        lambda: shop.admin.post(f"{path}/evaluate", {}) and shop.admin.get(path)["planDigest"],
    )
    assert newer != plan
    for name in ("ann", "ben"):
        ended, told = shop.run("approve", promotion, "-m", "seen", "--plan", newer, by=name)
        assert ended == 0, told
    shop.until("it is deployed", lambda: shop.admin.get(path)["state"] == "deployed")
    assert verify_packet(shop.packet_of(promotion)).good


def test_a_command_says_on_standard_error_that_the_server_is_simulated(shop: Shop) -> None:
    ended, said = shop.run("matrix")
    assert ended == 0
    assert said == f"SIMULATED: no real host stands behind {shop.stage.url}\n"


def test_nothing_of_it_all_was_left_half_done(shop: Shop) -> None:
    assert shop.admin.get("/audit/verify")["good"]
    checks = {one["name"]: one for one in shop.admin.get("/doctor")["checks"]}
    assert checks["handlers"]["outcome"] == "pass"
    assert "Traceback" not in (shop.stage.directory / "server.log").read_text()


def test_no_secret_stands_anywhere_but_where_it_belongs(shop: Shop) -> None:
    directory = shop.stage.directory
    hook = (shop.stage.data / "keys" / "registry-hook.token").read_bytes().strip()
    secrets = {**{name: token.encode() for name, token in shop.tokens.items()}, "hook": hook}
    secrets["bootstrap"] = shop.stage.password.encode()
    found = {
        (name, path.relative_to(directory).as_posix())
        for path in directory.rglob("*")
        if path.is_file()
        for name, secret in secrets.items()
        if secret in path.read_bytes()
    }
    # The first login is shown once, on the server's own output; the hook's token is its file.
    assert found == {("hook", "server/keys/registry-hook.token"), ("bootstrap", "server.log")}
    for process in shop.stage.processes.values():
        line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert not any(secret in line for secret in secrets.values())
