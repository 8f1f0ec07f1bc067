"""Java archives, and the lists of Ruby, PHP, .NET, conda and of every lock file."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from image.images import Layer, MemoryRegistry, build, push
from stella.sbom import (
    DEFAULT_LIMITS,
    Inventory,
    MemoryCache,
    parse_cyclonedx,
    scan_image,
)
from stella.sbom.ecosystem import java
from stella.sbom.ecosystem.table import parsed, reader_of
from stella.sbom.facts import LanguagePackages, Unread
from stella.sbom.package_purl import language_purl

STORED, PACKED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def archive(files: dict[str, bytes], method: int = PACKED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return made.getvalue()


def properties(group: str, artifact: str, version: str) -> dict[str, bytes]:
    text = f"#made by Maven\ngroupId={group}\nartifactId={artifact}\nversion={version}\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text.encode()}


def jar_of(path: str, content: bytes) -> LanguagePackages | Unread:
    facts = java.parse_archive(path, io.BytesIO(content), DEFAULT_LIMITS)
    assert isinstance(facts, LanguagePackages | Unread)
    return facts


def named(facts: LanguagePackages | Unread) -> list[tuple[str, str, str]]:
    assert isinstance(facts, LanguagePackages), facts
    return [(one.name, one.version, one.within) for one in facts.packages]


def inventory_of(files: dict[str, bytes]) -> Inventory:
    registry = MemoryRegistry()
    (result,) = scan_image(
        registry, push(registry, build(Layer.of(files))), MemoryCache(), tool_version="1"
    )
    assert parse_cyclonedx(result.sbom_bytes) == result.inventory
    return result.inventory


LOG4J = archive(properties("org.apache.logging.log4j", "log4j-core", "2.14.1"))


def test_a_shaded_jar_gives_every_package_that_was_put_into_it():
    content = archive({**properties("com.a", "app", "1.0"), **properties("com.b", "lib", "2.0")})
    assert named(jar_of("x/app-1.0.jar", content)) == [
        ("com.a:app", "1.0", ""),
        ("com.b:lib", "2.0", ""),
    ]


def test_a_shaded_jar_without_properties_of_its_own_is_named_by_its_file():
    content = archive(properties("com.b", "lib", "2.0"))
    assert ("tool:tool", "3.1", "") in named(jar_of("tool-3.1.jar", content))


@pytest.mark.parametrize("method", [STORED, PACKED], ids=["stored", "packed"])
def test_archives_within_archives_are_read_and_name_their_place(method):
    war = archive({"WEB-INF/lib/log4j-core-2.14.1.jar": LOG4J}, method)
    ear = archive({"shop.war": war, **properties("com.shop", "shop", "1")}, method)
    inventory = inventory_of({"opt/shop.ear": ear})
    core = next(one for one in inventory.components if "log4j" in one.name)
    assert core.purl == "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    assert [place.path for place in core.occurrences] == [
        "/opt/shop.ear!/shop.war!/WEB-INF/lib/log4j-core-2.14.1.jar"
    ]
    assert inventory.partial == ()


MANIFESTS = [
    ("commons-io-2.11.0.jar", "", ("commons-io:commons-io", "2.11.0")),
    (
        "spring-core.jar",
        "Implementation-Title: spring-core\r\nImplementation-Version: 5.3.9\r\n",
        ("spring-core:spring-core", "5.3.9"),
    ),
    (
        "guice-4.2.jar",
        "Bundle-SymbolicName: com.google.inject.guice;x=y\r\nBundle-Version: 4.2.0\r\n",
        ("com.google.inject:guice", "4.2"),
    ),
    (
        "long-1.0.jar",
        "Implementation-Vendor-Id: org.ve\r\n ry.long\r\n",
        ("org.very.long:long", "1.0"),
    ),
]


@pytest.mark.parametrize("case", MANIFESTS, ids=[case[0] for case in MANIFESTS])
def test_a_jar_without_maven_is_named_by_manifest_and_file(case):
    name, manifest, expected = case
    content = archive({"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\n" + manifest.encode()})
    assert named(jar_of(f"lib/{name}", content)) == [(*expected, "")]


@pytest.mark.long
def test_ten_thousand_nested_jars_are_read_within_the_bound():
    inner = archive(properties("g", "a", "1"), STORED)
    facts = jar_of("big.jar", archive({f"lib/a{n}.jar": inner for n in range(10_500)}, STORED))
    assert isinstance(facts, LanguagePackages)
    assert any("files of interest" in reason for reason in facts.broken)
    assert len(facts.packages) >= 9_999


def test_archives_that_lie_too_deep_are_a_gap():
    content = archive(properties("g", "deep", "1"))
    for n in range(8):
        content = archive({f"n{n}.jar": content}, STORED)
    facts = jar_of("top.jar", content)
    assert isinstance(facts, LanguagePackages)
    assert any("deeper than" in reason for reason in facts.broken)


@pytest.mark.long
def test_a_bomb_within_an_archive_is_a_gap():
    content = archive({"lib/bomb-1.0.jar": b"\0" * (64 * 1024 * 1024), **properties("g", "a", "1")})
    facts = jar_of("a-1.jar", content)
    assert named(facts) == [("g:a", "1", "")]
    assert isinstance(facts, LanguagePackages)
    assert any("bytes that are read" in reason for reason in facts.broken)


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", LOG4J[:-30], b"PK\5\6" + b"\xff" * 18],
    ids=["", "text", "cut", "far"],
)
def test_what_is_no_archive_is_a_gap(content):
    assert isinstance(jar_of("a-1.jar", content), Unread)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=6)), max_size=12))
def test_whatever_stands_in_an_archive_it_becomes_packages_or_gaps(changes):
    changed = bytearray(archive({"a.jar": LOG4J, **properties("g", "a", "1")}, STORED))
    for at, what in changes:
        changed[at : at + len(what)] = what
    jar_of("a.jar", bytes(changed))


GEMSPEC = b"""# -*- encoding: utf-8 -*-
Gem::Specification.new do |s|
  s.name = "rails".freeze
  s.version = "7.0.4"
  s.licenses = ["MIT".freeze]
