"""Proofs of logs: the public cases, and those that a tree of our own gives."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stella.trust.errors import BadSignature, UnprovenEntry
from stella.trust.keys import Algorithm, new_signer
from stella.trust.transparency import merkle
from stella.trust.transparency.note import (
    LogKey,
    WitnessKey,
    check_signed,
    checkpoint_text,
    cosign_note,
    cosigned_by,
    read_checkpoint,
    read_note,
    sign_note,
    verifier_key,
)


def raw(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def proven(kind: str, case: dict[str, Any]) -> bool:
    proof = [raw(one) for one in case["proof"] or ()]
    checks: dict[str, Callable[[], None]] = {
        "inclusion": lambda: merkle.check_inclusion(
            raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, raw(case["root"])
        ),
        "consistency": lambda: merkle.check_consistency(
            case["size1"], case["size2"], proof, raw(case["root1"]), raw(case["root2"])
        ),
        "subtreeinclusion": lambda: merkle.check_subtree_inclusion(
            raw(case["leafHash"]),
            case["leafIdx"],
            range(case["start"], case["end"]),
            proof,
            raw(case["root"]),
        ),
        "subtreeconsistency": lambda: merkle.check_subtree(
            range(case["start"], case["end"]),
            case["size"],
            proof,
            raw(case["root1"]),
            raw(case["root2"]),
        ),
    }
    try:
        checks[kind]()
    except UnprovenEntry:
        return False
    return True


@pytest.mark.conformance
def test_every_public_proof_has_the_verdict_that_it_says(shared: Path):
    folder = shared / "conformance/merkle/testdata"
    cases = [
        (path.relative_to(folder).parts[0], path.name, json.loads(path.read_text()))
        for path in sorted(folder.rglob("*.json"))
    ]
    assert len(cases) == 518
    assert sum(case["wantErr"] for _, _, case in cases) == 482
    wrong = [name for kind, name, case in cases if proven(kind, case) is case["wantErr"]]
    assert wrong == []


def test_a_checkpoint_is_read_as_it_was_written_and_holds_by_its_keys_alone():
    log, witness = new_signer(Algorithm.ED25519), new_signer(Algorithm.ED25519)
    text = checkpoint_text("example.com/log", 7, bytes(32))
    note = cosign_note(sign_note(text, "example.com/log", log), "w.example", witness, 1_700_000_000)
    head = read_checkpoint(note.written())
    assert (head.origin, head.size, head.root, head.note) == (
        *("example.com/log", 7, bytes(32)),
        note,
    )
    check_signed(head.note, LogKey("example.com/log", log.public))
    known = WitnessKey("w.example", witness.public)
    assert cosigned_by(head.note, [known]) == ("w.example",)
    assert cosigned_by(head.note, [WitnessKey("w.example", log.public)]) == ()
    told = verifier_key("w.example", witness.public)
    assert WitnessKey.read(told).key == witness.public
    with pytest.raises(UnprovenEntry, match="another id"):
        WitnessKey.read(told.replace("w.example", "v.example"))
    changed = read_checkpoint(note.written().replace("\n7\n", "\n8\n"))
    with pytest.raises(BadSignature):
        check_signed(changed.note, LogKey("example.com/log", log.public))
    assert cosigned_by(changed.note, [known]) == ()


def test_the_note_of_the_specification_holds():
    note = read_note(
        "This is an example message.\n\n"
        "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj"
        "OBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    key = WitnessKey.read("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    check_signed(note, LogKey(key.name, key.key))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "without signatures"),
        ("a\n1\nAA==\n", "without signatures"),
        ("a\n1\nAA==\n\n— a AAAAAAA=", "cut off"),
        ("a\n1\n\n— a AAAAAAA=\n", "lacks its origin"),
        ("a\n01\nAA==\n\n— a AAAAAAA=\n", "size"),
        ("a\n-1\nAA==\n\n— a AAAAAAA=\n", "size"),
        ("a\n1\nAA==\n\n— a AAAAAAA=\n", "1 bytes"),
        ("a\n1\nAB==\n\n— a AAAAAAA=\n", "spare bits"),
        ("a\n1\nAA==\n\n- a AAAAAAA=\n", "no signature"),
        ("a\n1\nAA==\n\n— a AAA=\n", "no signature"),
        ("a\r\n1\nAA==\n\n— a AAAAAAA=\n", "control"),
    ],
)
def test_a_wrong_checkpoint_says_why(content: str, why: str):
    with pytest.raises(UnprovenEntry, match=why):
        read_checkpoint(content)
