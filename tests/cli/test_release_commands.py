"""Releases, scans, environments, freezes, deployments and stickers on the command line."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import yaml

from fixtures.shops import DOCUMENTS, Shop, target
from stella.cli.main import main
from stella.cli.times import end_of
from stella.kernel import Digest
from stella.plugin.order import OrderOutcome
from stella.sbom.format import read_inventory

DEV = DOCUMENTS + target("dev", "host-a", "web") + target("dev", "host-b", "worker")


def test_a_release_is_sealed_shown_compared_and_withdrawn(shop: Shop):
    dan = shop.person("dan")
    assert dan.data("release", "list") == []
    old, new = shop.release("1", old=True), shop.release("2")
    assert dan("release", "list", "-o", "name").stdout.split() == [new["id"], old["id"]]
    shown = dan("release", "get", "shop@1")
    web = old["components"][0]
    assert f"  digest  {web['digest']}" in shown.stdout
    assert "packages; " in shown.stdout
    assert "high" in shown.stdout
    compared = dan("release", "diff", "shop@1", "shop@2").stdout
    assert f"{web['digest']} -> {new['components'][0]['digest']}" in compared
    assert "urllib3 (pypi)  1.26.4 -> 2.6.3" in compared
    assert "fixed  high PYSEC-2021-108 in urllib3 1.26.4" in compared
    assert dan.data("release", "diff", "shop@2", "shop@2")["components"][0]["packages"] == []
    assert dan.data("release", "withdraw", "shop@1", "-m", "leaks")["state"] == "withdrawn"
    assert dan("release", "get", "shop@7").exit_code == 3
    again = dan("release", "create", "shop", "--version", "2", "-c", "web=registry.test/x:1")
    assert again.exit_code in {1, 3}


def test_variables_are_listed_previewed_and_revised(shop: Shop):
    dan = shop.person("dan")
    said = "kind: Variables\nname: shop\nspec: {variables: [%s]}\napiVersion: stella/v1\n---\n"
    level = "{name: LEVEL, value: info}, {name: LEVEL, value: warn, when: {environment: [dev]}}"
    shop.apply(DEV + "---\n" + said % level)
    shop.release("1")
    assert "'warn'" in dan("variable", "list").stdout
    shown = dan("variable", "preview", "shop@1", "--env", "dev").stdout
    assert "LEVEL  'warn'" in shown
    assert "environment dev is more exact than everywhere" in shown
    assert "  beats  'info'  everywhere (shop)" in shown
    shop.apply(said % "{name: LEVEL, value: debug}")
    revised = dan("release", "revise", "shop@1", "-m", "more words")
    assert "revision 2  1 variables" in revised.stdout
    assert dan("release", "revisions", "shop@1", "-o", "name").stdout.split() == ["2", "1"]
    shop.release("2")
    assert dan.data("release", "diff", "shop@1", "shop@2")["variables"] == []
    again = dan("release", "revise", "shop@1", "-m", "again")
    assert again.exit_code == 1
    assert "ST-REL-006" in again.stderr


def test_the_configuration_comes_out_as_it_went_in(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    shop.apply(DEV)
    file = tmp_path / "all.yaml"
    assert olga("export", "config", "--to", str(file)).exit_code == 0
    assert {one["kind"] for one in yaml.safe_load_all(file.read_text())} >= {
        "Environment",
        "Target",
    }
    changes = olga("apply", "-f", str(file), "--dry-run").stdout.splitlines()
    assert {line.split()[0] for line in changes} == {"unchanged"}
    names = olga("export", "config", "-k", "Environment", "-o", "name").stdout.split()
    assert "Environment/dev" in names
    assert olga("export", "config", "-k", "Nothing").exit_code != 0


COMPONENTS = """
---
apiVersion: stella/v1
kind: Component
name: web
spec: {image: registry.test/shop/web}
---
apiVersion: stella/v1
kind: ReleaseTemplate
name: front
spec: {components: {web: {}}, version: "7.{counter}"}
"""


def test_a_release_is_made_of_a_template(shop: Shop):
    dan = shop.person("dan")
    shop.apply(DEV + COMPONENTS)
    shop.release("1.0.0")
    shop.release("1.1.0")
    assert "registry.test/shop/web" in dan("component", "list").stdout
    assert "web any" not in dan("component", "get", "web").stdout
    assert dan("component", "versions", "web", "-o", "name").stdout.split() == ["1.1.0", "1.0.0"]
    assert "7.{counter}" in dan("release", "templates").stdout
    now = dan.data("component", "resolve", "web", "1.0.0")
    assert (now["tag"], now["digest"][:7]) == ("1.0.0", "sha256:")
    assert dan("component", "resolve", "web", "9.9").exit_code == 3
    would = dan("release", "make", "front", "--dry-run").stdout
    assert would.startswith("front 7.1 would be sealed")
    assert "web 1.1.0  new" in would
    assert dan.data("release", "make", "front")["version"] == "7.1"
    older = dan.data("release", "make", "front", "--pick", "web=1.0.0")
    assert older["components"][0]["reference"] == "registry.test/shop/web:1.0.0"
    assert older["components"][0]["digest"] == now["digest"]
    assert "web 1.1.0  changes" in dan("release", "make", "front", "--dry-run").stdout
    named = dan("release", "list", "--component", "web", "--name", "front", "-o", "name")
    assert len(named.stdout.split()) == 2
    assert dan("release", "make", "front", "--pick", "web").exit_code == 2
    assert dan("release", "make", "gone").exit_code == 3


@pytest.mark.parametrize("component", ["web", "=x", "web="])
def test_a_component_that_names_no_image_is_a_usage_error(shop: Shop, component: str):
    words = ("release", "create", "shop", "--version", "1", "-c", component)
    done = shop.person("dan")(*words)
    assert done.exit_code == 2
    assert "NAME=IMAGE" in done.stderr


def test_the_server_scans_and_lists_what_it_scanned(shop: Shop):
    dan = shop.person("dan")
    web = shop.push("1", old=True)["web"]
    assert dan.data("image", "scans") == []
    done = dan("scan", web, "--upload")
    assert done.exit_code == 0, done.stderr
    assert " high" in done.stdout
    assert dan("scan", web, "--upload", "--fail-on", "high").exit_code == 1
    assert dan("scan", web, "--upload", "--fail-on", "critical").exit_code == 0
    assert "--sign" in dan("scan", web, "--upload", "--sign", "key").stderr
    (scan,) = dan.data("image", "scans")
    shown = dan("image", "show", scan["id"]).stdout
    assert "runs " in shown
    assert "end of life" in shown
    for form in ("cyclonedx-json", "cyclonedx-xml", "spdx-json"):
        written = dan("image", "sbom", scan["id"], "-o", form).stdout
        assert len(read_inventory(written.encode()).components) == scan["components"]
    (run,) = json.loads(dan("image", "sbom", scan["id"], "-o", "sarif").stdout)["runs"]
    assert len(run["results"]) == sum(scan["counts"].values())
    assert dan("image", "sbom", scan["id"], "-o", "table").exit_code == 1
    assert dan("image", "sbom", "scn_1").exit_code == 3
    missing = dan("scan", web.replace(":1", ":9"), "--upload")
    assert missing.exit_code == 7
    assert "ST-CLI-103" in missing.stderr
    assert "scan failed: " in dan("image", "scans").stdout


def test_an_environment_as_yaml_applies_without_a_change(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    shop.apply(DEV)
    file = tmp_path / "dev.yaml"
    assert olga("environment", "get", "dev", "-o", "yaml", "--to", str(file)).stdout == ""
    kinds = [one["kind"] for one in yaml.safe_load_all(file.read_text())]
    assert kinds == ["Environment", "Target", "Target"]
    again = olga.data("apply", "-f", str(file))
    assert {one["change"] for one in again} == {"unchanged"}
    assert olga("environment", "list", "-o", "name").stdout == "dev\nstage\nprod\n"
    assert "1 security" in olga("environment", "list").stdout
    assert "policy starter sha256:" in olga("environment", "get", "prod").stdout
    assert olga.data("target", "list", "--env", "stage") == []
    assert olga("target", "list").stdout.splitlines()[1].split()[:4] == [
        "dev-a",
        "dev",
        "docker",
        "host-a",
    ]
    assert olga("environment", "get", "nowhere").exit_code == 3


WITH_RULES = """\
apiVersion: stella/v1
kind: Environment
name: dev
spec: {}
---
apiVersion: stella/v1
kind: Environment
name: prod
spec:
  after: dev
  policy: starter
  soak: {hours: 24}
  parameters: {severityMax: high}
  approvals:
    - {rule: lead, approvers: [ann], exclude: [releaseCreator, requester]}
    - {rule: nobody is left out, approvers: [approver], exclude: []}
    - rule: security
      approvers: [approver]
      count: 2
      expiresAfter: 48
      after: lead
      when: {findingsWorsened: high}
