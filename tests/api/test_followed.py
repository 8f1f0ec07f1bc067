"""A repository is followed: what its commits say is applied, or refused as a whole."""

import dataclasses
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.test_sources import integrate
from fixtures.control import Control
from fixtures.git_servers import GitHttpServer, Repository, made_repository
from stella.api.applying import BESIDE
from stella.app import followed as followed_by
from stella.app.followed import Follower

pytestmark = pytest.mark.path

ENVIRONMENT = "apiVersion: stella/v1\nkind: Environment\nname: {}\nspec: {{}}\n"
FREEZE = """apiVersion: stella/v1
kind: Freeze
name: nights
spec:
  environments: [qa]
  from: 2030-01-04T22:00
  until: 2030-01-05T06:00
  timeZone: UTC
  recurrence: FREQ=DAILY
  reason: nobody is there
"""


@dataclass
class Followed:
    """A control plane and the repository that it follows as ``shop``."""

    control: Control
    repository: Repository
    follower: Follower

    def write(self, *texts: str, path: str = "stella.yaml", **more: Any) -> str:
        """A commit with these documents; its id."""
        (self.repository.work / path).write_text("---\n".join(texts))
        made = self.repository.commit("Change what is configured", *more.pop("words", ()))
        self.repository.push()
        return made.id

    def follow(self, by: str = "root", name: str = "shop", **spec: Any) -> Any:
        document = {
            "apiVersion": "stella/v1",
            "kind": "FollowedRepository",
            "name": name,
            "spec": {
                "integration": "sources",
                "repository": f"shop/{self.repository.path.name}",
                "files": ["stella.yaml"],
                **spec,
            },
        }
        return self.control.ask("POST", "/apply", {"documents": [document]}, by=by)

    def look(self, **span: float) -> Any:
        """How it stands after the next look."""
        self.control.clock.go_on(**(span or {"minutes": 2}))
        self.follower.sweep()
        self.control.settle()
        return self.control.get("/repositories/shop", by="vic")

    def environments(self) -> list[str]:
        found = self.control.get("/documents", kind="Environment")["items"]
        return [one["name"] for one in found]

    def facts(self, kind: str) -> list[Any]:
        self.control.seal()
        return [
            one
            for one in self.control.get("/facts", subject="shop")["items"]
            if one["kind"] == kind
        ]


def config_repository(tmp_path: Path, git_root: Path) -> Repository:
    """One that nobody else follows."""
    made = made_repository(git_root / "shop", f"config-{tmp_path.name}")
    made.git("--git-dir", str(made.path), "config", "uploadpack.allowFilter", "true")
    return made


@pytest.fixture
def repository(tmp_path: Path, git_root: Path) -> Repository:
    return config_repository(tmp_path, git_root)


@pytest.fixture
def followed(control: Control, git_http: GitHttpServer, repository: Repository) -> Followed:
    integrate(control, git_http.endpoint)
    return Followed(control, repository, Follower(control.services, timedelta(minutes=1)))


def environment(name: str) -> str:
    return ENVIRONMENT.format(name)


def test_what_a_commit_says_is_applied_and_what_it_says_no_more_ends(followed: Followed) -> None:
    first = followed.write(environment("qa"), environment("live"))
    assert followed.follow().is_success
    assert followed.control.get("/repositories/shop")["state"] == "waiting"
    shown = followed.look()
    assert (shown["state"], shown["applied"], shown["refusal"]) == ("applied", first, None)
    assert (shown["documents"], shown["head"]["title"]) == (2, "Change what is configured")
    assert sorted(followed.environments()) == ["live", "qa"]
    owners = followed.control.get("/documents/owned", owner="repository-shop")["items"]
    assert {(one["kind"], one["name"]) for one in owners} == {
        ("Environment", "qa"),
        ("Environment", "live"),
    }
    second = followed.write(environment("qa"))
    shown = followed.look()
    assert (shown["applied"], followed.environments()) == (second, ["qa"])
    said = [one["data"] for one in followed.facts("RepositoryApplied")]
    assert {(one["commit"], one["before"], one["changed"]) for one in said} == {
        (first, None, 2),
        (second, first, 1),
    }
    assert said[0]["author"] == "Ada Löwe <ada@shop.example>"
    actors = {one["actor"]["id"] for one in followed.facts("RepositoryApplied")}
    assert actors == {"repository:shop"}
    assert not followed.facts("RepositoryRefused")


