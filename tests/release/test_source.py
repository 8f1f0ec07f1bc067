"""Where the source of an image lies, as labels and integrations tell it."""

import pytest

from stella.hub.model import Integration
from stella.kernel import Remedy, Unknown
from stella.plugin.contract.core import Kind
from stella.plugin.contract.scm import Scm
from stella.plugin.refusals import NotThere, ServiceUnreachable
from stella.release.source import (
    REVISION_LABEL,
    URL_LABEL,
    Place,
    Source,
    changes_between,
    place_of,
    source_of,
)
from stella.sdk.testing import SimulatedScm, kit_history

A, B = "a" * 40, "b" * 64


def scm(name: str, connector: str, endpoint: str, **more: bool) -> Integration:
    return Integration(name, Kind.SCM, connector, endpoint, **more)  # type: ignore[arg-type]


INTEGRATIONS = (
    scm("hub", "github", "https://api.github.com"),
    scm("own-hub", "github", "https://github.example.com/api/v3"),
    scm("lab", "gitlab", "https://gitlab.example.com"),
    scm("lab-below", "gitlab", "https://tools.example.com/gitlab"),
    scm("bucket", "bitbucket", "https://api.bitbucket.org/2.0"),
    scm("tea", "gitea", "http://tea.example.com:3000"),
    scm("plain", "git", "ssh://git.example.com:2222/srv"),
    scm("off", "git", "https://off.example.com", enabled=False),
    Integration("registry", Kind.REGISTRY, "oci", "registry.example.com"),
)


@pytest.mark.parametrize(
    ("url", "integration", "repository"),
    [
        ("https://github.com/shop/web", "hub", "shop/web"),
        ("https://github.com/shop/web.git", "hub", "shop/web"),
        ("https://GitHub.com/shop/web/", "hub", "shop/web"),
        ("git+https://github.com/shop/web", "hub", "shop/web"),
        ("git@github.com:shop/web.git", "hub", "shop/web"),
        ("ssh://git@github.com/shop/web.git", "hub", "shop/web"),
        ("https://github.example.com/shop/web", "own-hub", "shop/web"),
        ("https://gitlab.example.com/group/sub/web", "lab", "group/sub/web"),
        ("https://tools.example.com/gitlab/group/web.git", "lab-below", "group/web"),
        ("https://bitbucket.org/shop/web", "bucket", "shop/web"),
        ("http://tea.example.com:3000/shop/web", "tea", "shop/web"),
        ("ssh://git@git.example.com:2222/srv/shop/web.git", "plain", "shop/web.git"),
    ],
)
def test_an_address_leads_to_the_integration_of_its_server(
    url: str, integration: str, repository: str
) -> None:
    assert place_of(url, INTEGRATIONS) == Place(integration, repository)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/shop/web",
        "https://github.com.example.org/shop/web",
        "https://off.example.com/shop/web",
        "https://registry.example.com/shop/web",
        "https://tools.example.com/gitlabs/web",
        "http://tea.example.com/shop/web",
    ],
)
def test_an_address_of_no_integration_leads_nowhere(url: str) -> None:
    assert isinstance(place_of(url, INTEGRATIONS), Unknown)


def test_of_two_integrations_of_a_server_the_more_exact_one_is_meant() -> None:
    both = (
        scm("all", "gitlab", "https://gitlab.example.com"),
        scm("group", "gitlab", "https://gitlab.example.com/group"),
    )
    assert place_of("https://gitlab.example.com/group/web", both) == Place("group", "web")
    assert place_of("https://gitlab.example.com/web/x", both) == Place("all", "web/x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "web",
        "file:///etc/passwd",
        "https://",
        "https://host",
        "https://host:x/a",
        "javascript:alert(1)//x/y",
        "git@:x",
        "//host/a",
    ],
)
def test_what_is_no_address_is_unknown(url: str) -> None:
    assert isinstance(source_of({URL_LABEL: url, REVISION_LABEL: A}), Unknown)


@pytest.mark.parametrize("revision", ["", "main", "a" * 39, "A" * 40, "a" * 41, f"{'a' * 40}\n"])
def test_what_is_no_whole_id_is_unknown(revision: str) -> None:
    said = {URL_LABEL: "https://github.com/shop/web", REVISION_LABEL: revision}
    assert isinstance(source_of(said), Unknown)


def test_labels_tell_the_source() -> None:
    url = "https://github.com/shop/web"
    for revision in (A, B):
        assert source_of({URL_LABEL: url, REVISION_LABEL: revision}) == Source(url, revision)
    assert source_of(None) == Unknown("the image was not scanned yet")


def test_each_component_is_known_or_says_why_it_is_not() -> None:
    server = SimulatedScm()
    made = kit_history(server.repository("shop/web")).made
    url = "https://github.com/shop/web"
    base, head = Source(url, made[0].id), Source(url, made[2].id)
    elsewhere = Source("https://gitlab.example.com/shop/web", made[0].id)
    found = changes_between(
        [
            ("web", base, head),
            ("same", base, base),
            ("new", None, head),
            ("gone", base, None),
            ("moved", elsewhere, head),
            ("bare", base, Unknown("no label")),
            ("was-bare", Unknown("no label"), head),
            ("strange", base, Source(url, A)),
        ],
        INTEGRATIONS,
        lambda _: server,
    )
    said = {
        one.name: one.commits.reason
        if isinstance(one.commits, Unknown)
        else [commit.id for commit in one.commits.commits]
        for one in found
    }
    assert said["web"] == [made[2].id, made[1].id]
    assert said["same"] == []
    assert said["new"] == "the release before had it not"
    assert said["gone"] == "the release has it no more"
    assert said["moved"] == "the images come from two repositories"
    assert said["bare"] == "no label"
    assert said["was-bare"] == "of the release before: no label"
    assert "ST-SVC-003" in said["strange"]


def test_a_server_that_gives_no_answer_is_asked_once() -> None:
    asked: list[str] = []

    def open_scm(name: str) -> Scm:
        asked.append(name)
        if name == "lab":
            raise NotThere("not there", remedy=Remedy("Look."))
        raise ServiceUnreachable("no answer", remedy=Remedy("Wait."))

    pairs = [
        (f"{host}-{number}", Source(f"https://{host}/x/y", A), Source(f"https://{host}/x/y", B))
        for number in range(3)
        for host in ("github.com", "gitlab.example.com")
    ]
    found = changes_between(pairs, INTEGRATIONS, open_scm)
    assert asked.count("hub") == 1
    assert asked.count("lab") == 3
    reasons = [one.commits.reason for one in found if isinstance(one.commits, Unknown)]
    assert len(reasons) == 6
    assert reasons.count("hub gave no answer just now") == 2
