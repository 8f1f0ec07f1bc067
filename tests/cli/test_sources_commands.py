"""What was committed, on the command line: between two releases and between two commits."""

from pathlib import Path

from fixtures.git_servers import PASSWORD, USER, GitHttpServer, Repository
from fixtures.road import BASE
from fixtures.shops import Shop
from image.images import build, push
from stella.release.source import REVISION_LABEL, URL_LABEL

DOCUMENT = """\
apiVersion: stella/v1
kind: Integration
name: sources
spec:
  kind: scm
  connector: git
  endpoint: {endpoint}
  networks: [127.0.0.0/8]
  credentials: {{username: "secret://git-user", password: "secret://git-password"}}
  config: {{repository: shop/web.git}}
"""


def sealed(shop: Shop, version: str, url: str, revision: str) -> None:
    image = build(BASE, Labels={URL_LABEL: url, REVISION_LABEL: revision})
    reference = push(shop.registry, image, "shop/web", version)
    component = f"web={reference}"
    done = shop.person("dan")(
        "release", "create", "shop", "--version", version, "--component", component
    )
    assert done.exit_code == 0, done.stderr


def test_the_commits_of_a_release_and_between_two_ids(
    shop: Shop, git_http: GitHttpServer, shop_repository: Repository, tmp_path: Path
):
    made, olga, dan = shop_repository.made, shop.person("olga"), shop.person("dan")
    for secret, value in (("git-user", USER), ("git-password", PASSWORD)):
        assert olga("secret", "set", secret, given=f"{value}\n").exit_code == 0
    file = tmp_path / "sources.yaml"
    file.write_text(DOCUMENT.format(endpoint=git_http.endpoint))
    assert olga("apply", "-f", str(file)).exit_code == 0
    tested = olga("integration", "test", "sources")
    assert (tested.exit_code, "it gives us shop/web.git" in tested.stdout) == (0, True)

    url = f"{git_http.endpoint}/shop/web.git"
    sealed(shop, "1", url, made[3].id)
    first = dan("release", "changes", "shop@1").stdout
    assert "no release of that name was sealed before it" in first
    sealed(shop, "2", url, made[5].id)
    told = dan("release", "changes", "shop@2").stdout
    assert f"web  {url}" in told
    assert told.index(made[5].id[:12]) < told.index(made[4].id[:12])
    assert "Ada Löwe" in told
    assert "signature none" in told
    back = dan("release", "changes", "shop@1", "--since", "shop@2").stdout
    assert "2 commits of the release before are in it no more" in back
    assert dan("release", "changes", "shop@9").exit_code == 3

    words = ("integration", "commits", "sources", "--repository", "shop/web.git")
    ids = ("--base", made[0].id, "--head", made[2].id)
    listed = dan(*words, *ids)
    assert made[2].id[:12] in listed.stdout
    few = dan(*words, *ids, "--limit", "1")
    assert "and more before these" in few.stderr
    assert dan(*words, *ids, "-o", "name").stdout.split() == [made[2].id, made[1].id]
