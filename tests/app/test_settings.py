"""Settings: the example file is the documentation, and this holds it to the program."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from stella.app.errors import MalformedSetting, UnknownSetting, UnreadableSettings
from stella.app.settings import RegistrySetting, Settings, load_settings, read_settings_file

EXAMPLE = Path(__file__).parents[2] / "docs" / "reference" / "settings.example.yaml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    return path


def test_the_example_names_every_key_with_its_default_and_a_comment():
    values = read_settings_file(EXAMPLE)
    assert Settings(**values) == Settings()
    assert list(values) == [field.name for field in fields(Settings)]
    for key in values:
        assert re.search(rf"^#.*\n{key}:", EXAMPLE.read_text(), re.MULTILINE), key


def test_no_setting_is_needed():
    assert load_settings(environment={}) == Settings()


def test_a_variable_wins_over_the_file(tmp_path: Path):
    path = written(tmp_path, "listen_port: 1\nsimulated: false\n")
    found = load_settings(
        environment={
            "STELLA_SETTINGS": str(path),
            "STELLA_LISTEN_PORT": "2",
            "STELLA_SIMULATED": "true",
            "STELLA_AGENTS_NAMES": "a.test, 10.0.0.1",
            "STELLA_URL": "http://elsewhere",
            "STELLA_OF_MY_OWN": "x",
        }
    )
    assert (found.listen_port, found.simulated) == (2, True)
    assert found.agents_names == ("a.test", "10.0.0.1")
    assert found.agents_address == "https://a.test:8475"


def test_registries_are_read(tmp_path: Path):
    path = written(tmp_path, 'registries:\n  "127.0.0.1:5000":\n    plain_http: true\n')
    found = load_settings(path, {})
    assert found.registries == {"127.0.0.1:5000": RegistrySetting(plain_http=True)}


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("listen_prot: 1", "listen_port"),
        ("1: x", ""),
        ("registries: {a: {pasword: x}}", "registries.a.password"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    tmp_path: Path, text: str, nearest: str
):
    with pytest.raises(UnknownSetting) as refusal:
        load_settings(written(tmp_path, text), {})
    assert nearest in refusal.value.remedy.advice


def test_a_variable_that_is_nearly_a_setting_is_refused():
    with pytest.raises(UnknownSetting, match="STELLA_LISTEN_PROT"):
        load_settings(environment={"STELLA_LISTEN_PROT": "1"})


@pytest.mark.parametrize(
    "text",
    [
        "listen_port: '8474'",
        "listen_port: 70000",
        "listen_port: true",
        "simulated: 1",
        "agents_names: a.test",
        "agents_names: [1]",
        "registries: []",
        "registries: {a: x}",
        "log_level: loud",
        "sweep_s: 0",
        "request_bytes_max: 1",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(tmp_path: Path, text: str):
    with pytest.raises(MalformedSetting):
        load_settings(written(tmp_path, text), {})


def test_a_variable_of_the_wrong_kind_is_refused():
    with pytest.raises(MalformedSetting, match="STELLA_LISTEN_PORT"):
        load_settings(environment={"STELLA_LISTEN_PORT": "many"})


def test_registries_in_a_variable_are_told_where_they_belong():
    for name in ("STELLA_REGISTRIES", "STELLA_registries"):
        with pytest.raises(MalformedSetting) as refusal:
            load_settings(environment={name: "registry.example"})
        told = f"{refusal.value} {refusal.value.remedy.advice}"
        assert "settings file" in told
        assert "Did you mean" not in told


@pytest.mark.parametrize("text", ["- a", "a: [", "\x00"])
def test_what_is_no_settings_file_is_refused(tmp_path: Path, text: str):
    with pytest.raises(UnreadableSettings):
        load_settings(written(tmp_path, text), {})


def test_a_settings_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UnreadableSettings):
        load_settings(tmp_path / "none.yaml", {})