"""


def test_approval_rules_and_soaking_come_back_as_they_were_applied(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    shop.apply(WITH_RULES)
    file = tmp_path / "prod.yaml"
    assert olga("environment", "get", "prod", "-o", "yaml", "--to", str(file)).exit_code == 0
    again = olga.data("apply", "-f", str(file))
    assert {one["change"] for one in again} == {"unchanged"}
    kept = yaml.safe_load(file.read_text())["spec"]
    assert kept["soak"] == {"in": "dev", "hours": 24}
    assert kept["approvals"][0] == {
        "rule": "lead",
        "approvers": ["ann"],
        "count": 1,
        "exclude": ["releaseCreator", "requester"],
    }


def test_policies_come_from_the_server_as_they_are_applied(shop: Shop, tmp_path: Path):
    olga = shop.person("olga")
    assert olga("policy", "list", "-o", "name").stdout == "starter\n"
    assert "package stella.policy" in olga("policy", "get", "starter").stdout
    document = yaml.safe_load(olga("policy", "get", "starter", "-o", "yaml").stdout)
    file = tmp_path / "ours.yaml"
    file.write_text(yaml.safe_dump({**document, "name": "ours"}))
    assert [one["change"] for one in olga.data("apply", "-f", str(file))] == ["created"]
    digests = {one["digest"] for one in olga.data("policy", "list")}
    assert len(digests) == 1
    assert olga("policy", "get", "none").exit_code == 3


def test_agents_are_listed_let_in_and_shut_out(shop: Shop):
    olga = shop.person("olga")
    assert olga("agent", "list", "-o", "name").stdout == "host-a\nhost-b\n"
    made = olga("agent", "token", "host-c")
    assert "stella agent enroll --url" in made.stdout
    assert "not shown again" in made.stderr
    assert olga.data("agent", "revoke", "host-b", "-m", "sold")["state"] == "revoked"
    assert olga("agent", "revoke", "host-z", "-m", "sold").exit_code == 3
    assert shop.person("dan")("agent", "token", "x").exit_code == 5


def test_a_frozen_environment_takes_nothing_until_the_freeze_ends(shop: Shop):
    olga, dan = shop.person("olga"), shop.person("dan")
    shop.apply(DEV)
    shop.release("1")
    assert olga.data("freeze", "list") == []
    frozen = olga.data("freeze", "create", "--env", "dev", "--until", "2h", "-m", "party")
    assert frozen["holds"]
    assert "dev (frozen)".upper() in dan("matrix").stdout
    done = dan("promote", "shop@1", "--env", "dev", "--wait")
    assert done.exit_code == 6
    assert f"stella freeze end {frozen['id']}" in done.stdout
    assert not olga.data("freeze", "end", frozen["id"], "-m", "over")["holds"]
    assert dan("promote", "shop@1", "--env", "dev", "--wait").exit_code == 0
    assert olga("freeze", "create", "--env", "dev", "--until", "soon", "-m", "x").exit_code == 2
    past = olga("freeze", "create", "--env", "dev", "--until", "2020-01-01T00:00:00Z", "-m", "x")
    assert past.exit_code == 1


def test_a_span_counts_from_the_start():
    start = datetime(2030, 1, 1, tzinfo=UTC)
    assert end_of("1d2h30m", start) == datetime(2030, 1, 2, 2, 30, tzinfo=UTC)
    assert end_of("2030-01-01T03:00:00+02:00", start).hour == 1
    for text in ("", "2", "h", "2x", "m2", "2030-01-01T00:00:00"):
        with pytest.raises(typer.BadParameter):
            end_of(text, start)


def test_deployments_are_listed_watched_and_read(shop: Shop):
    shop.apply(DEV)
    shop.release("1")
    dan = shop.person("dan")
    assert dan.data("deploy", "list") == []
    shop.deployed("1", "dev")
    (deployment,) = dan("deploy", "list", "-o", "name").stdout.split()
    assert dan("deploy", "watch", deployment).exit_code == 0
    shown = dan("deploy", "show", deployment).stdout
    assert "deploy.stella.script.pyz  sha256:" in shown
    assert "release.evidence.json" in shown
    lines = dan.data("deploy", "logs", deployment)
    assert sorted(one["line"] for one in lines) == ["host-a pulls", "host-b pulls"]
    only = dan("deploy", "logs", deployment, "--target", "dev-a").stdout
    assert "host-a pulls" in only
    assert "host-b" not in only
    followed = dan("deploy", "logs", deployment, "--follow", "-o", "json")
    assert [json.loads(one)["seq"] for one in followed.stdout.splitlines()] == [1, 2]
    assert dan("deploy", "logs", deployment, "--follow", "-o", "yaml").exit_code == 2
    shop.outcomes["host-a"] = OrderOutcome.FAILED
    shop.release("2")
    assert dan("promote", "shop@2", "--env", "dev", "--wait").exit_code == 7
    failed = dan("deploy", "list", "--state", "failed", "-o", "name").stdout.strip()
    assert dan("deploy", "watch", failed).exit_code == 7
    assert dan("deploy", "watch", "dep_none").exit_code == 3


def test_a_sticker_is_verified_with_no_server(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shop.apply(DEV)
    shop.release("1")
    shop.deployed("1", "dev")
    with shop.client("dan") as client:
        (deployment,) = client.get("/deployments")["items"]
        made = {one["name"]: one["digest"] for one in deployment["artifacts"]}
        sticker, root = tmp_path / "stella.version.json", tmp_path / "root.json"
        sticker.write_bytes(client.content(f"/artifacts/{made['stella.version.json']}"))
        root.write_bytes(client.content("/trust/root"))
    monkeypatch.delenv("STELLA_URL")
    offline = shop.command
    verify = ("sticker", "verify", str(sticker), "--trusted-root", str(root))
    said = offline.data(*verify)
    assert (said["good"], said["release"], said["version"]) == (True, "shop", "1")
    assert "environment    dev" in offline(*verify).stdout
    sticker.write_bytes(sticker.read_bytes().replace(b'"version":"1"', b'"version":"2"'))
    changed = offline(*verify)
    assert changed.exit_code == 1
    assert "because" in changed.stdout
    sticker.write_bytes(b"[]")
    assert offline(*verify, "-o", "json").exit_code == 1
    root.write_text("{}")
    assert offline(*verify).exit_code != 0
    assert main(["sticker", "verify", str(tmp_path / "none"), "--trusted-root", "x"]) == 1
    assert Digest.of(b"").text not in changed.stdout
