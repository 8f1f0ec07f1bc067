"""What a statement is about: never wider than it says."""

import pytest

from stella.vex import Part, Product, Scope, Target, scope_of
from vex.sayings import IMAGE, INDEX, OPENSSL, OTHER, URLLIB, image, product

OCI = "pkg:oci/web@{}?repository_url=registry.example/shop/web"


@pytest.mark.parametrize(
    ("said", "purl"),
    [
        (product("pkg:pypi/urllib3"), URLLIB),
        (product("pkg:pypi/urllib3@1.26.4"), URLLIB),
        (product("pkg:pypi/Urllib3"), URLLIB),
        (product("pkg:deb/debian/libssl3"), OPENSSL),
        (product("pkg:deb/debian/libssl3?arch=amd64"), OPENSSL),
        (product("pkg:deb/debian/libssl3@3.0.11-1?distro=bookworm"), OPENSSL),
        (product("pkg:deb/debian/openssl@3.0.11-1?arch=source"), OPENSSL),
        (product(digest=IMAGE), OPENSSL),
        (product(digest=INDEX), OPENSSL),
        (product(digest=IMAGE, within=["pkg:pypi/urllib3"]), URLLIB),
        (product(OCI.format(IMAGE.replace(":", "%3A"))), OPENSSL),
        (product(OCI.format(INDEX.replace(":", "%3A"))), OPENSSL),
        (product("pkg:oci/web?repository_url=registry.example/shop/web"), OPENSSL),
        (product("pkg:oci/web?repository_url=registry.example/shop"), OPENSSL),
        (product(OCI.format(IMAGE.replace(":", "%3A")) + "&arch=amd64"), OPENSSL),
    ],
)
def test_a_statement_is_about_what_it_names(said: Product, purl: str) -> None:
    parts = {OPENSSL: Part(OPENSSL, ("openssl", "3.0.11-1")), URLLIB: Part(URLLIB)}
    assert scope_of([said], image(parts=parts), purl) is not None


@pytest.mark.parametrize(
    ("said", "purl"),
    [
        (product("pkg:pypi/urllib3@1.26.5"), URLLIB),
        (product("pkg:npm/urllib3"), URLLIB),
        (product("pkg:deb/ubuntu/libssl3"), OPENSSL),
        (product("pkg:deb/libssl3"), OPENSSL),
        (product("pkg:deb/debian/libssl3?arch=arm64"), OPENSSL),
        (product("pkg:deb/debian/libssl3?distro=debian-11"), OPENSSL),
        (product("pkg:deb/debian/libssl3?arch=source"), OPENSSL),
        (product("pkg:pypi/urllib3#contrib"), URLLIB),
        (product(digest=OTHER), URLLIB),
        (product(digest=OTHER, within=["pkg:pypi/urllib3"]), URLLIB),
        (product(digest=IMAGE, within=["pkg:pypi/urllib3"]), OPENSSL),
        (product(digest=IMAGE, within=["pkg:pypi/urllib3@2"]), URLLIB),
        (product("pkg:oci/web"), URLLIB),
        (product("pkg:oci/web?tag=1"), URLLIB),
        (product("pkg:oci/web?repository_url=registry.example/other/web"), URLLIB),
        (product("pkg:oci/web?repository_url=registry.example/shop/web&tag=1"), URLLIB),
        (product(OCI.format(IMAGE.replace(":", "%3A")) + "&arch=arm64"), URLLIB),
        (product("pkg:oci/web?repository_url=registry.example/shop/web", digest=OTHER), URLLIB),
        (product(OCI.format(INDEX.replace(":", "%3A")) + "&arch=arm64", digest=INDEX), URLLIB),
        (product("pkg:oci/debug?repository_url=registry.example/shop/web"), URLLIB),
        (product("pkg:oci/web?repository_url=registry.example/shop/web/web"), URLLIB),
        (product("pkg:generic/shop", within=["pkg:pypi/urllib3"]), URLLIB),
        (product("pkg:pypi/urllib3", "pkg:pypi/urllib3@9"), URLLIB),
        (product("pkg:pypi/urllib3", digest=OTHER), URLLIB),
        (Product(Target(others=("urllib3", "cpe:/a:urllib3:urllib3"))), URLLIB),
    ],
)
def test_a_statement_is_about_nothing_else(said: Product, purl: str) -> None:
    assert scope_of([said], image(), purl) is None


def test_the_more_exact_scope_is_the_greater_one() -> None:
    named = [
        product("pkg:deb/debian/libssl3"),
        product("pkg:deb/debian/libssl3?arch=amd64"),
        product("pkg:deb/debian/libssl3@3.0.11-1"),
        product("pkg:oci/web?repository_url=registry.example/shop/web"),
        product(digest=INDEX),
        product(digest=IMAGE),
        product(digest=IMAGE, within=["pkg:deb/debian/libssl3@3.0.11-1"]),
    ]
    scopes = [scope_of([one], image(), OPENSSL) for one in named]
    assert scopes == sorted(scopes, key=lambda one: one or Scope())
    assert len(set(scopes)) == len(scopes)
    assert scope_of(named, image(), OPENSSL) == scopes[-1]


HELM, TRIVY, OTHER_PROGRAM = (
    "pkg:golang/helm.sh/helm/v3@v3.14.0",
    "pkg:golang/github.com/aquasecurity/trivy@v0.50.0",
    "pkg:golang/example.org/other@v1.0.0",
)


@pytest.mark.parametrize(
    ("files", "holds"),
    [
        ({"/usr/bin/trivy"}, True),
        ({"/usr/bin/trivy", "/usr/bin/other"}, False),
        ({"/usr/bin/other"}, False),
        (set(), False),
    ],
)
def test_a_module_is_spoken_of_only_within_the_program_that_is_named(
    files: set[str], holds: bool
) -> None:
    parts = {
        HELM: Part(HELM, files=frozenset(files)),
        TRIVY: Part(TRIVY, files=frozenset({"/usr/bin/trivy"})),
        OTHER_PROGRAM: Part(OTHER_PROGRAM, files=frozenset({"/usr/bin/other"})),
    }
    said = product(
        "pkg:golang/github.com/aquasecurity/trivy", within=["pkg:golang/helm.sh/helm/v3"]
    )
    assert (scope_of([said], image(parts=parts), HELM) is not None) is holds


def test_system_packages_are_no_parts_of_each_other_though_one_database_lists_them() -> None:
    both = frozenset({"/var/lib/dpkg/status"})
    curl = "pkg:deb/debian/curl@8"
    parts = {one: Part(one, files=both) for one in (OPENSSL, curl)}
    said = product("pkg:deb/debian/curl", within=["pkg:deb/debian/libssl3"])
    assert scope_of([said], image(parts=parts), OPENSSL) is None


def test_dockers_registry_has_one_name() -> None:
    said = product("pkg:oci/nginx?repository_url=index.docker.io/library/nginx")
    mine = image(repositories=frozenset({"docker.io/nginx"}))
    assert scope_of([said], mine, URLLIB) is not None
