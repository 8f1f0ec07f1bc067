"""``stella image`` and ``stella sbom`` on files alone."""

import json
from pathlib import Path

from typer.testing import CliRunner

from image.images import Layer, build, metadata, write_layout
from stella.cli import image as image_command
from stella.cli import sbom as sbom_command
from stella.image import OciLayout, parse_reference
from stella.sbom import MalformedSbom, MemoryCache, scan_image

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


def test_a_document_that_is_none_is_refused(tmp_path: Path):
    (tmp_path / "no.json").write_text("{}")
    made = CliRunner().invoke(sbom_command.app, ["validate", str(tmp_path / "no.json")])
    assert isinstance(made.exception, MalformedSbom)
