"""The doctor from the command line, on a server that listens."""

import json
import tarfile
from pathlib import Path

from fixtures.commands import Command
from stella.api.services import Services


def test_the_doctor_speaks_by_area_and_ends_with_one_where_something_fails(
    admin: Command, services: Services
):
    shown = admin("doctor", "--area", "keys")
    assert shown.exit_code == 0, shown.stderr
    assert {line.split()[0] for line in shown.stdout.splitlines()[1:]} == {"keys"}
    (services.data / "keys" / "sbom.key").chmod(0o644)
    assert admin("doctor", "--area", "keys").exit_code == 1
    unknown = admin("doctor", "--area", "kyes")
    assert (unknown.exit_code, "there is no area 'kyes'" in unknown.stderr) == (3, True)
    mended = admin("doctor", "--area", "keys", "--fix", "all")
    assert (mended.exit_code, "0644 -> 0600" in mended.stderr) == (0, True)
    again = admin("doctor", "--area", "keys", "--fix", "keys.private")
    assert "nothing to mend" in again.stderr
    wrong = admin("doctor", "--fix", "records.chain")
    assert "not for a program to mend" in wrong.stderr


def test_a_bundle_is_written_of_the_server_and_of_this_host(
    admin: Command, services: Services, tmp_path: Path
):
    for words in ((), ("--data", str(services.data))):
        file = tmp_path / "support.tar"
        made = admin("doctor", "bundle", "--to", str(file), *words)
        assert (made.exit_code, "holds no secrets" in made.stderr) == (0, True)
        with tarfile.open(file) as tar:
            listed = tar.extractfile("stella-support/manifest.json")
            assert listed is not None
            names = {one["name"] for one in json.loads(listed.read())["files"]}
        assert names >= {"doctor.json", "settings.json", "integrations.json", "facts.json"}
    refused = admin("doctor", "bundle", "--to", str(tmp_path))
    assert "cannot be written" in refused.stderr
