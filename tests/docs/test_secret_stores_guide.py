"""The policies of the guide are enough for what it promises, and its integrations are taken."""

import json
import re
import uuid
from pathlib import Path

import pytest
import yaml

from connectors.stores import Given, our_plugins, put_in_bao, vault_profile
from fixtures.secret_stores import Moto, OpenBao
from stella.environment.document import checked_document
from stella.hub.document import parse_integration
from stella.hub.reference import parse_reference
from stella.plugin.refusals import SecretStoreRefused
from stella_connectors.vault import open_vault

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "secret-stores.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_its_integrations_are_taken():
    names = []
    for text in blocks("yaml"):
        for document in yaml.safe_load_all(text):
            _, name, spec = checked_document(document)
            names.append(parse_integration(name, spec, our_plugins().brought()).name)
    assert names == ["main", "eu", "azure", "google", "ecr", "images"]


def test_its_references_can_be_read():
    found = re.findall(r"`((?:vault|aws-sm|azure-kv|gcp-sm)://[^`]+)`", GUIDE)
    assert len(found) == 15
    names = {parse_reference(text).integration for text in found}
    assert names == {"main", "eu", "azure", "google"}


@pytest.mark.stores
@pytest.mark.postgres
def test_its_policy_for_vault_is_enough_and_no_more(openbao: OpenBao, openbao_database: str):
    name = f"p-{uuid.uuid4().hex}"
    policy, _ = blocks("hcl")
    openbao.call("PUT", f"sys/policies/acl/{name}", {"policy": policy})
    role, role_id = openbao.role(name, token_ttl="1h", token_max_ttl="24h")
    given = Given({"secret_id": openbao.secret_id(role)})
    store = open_vault(vault_profile(openbao.endpoint, given, auth="approle", role_id=role_id))
    for version in ("1", "2"):
        put_in_bao(openbao, "kv/shop/database", {"password": f"the {version}"})
    put_in_bao(openbao, "kv/other/database", {"password": "no"})

    assert name in store.check()
    assert store.read("kv/shop/database", "password").value == "the 2"
    assert store.read("kv/shop/database?version=1", "password").value == "the 1"
    made = store.read(openbao_database, None)
    assert json.loads(made.value)["username"]
    store.revoke(made.lease or "")
    with pytest.raises(SecretStoreRefused):
        store.read("kv/other/database", "password")


@pytest.mark.stores
def test_its_policy_for_keys_of_secrets_is_enough_and_no_more(openbao: OpenBao):
    name, mount = f"p-{uuid.uuid4().hex}", f"t-{uuid.uuid4().hex}"
    _, policy = blocks("hcl")
    policy = policy.replace('"transit/', f'"{mount}/')
    openbao.call("PUT", f"sys/policies/acl/{name}", {"policy": policy})
    openbao.call("POST", f"sys/mounts/{mount}", {"type": "transit"})
    for key in ("stella", "other"):
        openbao.call("POST", f"{mount}/keys/{key}", {})
    given = Given({"token": openbao.token(name)})
    keeper, path = open_vault(vault_profile(openbao.endpoint, given)), f"{mount}/stella"
    keeper.renew_key(path)
    assert keeper.key_versions(path) == (1, 2)
    wrapped = keeper.wrap_key(path, 2, b"k" * 32, "one")
    assert keeper.unwrap_key(path, wrapped, "one") == b"k" * 32
    with pytest.raises(SecretStoreRefused):
        keeper.wrap_key(f"{mount}/other", 1, b"k" * 32, "one")


@pytest.mark.stores
def test_its_policy_for_aws_is_one(moto: Moto):
    (policy,) = blocks("json")
    user = moto.user()
    moto.query("iam", "PutUserPolicy", UserName=user, PolicyName="it", PolicyDocument=policy)
