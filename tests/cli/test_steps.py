"""Steps and policy packs on the command line: planned, taken, shown, and documents to apply."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.test_step_plugins import environment, target, wheel
from fixtures.commands import Command
from fixtures.shops import Shop
from plugin.packages import SCHEMA, wheel_of
from stella.identity import Role, create_user
from stella.identity.tokens import open_session

pytestmark = pytest.mark.apart

PACK = """
from stella.sdk import PackDocument

class Pack:
    def __init__(self, connection):
        pass

    def documents(self):
        return DOCUMENTS

PLUGIN = Plugin(policy_packs={"rules": Pack})
"""
RULES = (
    "apiVersion: stella/v1\nkind: Policy\nname: lenient\nspec:\n  rego: |\n"
    "    package stella.policy\n"
    '    results contains {"rule": "always", "outcome": "pass", "message": "yes"}\n'
)


@pytest.fixture
def root(shop: Shop) -> Any:
    """An administrator's command lines; plugins end with the test."""
    with shop.services.database.transaction(actor="system") as tx:
        user = create_user(tx, name="root", roles=(Role.ADMIN,), password_hash=None).id
    with shop.services.database.transaction(actor=user) as tx:
        shop.tokens["root"] = open_session(
            tx, user, secret=os.urandom(32), name="test", hours=1
        ).text
    yield shop.person("root")
    shop.services.plugging.close()


def install(root: Command, name: str, content: bytes, folder: Path) -> None:
    file = folder / f"{name}.whl"
    file.write_bytes(content)
    for words in (("install", str(file)), ("grant", name, "--everything"), ("enable", name)):
        done = root("plugin", *words)
        assert done.exit_code == 0, done.stderr


def documents(before: str, after: str) -> str:
    listed = [environment(before, after), target("a", "web"), target("b", "worker")]
    return str(yaml.safe_dump_all(listed))


def test_steps_are_shown_where_they_are_planned_taken_and_set(
    shop: Shop, root: Command, tmp_path: Path
) -> None:
    install(root, "odd", base64.b64decode(wheel()["wheel"]), tmp_path)
    shop.apply(documents("fine", "no"))
    olga, dan = shop.person("olga"), shop.person("dan")
    assert "step first: odd-step, before the targets" in olga("environment", "get", "dev").stdout

    kept = olga("environment", "get", "dev", "-o", "yaml").stdout
    assert olga("apply", "-f", "-", given=kept).stdout.count("unchanged") == 3

    shop.release("2.0.0")
    planned = dan("promote", "shop@2.0.0", "--env", "dev", "--dry-run").stdout
    assert "before: first  odd-step of odd 1.0.0" in planned
    assert "    do: fine" in planned
    assert planned.index("before: first") < planned.index("dev-a") < planned.index("after: last")

    done = dan("promote", "shop@2.0.0", "--env", "dev", "--wait")
    assert done.exit_code == 7
    (deployment,) = dan.data("deploy", "list")
    shown = dan("deploy", "show", deployment["id"]).stdout
    assert f"before: first  passed: {deployment['id']}:first by 1.0.0" in shown
    assert "after: last  failed: the answer is no (ST-STP-001)" in shown
    assert "odd-step" in root("plugin", "show", "odd").stdout


def test_what_a_policy_pack_holds_is_read_and_then_applied(
    shop: Shop, root: Command, tmp_path: Path
) -> None:
    pack = {"kind": "policy_pack", "name": "rules", "title": "Rules", "configSchema": SCHEMA}
    code = f"DOCUMENTS = (PackDocument('lenient.yaml', {RULES!r}),)"
    content = wheel_of(
        "rules", PACK.replace("class Pack", f"{code}\n\nclass Pack"), contributes=[pack]
    )
    assert root("plugin", "documents", "rules").exit_code == 3
    install(root, "rules", content, tmp_path)

    (row,) = root.data("plugin", "documents", "rules")
    assert (row["pack"], row["name"], row["text"]) == ("rules", "lenient.yaml", RULES)
    assert "lenient.yaml" in root("plugin", "documents", "rules").stdout
    assert "lenient.yaml" in root("plugin", "show", "rules").stdout
    assert root("policy", "get", "lenient").exit_code != 0, "nothing was applied by that"
    file = tmp_path / "rules.yaml"
    assert root("plugin", "documents", "rules", "-o", "yaml", "--to", str(file)).exit_code == 0
    assert "created" in root("apply", "-f", str(file), "--dry-run").stdout
    assert root("apply", "-f", str(file)).exit_code == 0
    assert "always" in root("policy", "get", "lenient").stdout
    del shop


@pytest.mark.parametrize(
    ("documents", "why"),
    [
        ("tuple(PackDocument(str(n), '') for n in range(101))", "more than 100 documents"),
        ("(PackDocument('a', 'x' * 2_000_000),)", "more than 1 MiB"),
        ("(PackDocument('a\\n', ''),)", "cannot be shown"),
        ("3", "returned"),
    ],
)
def test_a_pack_that_is_too_much_is_refused(
    root: Command, tmp_path: Path, documents: str, why: str
) -> None:
    pack = {"kind": "policy_pack", "name": "rules", "title": "Rules", "configSchema": SCHEMA}
    content = wheel_of("rules", PACK.replace("DOCUMENTS", documents), contributes=[pack])
    install(root, "rules", content, tmp_path)
    done = root("plugin", "documents", "rules")
    assert done.exit_code == 7
    assert why in done.stderr
