"""Secrets Manager beyond the kit: roles and their sessions, stages, binaries, the errors of AWS."""

import json
import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest

from connectors.stores import READ, aws_profile, direct, given_keys, put_in_moto
from fixtures.secret_stores import ACCOUNT, Moto
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Kind
from stella.plugin.load import checked_plugin
from stella.plugin.manifest import manifest_beside
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.aws import Keys
from stella.sdk.testing.between import Fault, answered, standing_between
from stella.sdk.testing.telling import untold
from stella_connectors.aws_secrets import PLUGIN, AwsSecretStore, open_aws
from stella_connectors.aws_secrets.reference import Reference, parse_reference

KEYS = given_keys(Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG"))


def put(moto: Moto, value: Any = "a text") -> str:
    name = f"{uuid.uuid4().hex}/one"
    put_in_moto(moto, name, value)
    return name


def targets(requests: list[Any]) -> list[str]:
    """What was asked for: the action of each request."""
    return [
        one.headers.get("x-amz-target", "").rpartition(".")[2]
        or dict(pair.split("=") for pair in one.body.decode().split("&"))["Action"]
        for one in requests
    ]


# ---------------------------------------------------------------- roles


@pytest.mark.stores
def test_a_role_is_taken_on_once_and_anew_before_its_session_ends(moto: Moto):
    name, given = put(moto), given_keys(moto.keys(moto.user("sts:AssumeRole")))
    at = [datetime.now(UTC)]
    with standing_between(moto.endpoint) as between:
        role = moto.role(READ)
        profile = aws_profile(between.endpoint, given, role_arn=role, session_s=3600)
        store = AwsSecretStore(profile, now=lambda: at[0])

        def read() -> list[str]:
            before = len(between.requests)
            assert store.read(name, None).value == "a text"
            return targets(between.requests[before:])

        assert read() == ["AssumeRole", "GetSecretValue"]
        assert read() == ["GetSecretValue"]
        at[0] += timedelta(minutes=54)
        assert read() == ["GetSecretValue"]
        at[0] += timedelta(minutes=2)
        assert read() == ["AssumeRole", "GetSecretValue"]
        assert f"assumed-role/{role.rpartition('/')[2]}/stella" in store.check()


@pytest.mark.stores
def test_a_session_that_was_ended_is_made_anew_once(moto: Moto):
    name, given = put(moto), given_keys(moto.keys(moto.user("sts:AssumeRole")))
    ended = Fault("ended", answered(400, b'{"__type":"ExpiredTokenException","message":"x"}'))
    with standing_between(moto.endpoint, ended, at=2) as between:
        store = open_aws(aws_profile(between.endpoint, given, role_arn=moto.role(READ)))
        assert store.read(name, None).value == "a text"
        once = ["AssumeRole", "GetSecretValue"]
        assert targets(between.requests) == [*once, *once]


@pytest.mark.stores
def test_a_role_that_the_keys_may_not_take_on_is_refused(moto: Moto):
    given = given_keys(moto.keys(moto.user(READ)))
    store = open_aws(aws_profile(moto.endpoint, given, role_arn=moto.role(READ)))
    for call in (store.check, lambda: store.read("any/name", None)):
        with pytest.raises(SecretStoreRefused, match="take on the role") as refusal:
            call()
        untold(refusal.value, given.secrets())


@pytest.mark.stores
def test_a_session_token_is_a_credential(moto: Moto):
    name, role = put(moto), moto.role(READ)
    made = moto.query("sts", "AssumeRole", RoleArn=role, RoleSessionName="somebody")
    given = given_keys(Keys(made["AccessKeyId"], made["SecretAccessKey"]))
    given.values["session_token"] = made["SessionToken"]
    store = open_aws(aws_profile(moto.endpoint, given))
    assert store.read(name, None).value == "a text"
    assert store.check().endswith("/somebody")
    given.values["session_token"] = "x" * 100
    with pytest.raises(SecretStoreRefused, match="does not take our keys"):
        store.read(name, None)


# ---------------------------------------------------------------- what is read


@pytest.mark.stores
def test_a_stage_names_the_version_before(moto: Moto):
    name, given = put(moto, "before"), given_keys(moto.keys(moto.user(READ)))
    put_in_moto(moto, name, "after")
    store = open_aws(aws_profile(moto.endpoint, given))
    assert store.read(name, None).value == "after"
    assert store.read(f"{name}?stage=AWSCURRENT", None).value == "after"
    assert store.read(f"{name}?stage=AWSPREVIOUS", None).value == "before"
    with pytest.raises(SecretNotFound):
        store.read(f"{name}?stage=NEVER", None)


@pytest.mark.stores
def test_an_arn_names_it_as_well(moto: Moto):
    name, given = put(moto), given_keys(moto.keys(moto.user(READ)))
    arn = moto.secret("DescribeSecret", {"SecretId": name})["ARN"]
    assert open_aws(aws_profile(moto.endpoint, given)).read(arn, None).value == "a text"


@pytest.mark.stores
def test_a_binary_secret_is_refused_and_says_why(moto: Moto):
    name, given = uuid.uuid4().hex, given_keys(moto.keys(moto.user(READ)))
    hidden = b64encode(b"hidden-word-1").decode()
    moto.secret("CreateSecret", {"Name": name, "SecretBinary": hidden})
    with pytest.raises(SecretNotFound, match="it is binary") as refusal:
        open_aws(aws_profile(moto.endpoint, given)).read(name, None)
    untold(refusal.value, (hidden, "hidden-word-1"))


@pytest.mark.stores
def test_what_is_marked_for_deletion_is_not_found(moto: Moto):
    name, given = put(moto), given_keys(moto.keys(moto.user(READ)))
    moto.secret("DeleteSecret", {"SecretId": name, "RecoveryWindowInDays": 7})
    with pytest.raises(SecretNotFound):
        open_aws(aws_profile(moto.endpoint, given)).read(name, None)


@pytest.mark.stores
@pytest.mark.parametrize("text", ["hidden-word-1", '["hidden-word-1"]', '{"a": "hidden-word-1'])
def test_a_text_without_fields_has_no_field(moto: Moto, text: str):
    name, given = put(moto, text), given_keys(moto.keys(moto.user(READ)))
    store = open_aws(aws_profile(moto.endpoint, given))
    assert store.read(name, None).value == text
    with pytest.raises(SecretNotFound, match="field 'a'") as refusal:
        store.read(name, "a")
    untold(refusal.value, ("hidden-word-1",))


@pytest.mark.stores
def test_who_we_are_is_the_arn_of_our_keys(moto: Moto):
    user = moto.user(READ)
    told = open_aws(aws_profile(moto.endpoint, given_keys(moto.keys(user)))).check()
    assert told == f"arn:aws:iam::{ACCOUNT}:user/{user}"


def test_there_is_no_lease_to_end():
    with pytest.raises(SecretNotFound):
        open_aws(aws_profile("http://127.0.0.1:1", KEYS)).revoke("x")


# ---------------------------------------------------------------- errors


# As the API reference of Secrets Manager lists them; moto answers some of them otherwise.
ERRORS: dict[str, type[Exception]] = {
    "ResourceNotFoundException": SecretNotFound,
    "com.amazonaws.secretsmanager#ResourceNotFoundException": SecretNotFound,
    "InvalidRequestException": SecretNotFound,
    "AccessDeniedException": SecretStoreRefused,
    "DecryptionFailure": SecretStoreRefused,
    "UnrecognizedClientException": SecretStoreRefused,
    "InvalidSignatureException": SecretStoreRefused,
    "ExpiredTokenException": SecretStoreRefused,
    "ThrottlingException": SecretStoreUnreachable,
    "ValidationException": SecretStoreRefused,
    "SomethingNew": SecretStoreRefused,
}


@pytest.mark.parametrize(("kind", "refusal"), ERRORS.items(), ids=list(ERRORS))
def test_an_error_of_aws_is_a_refusal_of_ours(kind: str, refusal: type[Exception]):
    body = json.dumps({"__type": kind, "Message": "hidden-word-1"}).encode()
    with standing_between(None, Fault(kind, answered(400, body))) as between:
        store = open_aws(aws_profile(between.endpoint, KEYS))
        with pytest.raises(refusal) as refused:
            store.read("shop/database", "password")
    untold(refused.value, ("hidden-word-1", *KEYS.secrets()))
    if refusal is SecretStoreUnreachable:
        assert refused.value.retry_may_help


STS_ANSWERS = {
    "no keys": b"<a><Credentials/></a>",
    "no XML": b"{}",
    "no time": b"<a><AccessKeyId>A</AccessKeyId><SecretAccessKey>hidden-word-1</SecretAccessKey>"
    b"<SessionToken>hidden-word-1</SessionToken><Expiration>soon</Expiration></a>",
    "entities": b'<!DOCTYPE a [<!ENTITY b "x">]><a><AccessKeyId>&b;</AccessKeyId></a>',
    "deep": b"<a>" * 200_000 + b"</a>" * 200_000,
    "another encoding": b'<?xml version="1.0" encoding="nothing-like-it"?><a/>',
}


@pytest.mark.parametrize("body", STS_ANSWERS.values(), ids=STS_ANSWERS)
def test_what_sts_should_not_say_is_no_usable_answer(body: bytes):
    with standing_between(None, Fault("it", answered(200, body, "text/xml"))) as between:
        role = f"arn:aws:iam::{ACCOUNT}:role/shop"
        for config in ({"role_arn": role}, {}):
            store = open_aws(aws_profile(between.endpoint, KEYS, **config))
            with pytest.raises(SecretStoreUnreachable) as refusal:
                store.check()
            untold(refusal.value, ("hidden-word-1", *KEYS.secrets()))


# ---------------------------------------------------------------- profiles


PLACE = "https://secretsmanager.eu-central-1.amazonaws.com"
BAD_PROFILES: dict[str, tuple[str, dict[str, Any]]] = {
    "no region": (PLACE, {}),
    "a region that leads elsewhere": (PLACE, {"region": "eu.evil.example/"}),
    "no URL": ("secretsmanager", {"region": "eu-central-1"}),
    "plain http": ("http://proxy.example", {"region": "eu-central-1"}),
    "plain http to sts": (PLACE, {"region": "eu-central-1", "sts_endpoint": "http://sts.example"}),
}


@pytest.mark.parametrize(("endpoint", "config"), BAD_PROFILES.values(), ids=BAD_PROFILES)
def test_a_profile_that_cannot_be_used_is_refused_at_once(endpoint: str, config: dict[str, Any]):
    with pytest.raises(SecretStoreRefused):
        open_aws(Connection(endpoint, direct, config))


def test_keys_that_are_missing_are_named():
    store = open_aws(Connection(PLACE, direct, {"region": "eu-central-1"}))
    with pytest.raises(SecretStoreRefused, match="no credential access_key_id"):
        store.read("shop/database", None)


VERSION = "c8cde55a-e777-4b24-b2f4-af69be1aeadb"
ARN = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:shop/database-AbCdEf"
REFERENCES: list[tuple[str, Reference | None]] = [
    ("shop/database", Reference("shop/database", {"SecretId": "shop/database"})),
    (ARN, Reference(ARN, {"SecretId": ARN})),
    (f"a?version={VERSION}", Reference("a", {"SecretId": "a", "VersionId": VERSION})),
    ("a?stage=AWSPREVIOUS", Reference("a", {"SecretId": "a", "VersionStage": "AWSPREVIOUS"})),
    ("a?stage=", None),
    ("a?stage=b&version=c", None),
    ("a?", None),
    ("", None),
    ("a b", None),
    ("a\n", None),
    ("\u00e4", None),
    ("arn:aws:s3:::bucket", None),
    ("a" * 513, None),
]


@pytest.mark.parametrize(
    ("text", "meaning"), REFERENCES, ids=[repr(one[0])[:30] for one in REFERENCES]
)
def test_a_path_is_read_as_what_it_says(text: str, meaning: Reference | None):
    assert parse_reference(text) == meaning


def test_the_manifest_says_what_the_plugin_brings():
    manifest = manifest_beside("stella_connectors.aws_secrets")
    assert checked_plugin(PLUGIN, manifest) is PLUGIN
    brought = manifest.contribution(Kind.SECRET_STORE, "aws-sm")
    assert brought is not None
    schema = jsonschema_rs.Draft202012Validator(dict(brought.config_schema))
    assert schema.is_valid({"region": "eu-central-1"})
    assert schema.is_valid({"region": "eu-central-1", "role_arn": f"arn:aws:iam::{ACCOUNT}:role/a"})
    assert not schema.is_valid({})
    assert not schema.is_valid({"region": "eu-central-1", "session_s": 60})
