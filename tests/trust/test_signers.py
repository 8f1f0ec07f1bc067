"""Who may sign what, and what the base install can say of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.test_attest import BY_KEY, GOOD, IMAGE, NOW, ROOT, SIGNER, WHO
from stella.cli.main import main
from stella.trust import CYCLONEDX, OPENVEX, MalformedEnvelope, new_signer
from stella.trust.sigstore import judge_by_signers, read_signers, read_sigstore_root

BY_WHO = {"identity": WHO.name, "issuer": WHO.issuer}
PEMS = {"ci.pub": SIGNER.public.pem, "other.pub": new_signer().public.pem}


def reason(bundle: bytes, *spec: dict[str, object]) -> str:
    """Empty where it may be; otherwise why not."""
    document = {"apiVersion": "stella/v1", "kind": "Signers", "spec": list(spec)}
    rules = read_signers(document, PEMS)
    found = judge_by_signers(bundle, rules, read_sigstore_root(ROOT), NOW, artifact=IMAGE)
    return "" if found.good else found.checks[-1].detail


def test_a_missing_foreign_or_wrong_signer_is_refused_for_its_reason():
    bom = [CYCLONEDX]
    assert reason(GOOD, {"types": bom, "identities": [BY_WHO]}) == ""
    assert reason(BY_KEY, {"types": bom, "keys": ["other.pub", "ci.pub"]}) == ""
    assert "nobody may sign" in reason(GOOD)
    assert "nobody may sign" in reason(GOOD, {"types": [OPENVEX], "identities": [BY_WHO]})
    eve = {**BY_WHO, "identity": "eve@shop.example"}
    assert "ci@shop.example (says" in reason(GOOD, {"types": bom, "identities": [eve]})
    other = {**BY_WHO, "issuer": "https://other.example"}
    assert "may not sign" in reason(GOOD, {"types": bom, "identities": [other]})
    assert "may not sign" in reason(GOOD, {"types": bom, "keys": ["ci.pub"]})
    assert "only identities" in reason(BY_KEY, {"types": bom, "identities": [BY_WHO]})
    assert "not of that key" in reason(BY_KEY, {"types": bom, "keys": ["other.pub"]})
    # Two rules for two types are not one for both.
    split = ({"types": [OPENVEX], "identities": [BY_WHO]}, {"types": bom, "keys": ["ci.pub"]})
    assert "may not sign" in reason(GOOD, *split)
    assert "no JSON" in reason(b"{")


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"apiVersion": "stella/v1", "kind": "Other", "spec": []},
        {"apiVersion": "stella/v1", "kind": "Signers", "spec": [{"types": []}]},
        {"apiVersion": "stella/v1", "kind": "Signers", "spec": [{"types": ["x"]}]},
        {"apiVersion": "stella/v1", "kind": "Signers", "spec": [{"types": ["x"], "keys": ["?"]}]},
        {"apiVersion": "stella/v1", "kind": "Signers", "spec": [{"types": ["x"], "who": ["?"]}]},
    ],
)
def test_a_document_that_is_none_is_refused(document: object):
    with pytest.raises(MalformedEnvelope):
        read_signers(document, PEMS)


def test_the_command_reads_rules_and_keys_that_lie_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "ci.pub").write_bytes(SIGNER.public.pem)
    (tmp_path / "bundle.json").write_bytes(BY_KEY)
    (tmp_path / "image").write_bytes(IMAGE)
    (tmp_path / "root.json").write_bytes(ROOT)
    rules = tmp_path / "signers.yaml"
    rules.write_text(
        "apiVersion: stella/v1\nkind: Signers\n"
        f"spec:\n  - types: [{CYCLONEDX}]\n    keys: [ci.pub]\n"
    )
    words = ["trust", "verify", "--bundle", str(tmp_path / "bundle.json")]
    words += ["--artifact", str(tmp_path / "image"), "--trusted-root", str(tmp_path / "root.json")]
    assert main([*words, "--signers", str(rules)]) == 0
    assert capsys.readouterr().out.endswith("verified\n")
    rules.write_text(rules.read_text().replace(CYCLONEDX, OPENVEX))
    assert main([*words, "--signers", str(rules)]) == 1
    assert "nobody may sign" in capsys.readouterr().out


# The extras cannot be imported, and every socket is refused.
BASE = """
import socket, sys
for name in ("sqlalchemy", "fastapi", "dbos", "sigstore", "rfc3161_client"):
    sys.modules[name] = None
def refuse(*_, **__):
    raise OSError("no network here")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from stella.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_an_auditor_needs_the_base_install_and_no_network(tmp_path: Path):
    for name, content in (("bundle", GOOD), ("root", ROOT), ("image", IMAGE)):
        (tmp_path / name).write_bytes(content)
    words = ["trust", "verify", "--bundle", "bundle", "--artifact", "image"]
    words += ["--identity", WHO.name, "--issuer", WHO.issuer]

    def run(*more: str) -> "subprocess.CompletedProcess[str]":
        argv = [sys.executable, "-c", BASE, *words, *more]
        return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("--trusted-root", "root")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verified"), done.stderr
    done = run()
    assert done.returncode == 1
    assert "ST-TRU-013" in done.stderr
    assert "pip install 'stella-ops[sigstore]'" in done.stderr
