"""The engine that the user already runs: their way to it stays, and so does what is theirs on it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from stella.lab import CommandFailed, Host, Lab, UsersEngine
from stella.lab.users_engine import own_configuration

BUSYBOX = "/bin/busybox"


@pytest.fixture
def engine(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[UsersEngine]:
    """Host a as a user has it. Debian's own docker first: it brings BuildKit with it."""
    for name, value in lab.host("a").environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    made = UsersEngine("test")
    yield made
    made.remove_all()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    shutil.copy2(BUSYBOX, folder / "busybox")
    words = ["FROM scratch", "COPY busybox /bin/busybox", "ARG WORD", "ENV WORD=${WORD}"]
    (folder / "Dockerfile").write_text("\n".join(words) + "\n")
    return folder


def build_cache(host: Host) -> list[str]:
    said = host.run(["system", "df", "--verbose", "--format", "{{json .BuildCache}}"])
    return [one["ID"] for one in json.loads(said) or ()]


@pytest.mark.lab
@pytest.mark.parametrize("builder", ["0", "1"], ids=["classic", "buildkit"])
def test_a_built_image_is_dropped_whole_by_either_builder(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, engine: UsersEngine, context: Path, builder: str
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", builder)
    before = build_cache(lab.host("a"))
    ours = UsersEngine("test")
    image = ours.build(context, "ours:1", {"WORD": "given"})
    assert bool(set(build_cache(lab.host("a"))) - set(before)) == (builder == "1")
    assert image in ours.listed()["image"]
    assert "WORD=given" in ours.run(["run", "--rm", "ours:1", BUSYBOX, "env"]).split()
    ours.drop("ours:1", image)
    assert ours.listed() == {"container": [], "network": [], "image": []}
    assert build_cache(lab.host("a")) == before


@pytest.mark.lab
def test_what_carries_the_label_goes_and_what_is_another_ones_stays(
    lab: Lab, engine: UsersEngine, context: Path
) -> None:
    host, other = lab.host("a"), UsersEngine("other")
    try:
        for one, name in ((engine, "ours"), (other, "theirs")):
            one.build(context, f"{name}:1", {"WORD": name})
            one.run(["network", "create", f"--label={one.label}", name])
            one.run(["run", "--detach", f"--network={name}", f"{name}:1", BUSYBOX, "sleep", "600"])
        engine.remove_all()
        assert engine.listed() == {"container": [], "network": [], "image": []}
        kept = other.listed()
        assert [len(kept["container"]), len(kept["network"])] == [1, 1]
        assert host.run(["ps", "--quiet", "--filter=label=stella.demo=other"]).split()
    finally:
        other.remove_all()


@pytest.mark.lab
def test_a_build_that_fails_says_what_the_first_builder_said(
    engine: UsersEngine, context: Path
) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY nothing /nothing\n")
    with pytest.raises(CommandFailed, match="nothing"):
        engine.build(context, "ours:1", {})


def test_the_users_context_credentials_and_plugins_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    (users / "contexts" / "meta").mkdir(parents=True)
    (users / "cli-plugins").mkdir()
    for plugin in ("docker-buildx", "docker-compose"):
        (users / "cli-plugins" / plugin).write_text(f"the user's {plugin}")
    (users / "config.json").write_text('{"currentContext": "mine", "auths": {}}')
    (tmp_path / "compose").write_text("version two")
    monkeypatch.setenv("DOCKER_CONFIG", str(users))

    made = own_configuration(tmp_path / "ours", tmp_path / "compose")

    assert json.loads((made / "config.json").read_text())["currentContext"] == "mine"
    assert (made / "contexts" / "meta").is_dir()
    assert (made / "cli-plugins" / "docker-buildx").read_text() == "the user's docker-buildx"
    assert (made / "cli-plugins" / "docker-compose").read_text() == "version two"
    assert (users / "cli-plugins" / "docker-compose").read_text() == "the user's docker-compose"


def test_without_another_compose_the_users_own_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    (users / "cli-plugins").mkdir(parents=True)
    (users / "cli-plugins" / "docker-compose").write_text("the user's")
    monkeypatch.setenv("DOCKER_CONFIG", str(users))
    made = own_configuration(tmp_path / "ours", None)
    assert (made / "cli-plugins" / "docker-compose").read_text() == "the user's"
    assert (made / "config.json").read_text() == "{}"
