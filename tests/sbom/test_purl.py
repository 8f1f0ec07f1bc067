"""Package URLs that we write are those that packageurl-python writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from stella.sbom.purl import purl_text

VERSIONS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
DEB = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9+.-]{0,20}", fullmatch=True)
NPM = st.from_regex(r"[A-Za-z0-9._~!'()*-]{1,20}", fullmatch=True)
SCOPES = st.one_of(st.just(""), NPM.map(lambda text: f"@{text}"))
PYPI = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,3}", fullmatch=True)
VALUES = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@given(DEB, VERSIONS, VALUES, VALUES)
def test_debian_packages(name, version, arch, upstream):
    qualifiers = {"upstream": upstream, "arch": arch, "distro": "debian-12"}
    ours = purl_text("deb", name, version, namespace="debian", qualifiers=qualifiers)
    assert ours == PackageURL("deb", "debian", name, version, qualifiers).to_string()


@given(SCOPES, NPM, VERSIONS)
def test_npm_packages(scope, name, version):
    ours = purl_text("npm", name, version, namespace=scope)
    assert ours == PackageURL("npm", scope or None, name, version).to_string()


@pytest.mark.long
@given(PYPI, VERSIONS)
def test_python_packages(name, version):
    assert purl_text("pypi", name, version) == PackageURL("pypi", None, name, version).to_string()


@pytest.mark.long
@given(PYPI, VALUES)
def test_images(name, repository):
    digest = f"sha256:{'ab' * 32}"
    qualifiers = {"arch": "amd64", "repository_url": repository}
    ours = purl_text("oci", name, digest, qualifiers=qualifiers)
    assert ours == PackageURL("oci", None, name, digest, qualifiers).to_string()