def test_nobody_else_changes_what_a_repository_keeps(followed: Followed) -> None:
    followed.write(environment("qa"))
    followed.follow()
    followed.look()
    document = {
        "apiVersion": "stella/v1",
        "kind": "Environment",
        "name": "qa",
        "spec": {"endsAt": "2031-01-01T00:00:00Z"},
    }
    answer = followed.control.apply(document)
    assert answer.json()["code"] == "ST-ENV-008"
    answer = followed.control.apply(document, owner="repository-shop")
    assert "followed repository" in answer.json()["title"]


def test_nothing_is_asked_twice_where_nothing_came(followed: Followed) -> None:
    followed.write(environment("qa"))
    followed.follow()
    at = followed.look()["appliedAt"]
    before = followed.control.count("fact")
    shown = followed.look()
    assert followed.control.count("fact") == before
    assert shown["appliedAt"] == at
    assert shown["checkedAt"] > at
    assert followed.look(seconds=1)["checkedAt"] == shown["checkedAt"], "its time had not come"
    asked = followed.control.post("/repositories/shop/sync", {}, by="olga")
    assert asked["isAskedFor"]
    shown = followed.look(seconds=1)
    assert not shown["isAskedFor"]
    assert shown["checkedAt"] > asked["checkedAt"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: [", "stella.yaml, line"),
        *(
            (f"kind: {text}", "not what its tag")
            for text in ("0b_", "!!bool perhaps", "!!map [1]", "9" * 5000)
        ),
        (environment("qa").replace("{}", "{nobody: 1}"), "nobody"),
        (environment("qa") + "---\n" + environment("qa"), "twice"),
        (FREEZE, "Freeze nights is not among what it may bring"),
        (
            "apiVersion: stella/v1\nkind: FollowedRepository\nname: more\nspec: {}\n",
            "FollowedRepository more is not among what it may bring",
        ),
        (
            "apiVersion: stella/v1\nkind: Integration\nname: sources\nspec: {}\n",
            "is how repositories are read",
        ),
    ],
)
def test_a_commit_that_is_wrong_changes_nothing(followed: Followed, text: str, said: str) -> None:
    good = followed.write(environment("qa"))
    followed.follow(kinds=["Integration"] if "Integration" in text else [])
    followed.look()
    bad = followed.write(environment("live"), text)
    shown = followed.look()
    assert (shown["state"], shown["applied"], shown["head"]["id"]) == ("refused", good, bad)
    assert said in shown["refusal"]["message"]
    assert followed.environments() == ["qa"]
    followed.look()
    (refused,) = followed.facts("RepositoryRefused")
    assert refused["data"]["commit"] == bad
    mended = followed.write(environment("qa"), environment("live"))
    assert followed.look()["applied"] == mended


def test_what_one_repository_holds_does_not_keep_the_others_waiting(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = followed.write(environment("qa"))
    assert followed.follow(name="a-first").is_success
    assert followed.follow().is_success
    real = followed_by.read_commit

    def broken(scm: Any, what: Any, commit: str) -> Any:
        if what.name == "a-first":
            raise ValueError("what no connector may raise")
        return real(scm, what, commit)

    monkeypatch.setattr(followed_by, "read_commit", broken)
    assert followed.look()["applied"] == applied
    first = followed.control.get("/repositories/a-first", by="vic")
    assert (first["state"], "a bug here" in first["refusal"]["message"]) == ("refused", True)


def test_a_file_that_is_not_there_and_a_server_that_is_gone(
    followed: Followed, git_http: GitHttpServer
) -> None:
    good = followed.write(environment("qa"))
    followed.follow()
    followed.look()
    followed.follow(files=["stella.yaml", "more.yaml"])
    shown = followed.look()
    assert (shown["state"], shown["applied"]) == ("refused", good)
    assert "more.yaml" in shown["refusal"]["message"]
    git_http.password, was = "another", git_http.password
    try:
        shown = followed.look()
    finally:
        git_http.password = was
    assert shown["state"] in {"refused", "unreachable"}
    assert (shown["applied"], followed.environments()) == (good, ["qa"])


def test_folders_and_patterns_are_read_in_one_order_and_told(followed: Followed) -> None:
    for path, name in (
        ("deploy/b.yaml", "qa"),
        ("deploy/a.yml", "dev"),
        ("deploy/eu/live.yaml", "live"),
        ("deploy/.old/gone.yaml", "gone"),
        ("more/x.yaml", "aside"),
    ):
        (followed.repository.work / path).parent.mkdir(parents=True, exist_ok=True)
        (followed.repository.work / path).write_text(environment(name))
    (followed.repository.work / "deploy/notes.md").write_text("kind: [")
    followed.write("# nothing yet\n")
    assert followed.follow(files=["more/*.yaml", "stella.yaml", "deploy/", "**/a.yml"]).is_success
    shown = followed.look()
    assert shown["refusal"] is None
    assert [(one["path"], one["documents"]) for one in shown["counted"]] == [
        ("more/x.yaml", 1),
        ("stella.yaml", 0),
        ("deploy/a.yml", 1),
        ("deploy/b.yaml", 1),
        ("deploy/eu/live.yaml", 1),
    ]
    assert sorted(followed.environments()) == ["aside", "dev", "live", "qa"]
    # What is refused leaves told what counts.
    (followed.repository.work / "deploy/eu/more.yaml").write_text(environment("qa"))
    followed.write("# nothing yet\n", path="stella.yaml")
    again = followed.look()
    assert again["state"] == "refused"
    for place in ("deploy/b.yaml, line 1", "deploy/eu/more.yaml, line 1"):
        assert place in again["refusal"]["message"]
    assert again["counted"] == shown["counted"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["deploy/"], "'deploy/' leads to 'deploy/link.yaml'"),
        (["deploy/*.yml"], "'deploy/*.yml' means no file"),
        (["nothing/"], "folder 'nothing'"),
    ],
)
def test_folders_that_cannot_be_meant(followed: Followed, files: list[str], said: str) -> None:
    folder = followed.repository.work / "deploy"
    folder.mkdir()
    (folder / "qa.yaml").write_text(environment("qa"))
    (folder / "link.yaml").symlink_to("qa.yaml")
    followed.write(environment("qa"))
    assert followed.follow(files=["deploy/qa.yaml"]).is_success
    assert followed.look()["state"] == "applied"
    assert followed.follow(files=files).is_success
    shown = followed.look()
    assert (shown["state"], followed.environments()) == ("refused", ["qa"])
    assert said in shown["refusal"]["message"]


