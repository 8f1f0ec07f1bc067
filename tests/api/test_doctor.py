"""The doctor by the API: by area, what is mended, and the bundle."""

import hashlib
import io
import json
import tarfile
from typing import Any

from sqlalchemy import text

from fixtures.control import Control
from stella.app.settings import RegistrySetting, Settings
from stella.app.support import masked_settings


def checks(control: Control, query: str = "") -> list[dict[str, Any]]:
    return control.get(f"/doctor{query}", by="olga")["checks"]


def files(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def test_one_area_is_examined_and_another_is_refused(control: Control):
    assert {one["area"] for one in checks(control, "?area=keys,disk")} == {"keys", "disk"}
    assert control.refused("GET", "/doctor?area=kyes", by="olga") == "ST-DOC-001"


def test_an_administrator_mends_and_it_is_a_fact_of_theirs(control: Control):
    key = control.services.data / "keys" / "sbom.key"
    key.chmod(0o604)
    (named,) = [one for one in checks(control, "?area=keys") if one["id"] == "keys.private"]
    assert (named["outcome"], named["canFix"]) == ("blocked", True)
    assert control.refused("POST", "/doctor/fix", {}, by="olga") == "ST-IDN-004"
    assert key.stat().st_mode & 0o777 == 0o604
    mended = control.post("/doctor/fix", {"checks": ["keys.private"]}, by="root")["items"]
    assert mended == [
        {"check": "keys.private", "about": "keys/sbom.key", "before": "0604", "after": "0600"}
    ]
    assert control.post("/doctor/fix", {}, by="root")["items"] == []
    with control.database.read() as tx:
        actor = tx.connection.execute(
            text("SELECT actor FROM fact WHERE kind = 'FaultMended'")
        ).scalar_one()
        name = tx.connection.execute(
            text("SELECT name FROM user_account WHERE id = :id"), {"id": actor}
        ).scalar_one()
    assert name == "root"
    assert control.refused("POST", "/doctor/fix", {"checks": ["x"]}, by="root") == "ST-DOC-001"
    assert (
        control.refused("POST", "/doctor/fix", {"checks": ["records.chain"]}, by="root")
        == "ST-DOC-002"
    )


def test_a_bundle_lists_all_that_is_in_it_and_is_a_fact(control: Control):
    assert control.ask("GET", "/doctor/bundle", by="olga").status_code == 403
    content = control.ask("GET", "/doctor/bundle", by="root").content
    held = files(content)
    manifest = json.loads(held.pop("stella-support/manifest.json"))
    assert manifest["format"] == "stella-support/1"
    listed = {f"stella-support/{one['name']}": one for one in manifest["files"]}
    assert listed.keys() == held.keys()
    for name, one in held.items():
        assert listed[name]["size"] == len(one)
        assert listed[name]["sha256"] == hashlib.sha256(one).hexdigest()
    assert {one.rpartition("/")[2] for one in held} == {
        "about.json",
        "database.json",
        "doctor.json",
        "facts.json",
        "integrations.json",
        "log.txt",
        "plugins.json",
        "secrets.json",
        "settings.json",
        "sizes.json",
    }
    broken = [name for name, one in held.items() if b'"broke"' in one or b'"refused": "' in one]
    assert broken == []
    again = files(control.ask("GET", "/doctor/bundle", by="root").content)
    same = {"about.json", "settings.json", "integrations.json", "plugins.json"}
    for name in (f"stella-support/{one}" for one in same):
        assert again[name] == held[name]
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert control.kinds(digest) == ["SupportBundleMade"]


def test_settings_are_told_without_what_may_be_a_secret():
    told = masked_settings(
        Settings(
            database_url="postgresql+psycopg://anastasia:hunter2@db.example/stella?password=hunter3",
            public_url="https://anastasia:hunter4@stella.example/x?token=hunter5",
            registries={
                "r.example": RegistrySetting(username="anastasia", password="hunter6"),
                "s.example": RegistrySetting(password="env://STELLA_SECRET_PASSWORD"),
            },
        )
    )
    said = json.dumps(told)
    assert "hunter" not in said
    assert "anastasia" not in said
    assert "db.example" in said
    assert told["registries"]["s.example"]["password"] == "env://STELLA_SECRET_PASSWORD"  # type: ignore[index,call-overload]
