"""Our signatures are botocore's, header for header."""

import json
import random
import string
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixtures.secret_stores import program
from stella.sdk.aws import Keys, Scope, signed_headers

SEED = 20260101
SIGNER = Path(__file__).parent / "botocore_headers.py"


def cases():
    """A few by hand, then many by chance."""
    chance = random.Random(SEED)
    letters = string.ascii_letters + string.digits + "/+="
    places = ("https://secretsmanager.eu-central-1.amazonaws.com/", "http://127.0.0.1:5000/")
    odd = (
        "https://sts.amazonaws.com:443/",
        "http://moto.example:80/",
        "https://proxy.example:8443/aws/a b/\u00e9~x*/%41",
        "http://[::1]:5000/",
        "https://UPPER.Example",
    )
    for number in range(200):
        text = "".join(chance.choices(letters + ' \u20ac\n{}":', k=chance.randrange(200)))
        headers = {"Content-Type": chance.choice(["application/x-amz-json-1.1", "a/b;  c=d"])}
        if chance.random() < 0.7:
            headers["X-Amz-Target"] = "secretsmanager.GetSecretValue"
        yield {
            "method": chance.choice(["POST", "GET", "PUT"]),
            "url": chance.choice(places if number % 2 else odd),
            "headers": headers,
            "content": text.encode().hex(),
            "access_key": "AKIA" + "".join(chance.choices(string.ascii_uppercase, k=16)),
            "secret_key": "".join(chance.choices(letters, k=40)),
            "session_token": "".join(chance.choices(letters, k=chance.choice([0, 300]))),
            "region": chance.choice(["eu-central-1", "us-east-1", "cn-north-1"]),
            "service": chance.choice(["secretsmanager", "sts"]),
            "now": (
                datetime(2026, 1, 1, tzinfo=UTC)
                + timedelta(seconds=chance.randrange(10 * 365 * 86400))
            ).isoformat(),
        }


@pytest.mark.stores
def test_the_same_request_has_the_same_headers():
    asked = list(cases())
    done = subprocess.run(
        [Path(program("moto_server")).parent / "python", SIGNER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    for case, theirs in zip(asked, json.loads(done.stdout), strict=True):
        ours = signed_headers(
            case["method"],
            case["url"],
            case["headers"],
            bytes.fromhex(case["content"]),
            keys=Keys(case["access_key"], case["secret_key"], case["session_token"]),
            scope=Scope(case["region"], case["service"]),
            now=datetime.fromisoformat(case["now"]),
        )
        assert ours == theirs, f"seed {SEED}: {case['method']} {case['url']}"


def test_a_signature_of_the_documentation():
    """The key derivation of the AWS General Reference, through the one header that it leads to."""
    signed = signed_headers(
        "POST",
        "https://iam.amazonaws.com/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        b"Action=ListUsers&Version=2010-05-08",
        keys=Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        scope=Scope("us-east-1", "iam"),
        now=datetime(2011, 9, 9, 23, 36, tzinfo=UTC),
    )
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=ced6826de92d2bdeed8f846f0bf508e8559e98e4b0199114b84c54174deb456c"
    )


def test_keys_show_their_name_only():
    assert "hidden" not in repr(Keys("AKIA", "hidden", "hidden too"))
