"""Followed repositories on the command line."""

import os
from datetime import timedelta
from pathlib import Path

from cli.test_sources_commands import DOCUMENT
from fixtures.git_servers import PASSWORD, USER, GitHttpServer, made_repository
from fixtures.shops import Shop
from stella.app.followed import Follower
from stella.identity import Role, create_user
from stella.identity.tokens import open_session

FOLLOWED = """\
apiVersion: stella/v1
kind: FollowedRepository
name: config
spec:
  integration: sources
  repository: shop/{name}.git
  files: [stella.yaml]
"""
VARIABLES = "apiVersion: stella/v1\nkind: Variables\nname: from-git\nspec: {variables: []}\n"


def test_a_repository_is_listed_shown_asked_for_and_let_follow(
    shop: Shop, git_http: GitHttpServer, git_root: Path, tmp_path: Path
) -> None:
    name = f"commands-{tmp_path.name}"
    made = made_repository(git_root / "shop", name)
    made.git("--git-dir", str(made.path), "config", "uploadpack.allowFilter", "true")
    (made.work / "stella.yaml").write_text(VARIABLES)
    first = made.commit("Begin with variables").id
    made.push()
    with shop.services.database.transaction(actor="system") as tx:
        user = create_user(tx, name="root", roles=(Role.ADMIN,)).id
        shop.tokens["root"] = open_session(tx, user, secret=os.urandom(32), name="t", hours=1).text
    root, dan = shop.person("root"), shop.person("dan")
    for secret, value in (("git-user", USER), ("git-password", PASSWORD)):
        assert root("secret", "set", secret, given=f"{value}\n").exit_code == 0
    file = tmp_path / "follow.yaml"
    file.write_text(
        DOCUMENT.format(endpoint=git_http.endpoint) + "---\n" + FOLLOWED.format(name=name)
    )
    done = root("apply", "-f", str(file))
    assert done.exit_code == 0, done.stderr
    listed = dan("repository", "list").stdout.split()
    assert listed[listed.index("config") + 1] == "waiting"
    assert root("repository", "sync", "config", "--no-wait").exit_code == 0
    Follower(shop.services, timedelta(hours=1)).sweep()
    shown = dan("repository", "show", "config").stdout
    assert shown.startswith("config: applied")
    assert f"applied: {first[:12]}" in shown
    assert "1 document kept as repository-config" in shown

    made.git("commit", "-q", "--amend", "-m", "Begun otherwise")
    second = made.git("rev-parse", "HEAD")
    made.push()
    root("repository", "sync", "config", "--no-wait")
    Follower(shop.services, timedelta(hours=1)).sweep()
    shown = dan("repository", "show", "config").stdout
    assert shown.startswith("config: refused")
    assert "history was rewritten" in shown
    refused = dan("repository", "accept", "config", second, "-m", "mine")
    assert refused.exit_code != 0
    accepted = root("repository", "accept", "config", second, "-m", "I amended it")
    assert accepted.exit_code == 0, accepted.stderr
    Follower(shop.services, timedelta(hours=1)).sweep()
    assert f"applied: {second[:12]}" in dan("repository", "show", "config").stdout
    assert dan("repository", "show", "nobodys").exit_code == 3
