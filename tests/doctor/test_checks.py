"""Each check, passed and not."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from stella.api.services import Services
from stella.blob import Blobs
from stella.doctor import AgentSeen, Patient, examine
from stella.kernel import Outcome, Remedy
from stella.plugin.refusals import RegistryUnreachable


def outcomes(patient: Patient) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in examine(patient)}


@pytest.fixture
def patient(services: Services) -> Patient:
    return services.patient()


def test_a_fresh_server_is_well_but_for_its_missing_advisories(patient: Patient):
    checks = examine(patient)
    assert {one.name for one in checks if one.outcome is not Outcome.PASS} == {"advisories"}
    assert all(one.fix for one in checks if one.outcome is not Outcome.PASS)


def test_an_old_schema_is_found(patient: Patient):
    assert outcomes(replace(patient, schema="9999"))["migrations"] is Outcome.BLOCKED


def test_a_key_that_others_may_read_or_that_was_exchanged_is_found(patient: Patient):
    keys = patient.data / "keys"
    (keys / "evidence.key").chmod(0o644)
    assert outcomes(patient)["keys"] is Outcome.BLOCKED
    (keys / "evidence.key").chmod(0o600)
    assert outcomes(patient)["keys"] is Outcome.PASS
    (keys / "orders.key").replace(keys / "evidence.key")
    assert outcomes(patient)["keys"] is Outcome.BLOCKED


def test_a_changed_chain_is_found(patient: Patient):
    with patient.database.transaction(actor="system") as tx:
        tx.connection.execute(
            text("INSERT INTO chain (tenant, position, hash) VALUES ('default', 7, 'sha256:0')")
        )
    assert outcomes(patient)["audit chain"] is Outcome.BLOCKED


def test_registries_are_called(patient: Patient):
    def unreachable(host: str) -> object:
        raise RegistryUnreachable(f"{host} does not answer", remedy=Remedy("Start it."))

    asked = replace(patient, registries=("a.test",), open_registry=unreachable)
    assert outcomes(asked)["registry a.test"] is Outcome.BLOCKED


def test_agents_that_are_silent_are_found(patient: Patient):
    seen = [AgentSeen("a", is_online=True, engines=(("docker", "26.1"),)), AgentSeen("b", False)]
    found = outcomes(replace(patient, agents=lambda: seen))
    assert (found["agent a"], found["agent b"]) == (Outcome.PASS, Outcome.BLOCKED)


def test_handlers_that_gave_up_are_found(patient: Patient):
    asked = replace(patient, failed_runs=lambda: ("fct_1",))
    assert outcomes(asked)["handlers"] is Outcome.BLOCKED


def test_snapshots_are_found_stale_or_missing(patient: Patient, tmp_path: Path):
    snapshot = tmp_path / "a.sqlite"
    found = {}
    for age_days in (None, 0, 30):
        if age_days is not None:
            snapshot.write_bytes(b"")
            at = snapshot.stat().st_mtime - age_days * 86400
            os.utime(snapshot, (at, at))
        found[age_days] = outcomes(replace(patient, advisories=snapshot))["advisories"]
    assert found == {None: Outcome.BLOCKED, 0: Outcome.PASS, 30: Outcome.BLOCKED}


def test_one_check_that_cannot_be_made_leaves_the_others(patient: Patient, tmp_path: Path):
    (tmp_path / "file").write_text("")
    found = outcomes(replace(patient, blobs=Blobs(tmp_path / "file")))
    assert (found["blobs"], found["database"]) == (Outcome.BLOCKED, Outcome.PASS)
