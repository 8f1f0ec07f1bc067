"""Keys, references and directories of a server."""

import os
from pathlib import Path
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from fixtures.databases import Clock
from stella.app.errors import DataUnusable, KeysIncomplete
from stella.app.places import read_here
from stella.app.schema import migrate
from stella.app.settings import RegistrySetting, Settings
from stella.app.wiring import open_services
from stella.hub.errors import UnresolvedReference
from stella.hub.reference import parse_reference
from stella.trust import UnusableKey


def settings(tmp_path: Path, **values: object) -> Settings:
    return Settings(data_directory=str(tmp_path / "data"), **values)


def test_the_first_start_makes_keys_for_the_server_alone_and_the_second_keeps_them(
    tmp_path: Path, clock: Clock
):
    first = open_services(settings(tmp_path), now=clock)
    second = open_services(settings(tmp_path), now=clock)
    assert first.trust_root.to_json() == second.trust_root.to_json()
    assert first.authority.fingerprint == second.authority.fingerprint
    assert first.keys.hook_token == second.keys.hook_token
    keys = tmp_path / "data" / "keys"
    modes = {path.name: path.stat().st_mode & 0o777 for path in keys.iterdir()}
    private = [name for name in modes if name.endswith((".key", ".token"))]
    assert [modes[name] for name in private] == [0o600] * 5
    assert keys.stat().st_mode & 0o777 == 0o700


def test_a_start_killed_while_making_keys_makes_them_anew(tmp_path: Path, clock: Clock):
    (tmp_path / "data" / f".keys-{os.getpid()}").mkdir(parents=True)
    (tmp_path / "data" / f".keys-{os.getpid()}" / "evidence.key").write_text("half")
    assert len(open_services(settings(tmp_path), now=clock).trust_root.keys) == 3


def test_a_missing_key_is_a_refusal_and_never_replaced(tmp_path: Path, clock: Clock):
    open_services(settings(tmp_path), now=clock)
    (tmp_path / "data" / "keys" / "evidence.key").unlink()
    with pytest.raises(KeysIncomplete, match=r"evidence\.key"):
        open_services(settings(tmp_path), now=clock)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path, clock: Clock):
    open_services(settings(tmp_path), now=clock)
    (tmp_path / "data" / "keys" / "orders.key").chmod(0o644)
    with pytest.raises(UnusableKey, match="others may read"):
        open_services(settings(tmp_path), now=clock)


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path, clock: Clock):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnusable):
        open_services(Settings(data_directory=str(tmp_path / "file" / "data")), now=clock)


def test_references_lead_to_secrets(tmp_path: Path):
    (tmp_path / "secret").write_text("from a file\n")
    read = read_here(parse_reference("env://A"), {"A": "from a variable"})
    assert (read.value, "from" in repr(read)) == ("from a variable", False)
    assert read_here(parse_reference(f"file://{tmp_path}/secret"), {}).value == "from a file"


@pytest.mark.parametrize("reference", ["env://NONE", "file:///none"])
def test_a_reference_that_leads_nowhere_is_refused(reference: str):
    with pytest.raises(UnresolvedReference):
        read_here(parse_reference(reference), {})


def test_registries_are_opened_as_the_settings_say_and_kept(tmp_path: Path, clock: Clock):
    registries = {"127.0.0.1:5000": RegistrySetting(plain_http=True)}
    services = open_services(settings(tmp_path, registries=registries), now=clock)
    services.database.create_tables()
    opened = services.open_registry("127.0.0.1:5000")
    assert opened.host == "127.0.0.1:5000"
    assert services.open_registry("127.0.0.1:5000") is opened


def test_a_password_of_the_settings_is_masked_as_every_other_is(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REGISTRY_PASSWORD", "hunter2-of-the-settings")

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if "authorization" not in headers:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": []}')

    with played_registry(play) as host:
        known = RegistrySetting(
            username="env://REGISTRY_PASSWORD", password="env://REGISTRY_PASSWORD"
        )
        services = open_services(settings(tmp_path, registries={host: known}), now=clock)
        migrate(services.database.engine)
        services.outside.registry(host, None).tags("shop/web")
    assert services.outside.masked("it is hunter2-of-the-settings") == "it is ***"