def test_more_files_than_are_read(followed: Followed) -> None:
    for number in range(201):
        (followed.repository.work / f"{number}.yaml").write_text("# nothing\n")
    followed.write(environment("qa"))
    followed.follow(files=["*.yaml"])
    assert "202 files are meant, at most 200" in followed.look()["refusal"]["message"]


def test_what_is_asked_for_during_a_look_is_looked_at_after_it(
    followed: Followed,
) -> None:
    followed.write(environment("qa"))
    followed.follow()
    services = followed.control.services

    class Late:
        """The door to the outside; somebody asks just as the repository is opened."""

        def connected(self, kind: Any, name: str) -> Any:
            followed.control.post("/repositories/shop/sync", {}, by="olga")
            return services.outside.connected(kind, name)

    late = dataclasses.replace(services, outside=Late())
    followed.control.clock.go_on(minutes=2)
    Follower(late, timedelta(minutes=1)).sweep()
    shown = followed.control.get("/repositories/shop")
    assert (shown["state"], shown["isAskedFor"]) == ("applied", True)
    assert not followed.look(seconds=1)["isAskedFor"]


def test_what_is_in_use_holds_back_all_of_it_until_it_is_not(followed: Followed) -> None:
    followed.write(environment("qa"), environment("live"))
    followed.follow()
    followed.look()
    followed.control.post(
        "/freezes",
        {
            "environment": "live",
            "startsAt": "2030-01-01T00:00:00Z",
            "endsAt": "2030-01-01T01:00:00Z",
            "reason": "stock-taking",
        },
        by="olga",
    )
    second = followed.write(environment("qa"))
    shown = followed.look()
    assert (shown["state"], shown["refusal"]["code"]) == ("refused", "ST-ENV-010")
    assert "live" in followed.environments()
    shown = followed.look(hours=2)
    assert (shown["state"], shown["applied"]) == ("applied", second)
    assert followed.environments() == ["qa"]


def test_a_rewritten_history_waits_for_a_person(followed: Followed) -> None:
    first = followed.write(environment("qa"))
    followed.follow()
    followed.look()
    followed.repository.git("reset", "-q", "--hard", "HEAD~1")
    other = followed.write(environment("live"))
    shown = followed.look()
    assert (shown["state"], shown["applied"]) == ("refused", first)
    assert "history was rewritten" in shown["refusal"]["message"]
    body = {"commit": other, "reason": "a password had been committed"}
    assert followed.control.refused("POST", "/repositories/shop/accept", body, by="olga")
    for wrong in ({**body, "commit": other[:12]}, {**body, "reason": " "}):
        followed.control.refused("POST", "/repositories/shop/accept", wrong, by="root")
    followed.control.post("/repositories/shop/accept", body, by="root")
    shown = followed.look(seconds=1)
    assert (shown["state"], shown["applied"]) == ("applied", other)
    assert followed.environments() == ["live"]
    assert followed.facts("RepositoryAccepted")[0]["data"]["reason"] == body["reason"]


