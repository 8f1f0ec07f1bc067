"""Secrets: few rules, each precise. What they hit is made up here and opens nothing."""

import base64
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.images import Layer, MemoryRegistry, Mode, build, dpkg_status, push
from stella.sbom import Inventory, MemoryCache, parse_cyclonedx, scan_image
from stella.sbom.secret.places import Place, place_of
from stella.sbom.secret.rules import FOUND_MAX, find_secrets
from stella.sbom.traits import Where

_chance = random.Random(7)


def made_up(count: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_chance.choice(letters) for _ in range(count))


TOKEN = f"ghp_{made_up(36)}"
AWS = made_up(40)
KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(made_up(64) for _ in range(4))
    + "\n-----END PRIVATE KEY-----\n"
)
PLAIN_SSH = base64.b64encode(
    b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none" + bytes(range(120))
).decode()
LOCKED_SSH = base64.b64encode(b"openssh-key-v1\0\0\0\0\nabcdefghij" + bytes(range(120))).decode()


def ssh_key(body: str) -> str:
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n"


LOGIN = base64.b64encode(b"robot:" + made_up(16).encode()).decode()
SECRETS = [
    ("root/.ssh/id_rsa", KEY, "private-key"),
    ("root/.ssh/id_ed25519", ssh_key(PLAIN_SSH), "private-key"),
    ("srv/tls/server.key", KEY.replace("PRIVATE", "RSA PRIVATE"), "private-key"),
    ("app/account.json", f'{{"private_key": {KEY!r}}}'.replace("'", '"'), "private-key"),
    ("root/.aws/credentials", f"[default]\naws_secret_access_key = {AWS}\n", "aws-secret-key"),
    ("root/.docker/config.json", f'{{"auths":{{"r":{{"auth":"{LOGIN}"}}}}}}', "docker-login"),
    ("root/.npmrc", f"//registry/:_authToken={made_up(30)}\n", "npm-login"),
    ("root/.pypirc", f"[pypi]\npassword = {made_up(20)}\n", "pypi-login"),
    ("root/.git-credentials", f"https://bot:{made_up(20)}@git.host\n", "password-in-url"),
    ("root/.netrc", f"machine git.host login bot password {made_up(20)}\n", "netrc-login"),
    ("app/.env", f"DEBUG=0\nGITHUB={TOKEN}\n", "github-token"),
    ("app/.env.production", f"URL=postgres://shop:{made_up(12)}@db/shop\n", "password-in-url"),
    ("app/settings.py", f'TOKEN = "glpat-{made_up(20)}"\n', "gitlab-token"),
    (
        "app/deploy.sh",
        f"export SLACK=xoxb-{made_up(12, string.digits)}-{made_up(24)}\n",
        "slack-token",
    ),
    ("app/pay.js", f'const key = "sk_live_{made_up(24)}"\n', "stripe-key"),
]

FALSE_FRIENDS = [
    (
        "docs' key of AWS",
        "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        Place.AWS,
    ),
    ("id alone", "aws_access_key_id = AKIAQWERTYUIOPASDFGH", Place.AWS),
    ("variable", "//registry/:_authToken=${NPM_TOKEN}", Place.NPM),
    ("comment", "# //registry/:_authToken=abcdefgh12345678901234", Place.NPM),
    ("placeholder", "password = <your password>", Place.PYPI),
    ("the word itself", "[pypi]\npassword = password", Place.PYPI),
    ("repeated letter", "token = ghp_" + "a" * 36, Place.TEXT),
    ("counted up", "token = ghp_0123456789abcdef0123456789abcdef0123", Place.TEXT),
    ("too short", "token = ghp_abc", Place.TEXT),
    ("part of a word", "longerghp_" + TOKEN[4:], Place.TEXT),
    ("public key", KEY.replace("PRIVATE", "PUBLIC"), Place.KEY),
    ("certificate", KEY.replace("PRIVATE KEY", "CERTIFICATE"), Place.KEY),
    ("locked key", KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), Place.KEY),
    (
        "old locked key",
        KEY.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
        Place.KEY,
    ),
    ("locked ssh key", ssh_key(LOCKED_SSH), Place.KEY),
    ("begin without an end", KEY[:100], Place.KEY),
    (
        "empty key",
        "-----BEGIN PRIVATE KEY-----\n" + "A" * 80 + "\n-----END PRIVATE KEY-----",
        Place.KEY,
    ),
    (
        "text about keys",
        "look for -----BEGIN PRIVATE KEY----- in it, or AWS_SECRET_ACCESS_KEY",
        Place.TEXT,
    ),
    ("helper of docker", '{"credsStore":"desktop","auths":{"r":{}}}', Place.DOCKER),
    ("no login", '{"auths":{"r":{"auth":"bm90YWxvZ2lu"}}}', Place.DOCKER),
    ("url without a password", "https://git.host/a:b@c", Place.URLS),
    ("url of an example", "postgres://user:password@localhost/db", Place.ENVIRONMENT),
]


def inventory_of(*layers: dict, history: tuple[str, ...] = (), **run: object) -> Inventory:
    registry = MemoryRegistry()
    image = build(*(Layer.of(files) for files in layers), history=history, **run)
    (result,) = scan_image(registry, push(registry, image), MemoryCache(), tool_version="1")
    assert parse_cyclonedx(result.sbom_bytes) == result.inventory
    return result.inventory


