"""What tests of Vault's API begin with: a secret of their own, and a role."""

import uuid
from typing import Any

from connectors.stores import Given, put_in_bao
from fixtures.secret_stores import OpenBao
from stella.sdk.testing.between import Between


def folder_with(bao: OpenBao, **fields: Any) -> str:
    folder = uuid.uuid4().hex
    put_in_bao(bao, f"kv/{folder}/one", fields)
    return folder


def approle(bao: OpenBao, *policies: str, **more: Any) -> tuple[Given, dict[str, str], str]:
    """Credentials and configuration of a new role, and its name."""
    role, role_id = bao.role(*policies, **more)
    config = {"auth": "approle", "role_id": role_id}
    return Given({"secret_id": bao.secret_id(role)}), config, role


def asked(between: Between) -> list[str]:
    return [one.target.removeprefix("/v1/").partition("?")[0] for one in between.requests]
