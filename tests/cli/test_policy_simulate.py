"""``stella policy simulate`` on a server: drafts from files, against now and against history."""

from pathlib import Path

from fixtures.shops import DOCUMENTS, Shop, target

DEV = DOCUMENTS + target("dev", "host-a", "web") + target("dev", "host-b", "worker")
NEVER = """package stella.policy
results contains {"rule": "never", "outcome": "blocked", "message": "no"}
"""


def test_a_draft_is_tried_on_history_and_on_now(shop: Shop, tmp_path: Path):
    olga, dan = shop.person("olga"), shop.person("dan")
    shop.apply(DEV)
    shop.release("1")
    assert dan("promote", "shop@1", "--env", "dev", "--wait").exit_code == 0
    (tmp_path / "never.rego").write_text(NEVER)
    (tmp_path / "never_test.rego").write_text("package t\ntest_a if false")
    said = olga("policy", "simulate", str(tmp_path), "--history").stdout
    assert "PASS -> BLOCKED  shop 1 -> dev" in said
    assert "+ never: no" in said
    assert "1 of 1 decisions flip, 0 skipped" in said
    for words in (("--env", "dev"), ("--env", "dev", "--release", "shop@1")):
        found = olga.data("policy", "simulate", str(tmp_path), *words)
        assert [one["after"] for one in found["flips"]] == ["blocked"]
    assert olga("policy", "simulate", str(tmp_path)).exit_code == 2
    assert olga("policy", "simulate", str(tmp_path), "--history", "-r", "shop@1").exit_code == 2