def test_who_may_follow_and_what_that_may_bring(followed: Followed) -> None:
    followed.write(environment("qa"), FREEZE)
    assert followed.follow(by="olga").is_error
    for wrong in (
        {"integration": "nobodys"},
        {"files": []},
        {"files": ["../up"]},
        {"files": ["a", "a"]},
        {"files": ["/"]},
        {"files": ["deploy//"]},
        {"files": ["deploy/**"]},
        {"files": ["a**/b.yaml"]},
        {"kinds": ["FollowedRepository"]},
        {"kinds": ["Nothing"]},
        {"branch": "a..b~"},
        {"more": 1},
    ):
        assert followed.follow(**wrong).is_error, wrong
    assert followed.follow(kinds=["Freeze"]).is_success
    shown = followed.look()
    assert (shown["state"], shown["kinds"]) == ("applied", ["Freeze"]), shown["refusal"]
    assert {"Freeze", "Notification", "Integration"} <= BESIDE


def test_where_it_is_read_from_is_changed_by_who_may_trust(followed: Followed) -> None:
    followed.write(environment("qa"))
    followed.follow()
    found = followed.control.get("/documents", kind="Integration")["items"]
    (sources,) = [one for one in found if one["name"] == "sources"]
    sources["spec"]["endpoint"] = "http://127.0.0.1:1"
    assert followed.control.apply(sources).is_error
    answer = followed.control.ask("POST", "/apply", {"documents": [sources]}, by="root")
    assert answer.is_success, answer.text
    assert followed.look()["state"] == "unreachable"


def test_it_ends_and_what_it_brought_stays(followed: Followed) -> None:
    followed.write(environment("qa"))
    answer = followed.follow()
    document = answer.json()["changes"][0]
    assert document["change"] == "created"
    again = {"owner": "shop-admins", "takeOver": True}
    body = followed.control.get("/documents", kind="FollowedRepository")["items"]
    for documents, more in ((body, again), ([_another()], {**again, "prune": True})):
        done = followed.control.ask("POST", "/apply", {"documents": documents, **more}, by="root")
        assert done.is_success, done.text
        followed.follower.sweep()
    assert followed.control.get("/repositories")["items"] == []
    assert followed.control.refused("GET", "/repositories/shop") == "ST-ENV-013"
    assert followed.environments() == ["aside", "qa"]


def _another() -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Environment",
        "name": "aside",
        "spec": {},
    }


@pytest.fixture
def key(tmp_path: Path) -> Callable[[str], tuple[Path, str]]:
    def make(name: str) -> tuple[Path, str]:
        path = tmp_path / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        return path, path.with_suffix(".pub").read_text().strip()

    return make


def test_commits_have_to_be_signed_where_that_is_asked(
    control: Control,
    git_http: GitHttpServer,
    repository: Repository,
    key: Callable[[str], tuple[Path, str]],
) -> None:
    path, public = key("ada")
    stranger, _ = key("mallory")
    integrate(
        control,
        git_http.endpoint,
        config={"allowed_signers": [f"ada@shop.example {' '.join(public.split()[:2])}"]},
    )
    one = Followed(control, repository, Follower(control.services, timedelta(minutes=1)))

    def sign(by: Path) -> list[str]:
        repository.git("config", "gpg.format", "ssh")
        repository.git("config", "user.signingkey", str(by))
        return ["-S"]

    good = one.write(environment("qa"), words=sign(path))
    one.follow(signedCommits=True)
    shown = one.look()
    assert (shown["state"], shown["applied"]) == ("applied", good), shown["refusal"]
    assert shown["head"]["signer"] == "ada@shop.example"
    one.write(environment("evil"))
    assert "not signed by anybody known" in one.look()["refusal"]["message"]
    one.write(environment("evil"), words=sign(stranger))
    assert "not signed by anybody known" in one.look()["refusal"]["message"]
    # One that is signed does not let in those that are not, on which it stands.
    last = one.write(environment("live"), words=sign(path))
    shown = one.look()
    assert (shown["state"], shown["applied"]) == ("refused", good)
    body = {"commit": last, "reason": "I looked at both"}
    control.post("/repositories/shop/accept", body, by="root")
    assert one.look()["applied"] == last
    assert one.environments() == ["live"]