@pytest.mark.parametrize(("path", "content", "rule"), SECRETS, ids=[one[0] for one in SECRETS])
def test_a_secret_is_found_with_its_rule_and_place_and_is_nowhere_kept(path, content, rule):
    registry, cache = MemoryRegistry(), MemoryCache()
    image = build(Layer.of({path: content.encode()}))
    (result,) = scan_image(registry, push(registry, image), cache)
    (found,) = result.inventory.traits.secrets
    assert (found.rule, found.path, found.where) == (rule, f"/{path}", Where.FILE)
    assert (found.layer, found.layer_index, found.deleted) == (
        image.layers[0].diff_id.text,
        0,
        False,
    )
    assert rule in content.splitlines()[found.line - 1] or found.line >= 1
    words = [word for word in content.replace('"', " ").split() if len(word) >= 16]
    kept = result.sbom_bytes + b"".join(cache._kept.values())
    assert words
    assert not any(word.encode() in kept for word in words)


def test_the_line_is_the_one_that_the_secret_begins_in():
    content = f"a\n\nb = {TOKEN}\n{KEY}".encode()
    assert list(find_secrets(content, Place.TEXT)) == [(3, "github-token"), (4, "private-key")]


@pytest.mark.parametrize(
    ("content", "place"), [one[1:] for one in FALSE_FRIENDS], ids=[one[0] for one in FALSE_FRIENDS]
)
def test_what_only_looks_like_a_secret_is_none(content, place):
    assert list(find_secrets(content.encode(), place)) == []


@pytest.mark.parametrize(
    "path",
    [
        "usr/share/doc/openssl/examples/key.pem",
        "usr/lib/python3.11/test/keycert.pem",
        "usr/local/lib/python3.11/site-packages/tornado/test/test.key",
        "app/node_modules/https-proxy/test/server.key",
        "usr/local/bundle/gems/puma-6/examples/puma_keypair.pem",
        "etc/ssl/certs/ca.pem",
    ],
)
def test_what_is_published_with_a_package_is_not_searched(path):
    assert place_of(path, path.rpartition("/")[2]) is None
    assert inventory_of({path: KEY.encode()}).traits.secrets == ()


def test_a_key_that_a_system_package_brought_is_no_secret_and_one_beside_it_is():
    owned, other = "srv/snakeoil.key", "srv/own.key"
    inventory = inventory_of(
        {
            "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
            "var/lib/dpkg/status": dpkg_status(("snakeoil", "1")),
            "var/lib/dpkg/info/snakeoil.list": f"/.\n/srv\n/{owned}\n".encode(),
            owned: KEY.encode(),
            other: KEY.encode(),
        }
    )
    assert [one.path for one in inventory.traits.secrets] == [f"/{other}"]


def test_a_secret_that_a_later_layer_deletes_or_overwrites_is_still_told():
    first = {f"app/{name}/.env": f"A={TOKEN}".encode() for name in ("kept", "gone", "over", "dir")}
    second = {"app/gone/.wh..env": b"", "app/over/.env": b"A=1\n", "app/.wh.dir": b""}
    found = {one.path: one.deleted for one in inventory_of(first, second).traits.secrets}
    assert found == {
        "/app/kept/.env": False,
        "/app/gone/.env": True,
        "/app/over/.env": True,
        "/app/dir/.env": True,
    }


def test_variables_and_the_history_of_the_build_are_searched_too():
    inventory = inventory_of(
        {},
        Env=["PATH=/bin", f"AWS_SECRET_ACCESS_KEY={AWS}", "POSTGRES_PASSWORD=${SECRET}"],
        history=("ADD rootfs", f"RUN |1 TOKEN={TOKEN} /bin/sh -c make"),
    )
    assert [(one.rule, one.where, one.path) for one in inventory.traits.secrets] == [
        ("aws-secret-key", Where.ENVIRONMENT, "AWS_SECRET_ACCESS_KEY"),
        ("github-token", Where.HISTORY, "1"),
    ]


def test_a_secret_in_a_label_or_the_user_is_told_and_not_written_down():
    base = "org.opencontainers.image.base.name"
    labels = {"build.token": TOKEN, "aws_secret_key": AWS, "name": "shop"}
    labels[base] = f"https://bot:{made_up(12)}@host/debian"
    inventory = inventory_of({}, Labels=labels, User=TOKEN)
    assert inventory.labels == {**dict.fromkeys(sorted(labels), "[secret]"), "name": "shop"}
    assert (inventory.user, inventory.traits.user.name) == ("[secret]", "[secret]")
    assert inventory.traits.base.name == "[secret]"
    assert [(one.rule, one.where, one.path) for one in inventory.traits.secrets] == [
        ("aws-secret-key", Where.LABEL, "aws_secret_key"),
        ("github-token", Where.LABEL, "build.token"),
        ("password-in-url", Where.LABEL, base),
        ("github-token", Where.USER, ""),
    ]


def test_a_script_is_searched_as_well():
    script = f"#!/bin/sh\nexport TOKEN={TOKEN}\nexec app\n".encode()
    (found,) = inventory_of({"entrypoint.sh": Mode(script)}).traits.secrets
    assert (found.path, found.line, found.rule) == ("/entrypoint.sh", 2, "github-token")


def test_a_file_of_secrets_beyond_the_bound_is_a_gap_and_a_long_source_is_not_searched():
    long = b"#" * (1024 * 1024) + b"\n"
    inventory = inventory_of({"root/.npmrc": long, "app/bundle.js": long})
    assert [one.path for one in inventory.partial] == ["/root/.npmrc"]
    assert "not searched for secrets" in inventory.partial[0].reason


def test_many_secrets_of_one_text_are_told_up_to_a_bound():
    content = "\n".join(f"ghp_{made_up(36)}" for _ in range(FOUND_MAX + 10)).encode()
    assert len(list(find_secrets(content, Place.TEXT))) == FOUND_MAX


@given(st.binary(max_size=400), st.sampled_from(list(Place)))
def test_any_bytes_can_be_searched(content, place):
    for line, rule in find_secrets(content, place):
        assert 1 <= line <= content.count(b"\n") + 1
        assert rule
