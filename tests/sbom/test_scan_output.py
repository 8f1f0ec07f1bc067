"""What ``stella scan`` says of an image beside its packages."""

import json
from pathlib import Path

import pytest

from image.images import DEBIAN, Layer, Mode, build, write_layout
from stella.cli.scanning import ScanOptions, run_scan
from stella.sbom.entry.part import Part, part_in
from stella.sbom.errors import MalformedLifetimes
from stella.sbom.traits import Confidence, EntryPoint, Step

IMAGE = build(
    Layer.of(
        {
            "etc/os-release": DEBIAN,
            "etc/passwd": b"root:x:0:0\nweb:x:1000:1000\n",
            "usr/bin/serve": Mode(b"\x7fELF"),
            "opt/helper": Mode(b"x", 0o4755),
            "root/.npmrc": b"//registry/:_authToken=a1B2c3D4e5F6g7H8\n",
        }
    ),
    Layer.of({"root/.wh..npmrc": b""}),
    User="web",
    Entrypoint=["serve"],
    Labels={"org.opencontainers.image.base.name": "debian:12"},
)


@pytest.fixture
def target(tmp_path: Path) -> str:
    write_layout(tmp_path / "layout", IMAGE)
    return f"oci-layout:{tmp_path / 'layout'}"


def said(target: str, tmp_path: Path, **more: object) -> str:
    to = tmp_path / "out"
    assert run_scan(ScanOptions(target, to=to, cache=False, **more)) == 0
    return to.read_text()


def test_the_table_says_it_calmly(target: str, tmp_path: Path):
    lines = [" ".join(line.split()) for line in said(target, tmp_path).splitlines()]
    for expected in (
        "end of life 2028-06-30",
        "user web (1000)",
        "runs /usr/bin/serve (certain)",
        "privileged 1 file",
        "/opt/helper 4755 of 0:0 layer 0, of no system package",
        "secrets 1 place",
        "npm-login in /root/.npmrc:1 layer 0, deleted above it and still in the image",
        "built on debian:12 (label, not verified)",
    ):
        assert expected in lines


def test_json_has_all_of_it(target: str, tmp_path: Path):
    (one,) = json.loads(said(target, tmp_path, output="json"))
    assert one["traits"]["entry"]["program"] == "/usr/bin/serve"
    assert one["traits"]["secrets"][0]["deleted"] is True
    assert one["end_of_life"]["until"] == "2028-06-30"
    assert one["end_of_life"]["over"] in {"yes", "no"}


def test_an_own_table_of_lifetimes_goes_first_and_a_broken_one_is_refused(target, tmp_path: Path):
    own = tmp_path / "own.json"
    own.write_text('{"source":"us","until":{"debian-12":"2001-01-01"}}')
    text = said(target, tmp_path, end_of_life=own)
    assert "end of life since 2001-01-01: debian-12 gets no more updates" in text
    own.write_text("{}")
    with pytest.raises(MalformedLifetimes):
        said(target, tmp_path, end_of_life=own)


def test_a_directory_says_nothing_of_what_only_an_image_has(tmp_path: Path):
    (tmp_path / "root").mkdir()
    (one,) = json.loads(said(f"dir:{tmp_path / 'root'}", tmp_path, output="json"))
    assert one["traits"] is None


@pytest.mark.parametrize(
    ("rules", "said_on_failure"),
    [
        ("secrets", "npm-login in /root/.npmrc (file)"),
        ("setuid", "/opt/helper has more power, and no system package brought it"),
        ("root", ""),
        ("end-of-life", "end of life since 2001-01-01: debian-12 gets no more updates"),
        ("root,high", "unknown: no advisories; no rule can be judged"),
    ],
)
def test_a_command_fails_on_what_it_is_asked_to(
    target, tmp_path: Path, capsys, rules, said_on_failure
):
    own = tmp_path / "own.json"
    own.write_text('{"source":"us","until":{"debian-12":"2001-01-01"}}')
    options = ScanOptions(target, to=tmp_path / "out", cache=False, fail_on=rules, end_of_life=own)
    assert run_scan(options) == (1 if said_on_failure else 0)
    assert said_on_failure in capsys.readouterr().err


def test_of_what_nobody_looked_at_every_rule_fails(tmp_path: Path, capsys):
    (tmp_path / "root").mkdir()
    options = ScanOptions(f"dir:{tmp_path / 'root'}", to=tmp_path / "out", fail_on="root,secrets")
    assert run_scan(options) == 1
    assert "nobody looked for root" in capsys.readouterr().err


ENTRY = EntryPoint(
    program="/srv/web.py",
    interpreter="/usr/bin/python3",
    module="",
    user="",
    package="pkg:pypi/web@1",
    confidence=Confidence.CERTAIN,
    reason="",
    steps=(Step("python3", "/usr/bin/python3", "CMD", "pkg:deb/python3@3", 0),),
)


@pytest.mark.parametrize(
    ("purl", "paths", "part"),
    [
        ("pkg:pypi/web@1", (), Part.PROGRAM),
        ("pkg:golang/x@1", ("/srv/web.py",), Part.PROGRAM),
        ("pkg:deb/python3@3", (), Part.WAY),
        ("pkg:generic/python@3", ("/usr/bin/python3",), Part.WAY),
        ("pkg:deb/perl@5", ("/var/lib/dpkg/status",), Part.BESIDE),
    ],
)
def test_a_package_is_the_program_on_the_way_to_it_or_beside_it(purl, paths, part):
    assert part_in(ENTRY, purl, paths) is part
    assert part_in(None, purl, paths) is Part.UNKNOWN
