"""What was committed between two releases: by the labels of their images, and a real git server."""

from typing import Any

import pytest

from fixtures.control import Control
from fixtures.git_servers import PASSWORD, USER, GitHttpServer, Repository
from fixtures.road import BASE
from image.images import Layer, build, push
from stella.app.commits_round import ask_who_committed
from stella.plugin.contract.core import Kind
from stella.release.source import REVISION_LABEL, URL_LABEL


def integrate(control: Control, endpoint: str, name: str = "sources", **spec: Any) -> None:
    for secret, value in (("git-user", USER), ("git-password", PASSWORD)):
        control.ask("PUT", f"/secrets/{secret}", {"value": value}, by="olga")
    document = {
        "apiVersion": "stella/v1",
        "kind": "Integration",
        "name": name,
        "spec": {
            "kind": "scm",
            "connector": "git",
            "endpoint": endpoint,
            "networks": ["127.0.0.0/8"],
            "credentials": {"username": "secret://git-user", "password": "secret://git-password"},
            **spec,
        },
    }
    applied = control.apply(document)
    assert applied.status_code == 200, applied.text


def sealed(control: Control, version: str, **labels: str) -> Any:
    image = build(BASE, Labels=labels) if labels else build(BASE)
    push(control.registry, image, "shop/web", version)
    components = {"web": f"registry.test/shop/web:{version}"}
    return control.post("/releases", {"name": "shop", "version": version, "components": components})


def labels(url: str, revision: str) -> dict[str, str]:
    return {URL_LABEL: url, REVISION_LABEL: revision}


def test_the_commits_between_two_releases_are_told(
    control: Control, git_http: GitHttpServer, shop_repository: Repository
):
    made, url = shop_repository.made, f"{git_http.endpoint}/shop/web.git"
    integrate(control, git_http.endpoint)
    sealed(control, "1.0.0", **labels(url, made[1].id))
    sealed(control, "1.1.0", **labels(url, made[3].id))
    found = control.get("/releases/shop@1.1.0/changes", by="vic")
    assert (found["release"]["version"], found["since"]["version"]) == ("1.1.0", "1.0.0")
    (web,) = found["components"]
    assert (web["integration"], web["repository"]) == ("sources", "shop/web.git")
    assert (web["base"], web["head"], web["unknown"]) == (made[1].id, made[3].id, None)
    assert [one["id"] for one in web["commits"]["commits"]] == [made[3].id, made[2].id]
    assert web["commits"]["commits"][1]["title"] == "Say what is sold"
    assert web["commits"]["commits"][1]["authorName"] == "Ada Löwe"
    assert web["commits"]["commits"][1]["signature"]["state"] == "none"
    assert (web["commits"]["isComplete"], web["commits"]["dropped"]) == (True, 0)
    back = control.get("/releases/shop@1.0.0/changes", since="shop@1.1.0")
    assert back["components"][0]["commits"] == {"commits": [], "isComplete": True, "dropped": 2}


def test_a_release_with_none_before_it_says_so(control: Control):
    sealed(control, "1.0.0")
    found = control.get("/releases/shop@1.0.0/changes")
    assert (found["since"], found["components"]) == (None, [])


def unknown(control: Control) -> str:
    (web,) = control.get("/releases/shop@1.1.0/changes")["components"]
    assert web["commits"] is None
    return str(web["unknown"])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "has no label org.opencontainers.image.source and no org.opencontainers"),
        ({URL_LABEL: "https://git.example/shop/web"}, "no label org.opencontainers.image.revision"),
        (labels("https://git.example/shop/web", "main"), "is no whole commit id"),
        (labels("web", "a" * 40), "is no address of a repository"),
        (labels("https://git.example/shop/web", "a" * 40), "no integration of the kind scm leads"),
    ],
)
def test_what_images_do_not_tell_is_unknown_with_its_reason(
    control: Control, said: dict[str, str], why: str
):
    sealed(control, "1.0.0", **said)
    sealed(control, "1.1.0", **said)
    assert why in unknown(control)


