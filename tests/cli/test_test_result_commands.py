"""``stella test-result``: from a runner's report to a statement that a server knows."""

from pathlib import Path

from fixtures.commands import Command
from stella.trust import create_key
from tested.test_junit import PASSED, PYTEST

DIGEST = "sha256:" + "a" * 64


def test_a_report_becomes_a_signed_statement_that_says_what_it_says(
    command: Command, tmp_path: Path
):
    key, report, made = tmp_path / "ci.key", tmp_path / "junit.xml", tmp_path / "tests.json"
    create_key(tmp_path, "ci")
    report.write_bytes(PYTEST)
    words = ("test-result", "create", str(report), "--image", f"shop.example/web@{DIGEST}")
    assert command(*words, "--sign", str(key), "--to", str(made)).exit_code == 0
    told = command(
        "test-result", "verify", str(made), "--key", str(tmp_path / "ci.pub"), "--image", DIGEST
    )
    assert told.exit_code == 1, "tests failed"
    assert "result    FAILED (1 passed, 0 warned, 1 failed)" in told.stdout
    assert "failed    unit: shop.test_cart.test_tax" in told.stdout
    other = command(
        "test-result",
        "verify",
        str(made),
        "--key",
        str(tmp_path / "ci.pub"),
        "--image",
        DIGEST[:-1] + "b",
    )
    assert other.exit_code == 7
    assert command("test-result", "verify", str(made)).exit_code == 1
    bare = command("test-result", "create", str(report), "--image", "shop.example/web:1")
    assert "stella image resolve" in bare.stderr


def test_statements_are_handed_in_listed_and_withdrawn(admin: Command, tmp_path: Path):
    report, made = tmp_path / "junit.xml", tmp_path / "tests.json"
    report.write_bytes(PASSED)
    words = ("test-result", "create", str(report), "--image", DIGEST, "--suite", "unit")
    assert admin(*words, "--to", str(made)).exit_code == 0
    (row,) = admin.data("test-result", "upload", str(made))
    assert (row["result"], row["suites"], row["by"]) == ("PASSED", ["unit"], "root")
    assert [one["id"] for one in admin.data("test-result", "list", "--image", DIGEST)] == [
        row["id"]
    ]
    ended = admin.data("test-result", "withdraw", row["id"], "--reason", "a mistake")
    assert ended["state"] == "withdrawn"
