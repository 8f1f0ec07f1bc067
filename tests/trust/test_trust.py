import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from stella.kernel import Digest
from stella.trust import (
    APPROVAL,
    DEPLOYMENT,
    Algorithm,
    BadCertificate,
    BadRequestSignature,
    BadSignature,
    KeyExists,
    MalformedEnvelope,
    TrustRoot,
    UnusableKey,
    WrongStatement,
    create_authority,
    create_key,
    issue_certificate,
    load_authority,
    load_public_key,
    load_signer,
    make_csr,
    new_signer,
    pae,
    read_certificate,
    sign_request,
    sign_statement,
    unverified_statement,
    verify_bundle,
    verify_request,
)
from stella.trust.dsse import PAYLOAD_TYPE, sign_envelope

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SUBJECT = Digest.of(b"an image")
SIGNER = new_signer()


def bundle(**changes: object) -> bytes:
    fields = {
        "subject_name": "plan",
        "subject": SUBJECT,
        "predicate_type": APPROVAL,
        "predicate": {"comment": "ok"},
    }
    return sign_statement(SIGNER, **{**fields, **changes})  # type: ignore[arg-type]


def test_pae_is_that_of_the_dsse_specification() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_statement_comes_back_as_it_was_signed(algorithm: Algorithm, tmp_path: Path) -> None:
    created = create_key(tmp_path, "evidence", algorithm)
    signer = load_signer(tmp_path / "evidence.key")
    assert signer.key_id == created.key_id
    assert signer.algorithm is algorithm
    signed = sign_statement(
        signer, subject_name="x", subject=SUBJECT, predicate_type=APPROVAL, predicate={"a": [1]}
    )
    public = load_public_key(tmp_path / "evidence.pub")
    statement = verify_bundle(signed, [SIGNER.public, public], subject=SUBJECT)
    assert (statement.predicate, statement.key_id) == ({"a": [1]}, public.key_id)


def test_any_changed_byte_of_a_bundle_is_refused() -> None:
    good = bundle()
    payload = good.index(b'"payload":')
    for place in range(payload + 12, len(good) - 400, 7):
        changed = bytearray(good)
        changed[place] ^= 1
        with pytest.raises((BadSignature, MalformedEnvelope)):
            verify_bundle(bytes(changed), [SIGNER.public])


def test_a_stranger_is_not_believed() -> None:
    with pytest.raises(BadSignature, match="no trusted key"):
        verify_bundle(bundle(), [new_signer().public])
    with pytest.raises(BadSignature):
        verify_bundle(bundle(), [])


def test_a_good_signature_about_something_else_is_refused() -> None:
    with pytest.raises(WrongStatement, match="subject"):
        verify_bundle(bundle(), [SIGNER.public], subject=Digest.of(b"other"))
    with pytest.raises(WrongStatement, match="predicate type"):
        verify_bundle(bundle(), [SIGNER.public], predicate_type=DEPLOYMENT)


@pytest.mark.parametrize(
    ("wrong", "by"),
    [
        ('"predicateType":"x"', '"predicateType":5'),
        ('"predicate":{}', '"predicate":{"x":"\\ud800"}'),
        ('"predicate":{}', '"predicate":{"x":NaN}'),
        ('"name":"x"', '"name":[]'),
        ('"name":"x"', '"name":"\\udfff"'),
        ('"subject":[', '"subject":[{"name":"y","digest":{}},'),
        ('"sha256"', '"sha512"'),
    ],
)
def test_a_statement_with_something_else_in_its_place_is_refused(wrong: str, by: str) -> None:
    digest = f'"digest":{{"sha256":"{SUBJECT.hex}"}}'
    good = (
        f'{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"x",{digest}}}],'
        '"predicateType":"x","predicate":{}}'
    )
    envelope = sign_envelope(good.replace(wrong, by).encode(), PAYLOAD_TYPE, SIGNER)
    read = {**json.loads(bundle()), "dsseEnvelope": msgspec.to_builtins(envelope)}
    assert by in good.replace(wrong, by)
    with pytest.raises(MalformedEnvelope):
        verify_bundle(json.dumps(read).encode(), [SIGNER.public])
    with pytest.raises(MalformedEnvelope):
        unverified_statement(json.dumps(read).encode())


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"mediaType": 1}'])
def test_what_is_no_bundle_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedEnvelope):
        verify_bundle(content, [SIGNER.public])


def test_a_bundle_has_the_shape_sigstore_clients_read() -> None:
    content = json.loads(bundle())
    assert content["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    assert set(content) == {"mediaType", "verificationMaterial", "dsseEnvelope"}
    assert content["dsseEnvelope"]["payloadType"] == "application/vnd.in-toto+json"


def test_keys_are_never_overwritten_nor_shared(tmp_path: Path) -> None:
    create_key(tmp_path, "k")
    with pytest.raises(KeyExists):
        create_key(tmp_path, "k")
    (tmp_path / "k.key").chmod(0o644)
    with pytest.raises(UnusableKey, match="others may read"):
        load_signer(tmp_path / "k.key")
    with pytest.raises(UnusableKey, match="no key at"):
        load_signer(tmp_path / "none.key")
    with pytest.raises(UnusableKey):
        load_public_key(tmp_path / "k.key")


def test_a_trusted_root_travels_as_a_document() -> None:
    root = TrustRoot({"evidence": SIGNER.public})
    assert TrustRoot.from_json(root.to_json()) == root
    for bad in (b"", b"[]", b'{"keys": {"a": 1}}', b'{"keys": {"a": "no pem"}}'):
        with pytest.raises(MalformedEnvelope):
            TrustRoot.from_json(bad)


def test_the_authority_names_who_it_wants_whatever_is_asked_for(tmp_path: Path) -> None:
    create_authority(tmp_path, create_key(tmp_path, "ca"), NOW)
    authority = load_authority(tmp_path)
    agent = new_signer()
    content = issue_certificate(
        authority, make_csr(agent, "root"), subject="agt_1", now=NOW, hours=24
    )
    view = read_certificate(content)
    assert (view.subject, view.key.key_id) == ("agt_1", agent.key_id)
    assert view.not_after == NOW + timedelta(hours=24)
    with pytest.raises(BadCertificate):
        issue_certificate(authority, b"no csr", subject="agt_1", now=NOW, hours=1)
    with pytest.raises(BadCertificate):
        read_certificate(b"no certificate")


def test_a_request_is_good_for_one_path_one_body_and_two_minutes() -> None:
    request = {"method": "POST", "path": "/agent/v1/poll", "body": b"{}"}
    headers = sign_request(SIGNER, **request, now=NOW, nonce="n1")  # type: ignore[arg-type]

    def check(now: datetime = NOW, **changes: object) -> str:
        asked = {**request, **changes}
        return verify_request(SIGNER.public, headers, **asked, now=now)  # type: ignore[arg-type]

    assert check() == "n1"
    assert check(now=NOW + timedelta(seconds=119)) == "n1"
    for bad in ({"path": "/other"}, {"body": b"{ }"}, {"method": "GET"}):
        with pytest.raises(BadRequestSignature):
            check(**bad)
    with pytest.raises(BadRequestSignature, match="120 s"):
        check(now=NOW + timedelta(seconds=121))
    with pytest.raises(BadRequestSignature):
        verify_request(SIGNER.public, {}, **request, now=NOW)  # type: ignore[arg-type]