def test_a_server_that_refuses_makes_it_unknown(
    control: Control, git_http: GitHttpServer, shop_repository: Repository
):
    made, url = shop_repository.made, f"{git_http.endpoint}/shop/web.git"
    integrate(control, git_http.endpoint)
    sealed(control, "1.0.0", **labels(url, made[1].id))
    sealed(control, "1.1.0", **labels(url, "f" * 40))
    assert "ST-SVC-003" in unknown(control)
    integrate(control, git_http.endpoint, enabled=False)
    assert "no integration of the kind scm leads" in unknown(control)
    integrate(control, git_http.endpoint, roles=["operator"])
    assert "for operator alone" in unknown(control)


def test_commits_are_asked_for_by_who_makes_releases(
    control: Control, git_http: GitHttpServer, shop_repository: Repository
):
    made = shop_repository.made
    integrate(control, git_http.endpoint)
    query = {"repository": "shop/web.git", "base": made[0].id, "head": made[2].id}
    found = control.get("/integrations/sources/commits", **query)
    assert [one["id"] for one in found["commits"]] == [made[2].id, made[1].id]
    few = control.get("/integrations/sources/commits", **query, limit=1)
    assert (len(few["commits"]), few["isComplete"]) == (1, False)
    path = "/integrations/sources/commits"
    assert control.ask("GET", path, by="vic", **query).status_code == 403
    assert control.ask("GET", path, **{**query, "base": "main"}).status_code == 422
    assert control.ask("GET", path, **{**query, "repository": "../x"}).status_code == 404
    assert control.ask("GET", "/integrations/nothing/commits", **query).status_code == 404


def test_a_repository_is_asked_who_committed_and_the_author_is_turned_down(
    control: Control, git_http: GitHttpServer, shop_repository: Repository
):
    made, url = shop_repository.made, f"{git_http.endpoint}/shop/web.git"
    integrate(control, git_http.endpoint)
    worker = control.push("worker", "1", {})

    def release(version: str, revision: str) -> str:
        image = build(BASE, Layer.of({"v": version.encode()}), Labels=labels(url, revision))
        web = str(push(control.registry, image, "shop/web", version))
        components = {"web": web, "worker": worker}
        body = {"name": "shop", "version": version, "components": components}
        return str(control.post("/releases", body)["id"])

    control.environment("dev")
    control.deployed(release("1.0.0", made[1].id), "dev")
    rule = {"rule": "eyes", "approvers": ["approver"], "exclude": ["commitAuthors"]}
    control.environment("dev", approvals=[rule])
    held = control.asked(release("1.1.0", made[3].id), "dev")
    assert "was not asked yet" in held["decision"]["gates"][-1]["summary"]
    shown = control.get(f"/promotions/{held['id']}", by="ann")["actions"]
    assert not shown["approve"]["allowed"]
    assert shown["reject"]["allowed"]

    connected = control.services.outside.connected
    asked = ask_who_committed(
        control.database,
        control.services.blobs,
        lambda name: connected(Kind.SCM, name),
        lambda: False,
    )
    assert asked == 1
    control.settle()
    told = control.get(f"/promotions/{held['id']}")["decision"]["gates"][-1]["summary"]
    assert "(no known user)" in told
    address = told.partition("it brings commits of ")[2].partition(" ")[0]
    path, body = "/users/ann/addresses", {"address": address}
    assert control.refused("POST", path, body, by="olga") == "ST-IDN-004"
    assert control.ask("POST", path, body, by="root").json()["addresses"] == [address]
    control.settle()
    refused = control.ask(
        "POST",
        f"/promotions/{held['id']}/approve",
        {"planDigest": held["planDigest"], "comment": ""},
        by="ann",
    ).json()
    assert refused["code"] == "ST-PRO-003", refused
    assert "ann committed some of what" in refused["title"]
    assert control.ask("DELETE", f"{path}/{address}", by="root").status_code == 204
    assert control.get("/users/ann", by="root")["addresses"] == []
