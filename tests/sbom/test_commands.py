"""``stella image`` and ``stella sbom`` on files alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from image.images import Layer, build, metadata, write_layout
from stella.cli import image as image_command
from stella.cli import sbom as sbom_command
from stella.cli.errors import UnknownOutput
from stella.image import OciLayout, parse_reference
from stella.sbom import MalformedSbom, MemoryCache, scan_image
from stella.vex.subject import image_subject

IMAGE = build(Layer.of({"opt/foo-1.dist-info/METADATA": metadata("foo", "1")}))
NEWER = build(Layer.of({"opt/foo-2.dist-info/METADATA": metadata("foo", "2")}))


def sbom_of(directory: Path, image: object, name: str) -> Path:
    write_layout(directory / name, image)
    layout = OciLayout.of_directory(directory / name)
    made = scan_image(layout, parse_reference("a.test/b"), MemoryCache())
    (directory / f"{name}.json").write_bytes(made[0].sbom_bytes)
    return directory / f"{name}.json"


def test_resolve_names_the_digest_of_a_layout(tmp_path: Path):
    write_layout(tmp_path / "layout", IMAGE)
    target = f"oci-layout:{tmp_path / 'layout'}"
    named = CliRunner().invoke(image_command.app, ["resolve", target, "-o", "name"])
    assert named.stdout.strip().endswith(f"@{IMAGE.digest}")
    tagged = CliRunner().invoke(image_command.app, ["resolve", f"{target}:1", "-o", "json"])
    assert json.loads(tagged.stdout)["digest"] == IMAGE.digest.text


def test_sboms_are_shown_compared_and_validated(tmp_path: Path):
    old, new = sbom_of(tmp_path, IMAGE, "old"), sbom_of(tmp_path, NEWER, "new")
    runner = CliRunner()
    shown = runner.invoke(sbom_command.app, ["show", str(old)])
    assert "foo  1  layer 0" in shown.stdout
    changes = runner.invoke(sbom_command.app, ["diff", str(old), str(new), "-o", "json"])
    assert [one["kind"] for one in json.loads(changes.stdout)] == ["changed"]
    same = runner.invoke(sbom_command.app, ["diff", str(old), str(old), "-o", "json"])
    assert json.loads(same.stdout) == []
    assert runner.invoke(sbom_command.app, ["validate", str(old)]).exit_code == 0


def test_every_format_is_written_and_read_again(tmp_path: Path):
    old, new = sbom_of(tmp_path, IMAGE, "old"), sbom_of(tmp_path, NEWER, "new")
    runner = CliRunner()
    names = {"cyclonedx-json": "CycloneDX JSON 1.7", "cyclonedx-xml": "CycloneDX XML 1.7"}
    for format_, words in {**names, "spdx-json": "SPDX JSON-LD 3.0.1"}.items():
        to = tmp_path / format_
        made = runner.invoke(
            sbom_command.app, ["convert", str(old), "-o", format_, "--to", str(to)]
        )
        assert (made.exit_code, made.stderr) == (0, "")
        assert runner.invoke(sbom_command.app, ["validate", str(to)]).stdout == f"valid {words}\n"
        said = runner.invoke(sbom_command.app, ["validate", str(to), "-o", "json"]).stdout
        assert json.loads(said)["format"] == format_
        assert "foo  1  layer 0" in runner.invoke(sbom_command.app, ["show", str(to)]).stdout
        changes = runner.invoke(sbom_command.app, ["diff", str(to), str(new), "-o", "json"])
        assert [one["kind"] for one in json.loads(changes.stdout)] == ["changed"]


def test_every_format_is_linked_to_by_the_same_name(tmp_path: Path):
    old = sbom_of(tmp_path, IMAGE, "old")
    links = set()
    for format_ in ("cyclonedx-json", "cyclonedx-xml", "spdx-json"):
        to = tmp_path / format_
        CliRunner().invoke(sbom_command.app, ["convert", str(old), "-o", format_, "--to", str(to)])
        subject = image_subject(sbom_command.read_sbom(to), sbom_command.cyclonedx_of(to))
        links |= {subject.links}
    assert len(links) == 1
    assert next(iter(links))


def test_what_was_edited_between_two_conversions_is_said(tmp_path: Path):
    spdx = tmp_path / "edited"
    runner = CliRunner()
    old = sbom_of(tmp_path, IMAGE, "old")
    runner.invoke(sbom_command.app, ["convert", str(old), "-o", "spdx-json", "--to", str(spdx)])
    spdx.write_bytes(spdx.read_bytes().replace(b'"foo"', b'"bar"'))
    back = runner.invoke(sbom_command.app, ["convert", str(spdx)])
    assert "found no place: somebody changed it" in back.stderr
    assert "not read" in runner.invoke(sbom_command.app, ["show", str(spdx)]).stdout


def test_what_is_valid_in_one_format_alone_is_written_and_said(tmp_path: Path):
    source = tmp_path / "two.xml"
    same = '<component type="file"><name>a</name></component>'
    bom = '<bom xmlns="http://cyclonedx.org/schema/bom/1.7"><components>{}</components></bom>'
    source.write_text(bom.format(same * 2))
    made = CliRunner().invoke(sbom_command.app, ["convert", str(source), "-o", "cyclonedx-json"])
    assert "CycloneDX JSON demands more" in made.stderr
    assert "non-unique" in made.stderr
    assert len(json.loads(made.stdout)["components"]) == 2


def test_a_format_that_is_not_written_is_refused(tmp_path: Path):
    old = sbom_of(tmp_path, IMAGE, "old")
    made = CliRunner().invoke(sbom_command.app, ["convert", str(old), "-o", "sarif"])
    assert isinstance(made.exception, UnknownOutput)


@pytest.mark.long
def test_the_bytes_are_the_same_whatever_the_seed_of_hashes(tmp_path: Path):
    old = sbom_of(tmp_path, IMAGE, "old")
    said = set()
    for seed in ("0", "1", "4242"):
        script = (
            "import sys; from stella.sbom.format import *; d = cyclonedx_tree(read_document("
            "open(sys.argv[1], 'rb').read())); [sys.stdout.buffer.write(write_document(d, "
            "Format(f)).content) for f in ('cyclonedx-json', 'cyclonedx-xml', 'spdx-json')]"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(old)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        said.add(done.stdout)
    assert len(said) == 1


def test_a_document_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "no.json").write_text("{}")
    made = CliRunner().invoke(sbom_command.app, ["validate", str(tmp_path / "no.json")])
    assert isinstance(made.exception, MalformedSbom)