end
"""
DEPS = json.dumps(
    {
        "libraries": {
            "Shop/1.0.0": {"type": "project"},
            "Newtonsoft.Json/13.0.1": {"type": "package"},
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1": {"type": "runtimepack"},
        }
    }
).encode()
INSTALLED = [
    (
        "usr/lib/ruby/gems/3.1.0/specifications/rails-7.0.4.gemspec",
        GEMSPEC,
        {"pkg:gem/rails@7.0.4"},
    ),
    (
        "app/vendor/composer/installed.json",
        b'{"packages":[{"name":"Symfony/yaml","version":"v5.4.1","license":["MIT"]}]}',
        {"pkg:composer/symfony/yaml@v5.4.1"},
    ),
    (
        "old/vendor/composer/installed.json",
        b'[{"name":"monolog/monolog","version":"1.0.0"}]',
        {"pkg:composer/monolog/monolog@1.0.0"},
    ),
    (
        "app/Shop.deps.json",
        DEPS,
        {
            "pkg:nuget/Newtonsoft.Json@13.0.1",
            "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@6.0.1",
        },
    ),
    (
        "opt/conda/conda-meta/numpy-1.26.0-py311_0.json",
        b'{"name":"numpy","version":"1.26.0","license":"BSD-3-Clause"}',
        {"pkg:conda/numpy@1.26.0"},
    ),
    (
        "usr/lib/python3/site-packages/Old_Thing-1.0-py3.egg-info",
        b"Metadata-Version: 1.0\nName: Old_Thing\nVersion: 1.0\n",
        {"pkg:pypi/old-thing@1.0"},
    ),
]


@pytest.mark.parametrize("case", INSTALLED, ids=[case[0] for case in INSTALLED])
def test_what_is_installed_is_found_where_its_ecosystem_keeps_it(case):
    path, content, purls = case
    inventory = inventory_of({path: content})
    assert {one.purl for one in inventory.components} == purls
    assert {place.path for one in inventory.components for place in one.occurrences} == {f"/{path}"}
    assert not any(one.is_declared for one in inventory.components)
    assert inventory.partial == ()


YARN_1 = b"""# yarn lockfile v1

