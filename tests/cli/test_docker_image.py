"""``docker:IMAGE``: what the user's own engine has is scanned, and nothing of it stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from image.images import DEBIAN, Layer, build, dpkg_status, tar_of, write_saved
from stella.lab import Lab

FILES = {
    "etc/os-release": DEBIAN,
    "var/lib/dpkg/status": dpkg_status(("libc6", "2.36-9+deb12u10", "glibc")),
}


def scan(image: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    words = ["scan", f"docker:{image}", "-o", "cyclonedx-json", "--no-cache"]
    return subprocess.run(
        [sys.executable, "-m", "stella.cli.main", *words],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def program(directory: Path, script: str) -> dict[str, str]:
    """A ``docker`` that is found first; temporary files lie in ``directory/left``."""
    (directory / "left").mkdir()
    file = directory / "docker"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return {"PATH": f"{directory}:{os.environ['PATH']}", "TMPDIR": str(directory / "left")}


def names(document: str) -> set[str]:
    return {one["name"] for one in json.loads(document)["components"]}


def test_what_docker_saves_is_read_and_not_left(tmp_path: Path) -> None:
    write_saved(tmp_path / "saved.tar", build(Layer.of(FILES)), tag="shop/web:2")
    said = f'test "$*" = "save -- shop/web:2" && cat {tmp_path}/saved.tar'
    environment = program(tmp_path, said)
    done = scan("shop/web:2", environment)
    assert done.returncode == 0, done.stderr
    assert "libc6" in names(done.stdout)
    assert list((tmp_path / "left").iterdir()) == []


@pytest.mark.parametrize(
    ("script", "exit_code", "code"),
    [
        ("echo 'No such image: nope' >&2; exit 1", 3, "ST-CLI-107"),
        ("echo no tar at all", 1, "ST-IMG-004"),
    ],
    ids=["unknown", "no tar"],
)
def test_what_docker_does_not_give_is_one_refusal(
    tmp_path: Path, script: str, exit_code: int, code: str
) -> None:
    done = scan("nope", program(tmp_path, script))
    assert (done.returncode, done.stdout) == (exit_code, "")
    first, advice, *_, last = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert advice.strip()
    assert last == f"  {code}"
    assert list((tmp_path / "left").iterdir()) == []


def test_where_there_is_no_docker_that_is_said(tmp_path: Path) -> None:
    done = scan("shop/web:2", {"PATH": str(tmp_path)})
    assert done.returncode == 3
    assert "docker cannot be run: No such file or directory" in done.stderr


@pytest.mark.lab
def test_an_image_of_a_real_engine_is_scanned(lab: Lab) -> None:
    host = lab.host("a")
    environment = {**os.environ, **host.environment}
    made = ["docker", "import", "-", "scanned/by-hand:7"]
    subprocess.run(made, input=tar_of(FILES), env=environment, capture_output=True, check=True)
    try:
        done = scan("scanned/by-hand:7", dict(host.environment))
        gone = scan("scanned/by-hand:8", dict(host.environment))
    finally:
        host.run(["rmi", "scanned/by-hand:7"])
    assert done.returncode == 0, done.stderr
    assert "libc6" in names(done.stdout)
    assert (gone.returncode, "ST-CLI-107" in gone.stderr) == (3, True)
