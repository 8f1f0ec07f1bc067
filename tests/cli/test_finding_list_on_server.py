"""``stella finding list`` against a server that listens."""

from fixtures.commands import Command


def test_a_server_without_scans_lists_nothing_and_a_wrong_word_is_refused(admin: Command):
    assert admin.data("finding", "list") == []
    assert admin.data("finding", "list", "--severity", "high", "--fixable", "--counts") == []
    assert "vex cannot be" in admin("finding", "list", "--vex", "fine").stderr
    assert admin("finding", "list", "--env", "nowhere").exit_code == 3