"@babel/core@^7.0.0", "@babel/core@^7.1.0":
  version "7.2.0"
  dependencies:
    version "9.9.9"

alias@npm:left-pad@^1.0.0:
  version "1.3.0"
"""
BERRY = b"""__metadata:
  version: 6

"@babel/core@npm:^7.0.0":
  version: 7.2.0
  resolution: "@babel/core@npm:7.2.0"

"alias@npm:left-pad@^1.0.0":
  version: 1.3.0
  resolution: "left-pad@npm:1.3.0"

"shop@workspace:.":
  version: 0.0.0-use.local
  resolution: "shop@workspace:."
"""
PNPM_5 = b"""lockfileVersion: 5.4
packages:

  /@babel/core/7.2.0:
    resolution: {integrity: sha512-x}
    dev: true

  /left-pad/1.3.0_peer@1.0.0:
    resolution: {integrity: sha512-y}
"""
PNPM_9 = b"""lockfileVersion: '9.0'
importers:
  .:
    dependencies:
packages:

  '@babel/core@7.2.0':
    resolution: {integrity: sha512-x}

  left-pad@1.3.0(peer@1.0.0):
    resolution: {integrity: sha512-y}
snapshots:
  other@1.0.0: {}
"""
NPM_1 = b"""{"dependencies":{"@babel/core":{"version":"7.2.0","dependencies":
{"left-pad":{"version":"1.3.0"}}},"git":{"version":"git+ssh://x"}}}"""
NPM_3 = b"""{"packages":{"":{"version":"1.0.0"},"node_modules/@babel/core":{"version":"7.2.0"},
"node_modules/@babel/core/node_modules/left-pad":{"version":"1.3.0","dev":true},
"node_modules/here":{"resolved":"packages/here","link":true},"packages/here":{"version":"3"}}}"""
BOTH = {"pkg:npm/%40babel/core@7.2.0", "pkg:npm/left-pad@1.3.0"}
LOCKS = [
    ("yarn 1", "app/yarn.lock", YARN_1, BOTH),
    ("yarn berry", "app/yarn.lock", BERRY, BOTH),
    ("pnpm 5", "app/pnpm-lock.yaml", PNPM_5, BOTH),
    ("pnpm 9", "app/pnpm-lock.yaml", PNPM_9, BOTH),
    ("npm 1", "app/package-lock.json", NPM_1, BOTH),
    ("npm 3", "app/package-lock.json", NPM_3, BOTH),
    (
        "Cargo",
        "app/Cargo.lock",
        b'version = 3\n[[package]]\nname = "serde"\nversion = "1.0.1"\n',
        {"pkg:cargo/serde@1.0.1"},
    ),
    (
        "Bundler",
        "app/Gemfile.lock",
        b"GEM\n  specs:\n    nokogiri (1.15.0-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.1)\n",
        {"pkg:gem/nokogiri@1.15.0", "pkg:gem/racc@1.7.1"},
    ),
    (
        "Composer",
        "app/composer.lock",
        b'{"packages":[{"name":"a/b","version":"1.0"}],"packages-dev":[{"name":"c/d","version":"2"}]}',
        {"pkg:composer/a/b@1.0", "pkg:composer/c/d@2"},
    ),
]


@pytest.mark.parametrize("case", LOCKS, ids=[case[0] for case in LOCKS])
def test_a_lock_file_says_what_is_asked_for_and_not_what_is_installed(case):
    _, path, content, purls = case
    inventory = inventory_of({path: content})
    assert {one.purl for one in inventory.components} == purls
    assert all(one.is_declared for one in inventory.components)
    assert inventory.partial == ()


def test_what_is_installed_beside_its_lock_file_is_installed():
    inventory = inventory_of(
        {
            "app/package-lock.json": NPM_3,
            "app/node_modules/left-pad/package.json": b'{"name":"left-pad","version":"1.3.0"}',
        }
    )
    declared = {one.name: one.is_declared for one in inventory.components}
    assert declared == {"@babel/core": True, "left-pad": False}


PATHS = [
    *dict.fromkeys([case[0] for case in INSTALLED] + [case[1] for case in LOCKS]),
    "go.mod",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(PATHS),
    st.binary(max_size=200)
    | st.sampled_from([case[1] for case in INSTALLED] + [case[2] for case in LOCKS])
    | st.text(alphabet=' {}[]":,@/nameversion=.1\n', max_size=200).map(str.encode),
)
def test_whatever_stands_in_a_list_it_becomes_packages_with_purls_or_gaps(path, content):
    reader = reader_of(path, path.rpartition("/")[2])
    assert reader is not None
    facts = parsed(reader, path, iter([content]), DEFAULT_LIMITS)
    assert isinstance(facts, LanguagePackages | Unread)
    for package in facts.packages if isinstance(facts, LanguagePackages) else ():
        purl = PackageURL.from_string(language_purl(package))
        assert purl.type == package.purl_type
        assert purl.version == (package.version or None)


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS)
def test_a_list_nested_without_end_is_read_or_a_gap(path):
    reader = reader_of(path, path.rpartition("/")[2])
    assert reader is not None
    for content in (b"[" * 100_000, b'{"dependencies":{"a":' * 20_000, b"a = " + b"[" * 50_000):
        facts = parsed(reader, path, iter([content]), DEFAULT_LIMITS)
        assert isinstance(facts, LanguagePackages | Unread)


MANY = [
    ("Gemfile.lock", b"GEM\n  specs:\n" + b"".join(b"    a%d (1.0)\n" % n for n in range(9))),
    (
        "composer.lock",
        json.dumps({"packages": [{"name": f"a/b{n}", "version": "1"} for n in range(9)]}),
    ),
    (
        "vendor/composer/installed.json",
        json.dumps([{"name": f"a/b{n}", "version": "1"} for n in range(9)]),
    ),
    (
        "app.deps.json",
        json.dumps({"libraries": {f"A{n}/1.0": {"type": "package"} for n in range(9)}}),
    ),
    ("Cargo.lock", "".join(f'[[package]]\nname = "a{n}"\nversion = "1.0.0"\n' for n in range(9))),
    (
        "package-lock.json",
        json.dumps(
            {
                "lockfileVersion": 3,
                "packages": {f"node_modules/a{n}": {"version": "1.0.0"} for n in range(9)},
            }
        ),
    ),
    ("var/lib/rpmmanifest/container-manifest-2", "a\n" * 9),
]


@pytest.mark.parametrize("case", MANY, ids=lambda case: case[0])
def test_what_is_beyond_the_bound_is_a_gap_that_says_how_much(case):
    path, content = case
    reader = reader_of(path, path.rpartition("/")[2])
    assert reader is not None
    raw = content if isinstance(content, bytes) else content.encode()
    facts = parsed(reader, path, iter([raw]), replace(DEFAULT_LIMITS, packages_max=4))
    assert not isinstance(facts, Unread)
    assert any("of which 4 are read" in one for one in facts.broken)


def test_a_go_mod_without_end_says_where_it_is_no_longer_read():
    reader = reader_of("go.mod", "go.mod")
    assert reader is not None
    content = "".join(f"require example.com/a{n} v1.0.0\n" for n in range(20_001))
    facts = parsed(reader, "go.mod", iter([content.encode()]), DEFAULT_LIMITS)
    assert isinstance(facts, LanguagePackages)
    assert facts.broken == ("20001 lines, of which 20000 are read",)
