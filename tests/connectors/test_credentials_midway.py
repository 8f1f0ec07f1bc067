"""A credential that is rotated, revoked or ended while it is used: once more with the new one, or one clear
ending; on a real OpenBao.
"""

import base64
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from connectors.registries import Answer, played_registry
from connectors.stores import put_in_bao, readable
from connectors.test_stores_by_the_hub import Operator, leases_in, minted_by
from fixtures.road import BASE
from fixtures.secret_stores import OpenBao
from image.images import Layer, MemoryRegistry, build, push
from stella.api.services import Services
from stella.image import Reference
from stella.kernel import Digest, StellaError
from stella.plugin.contract.registry import Descriptor
from stella.plugin.refusals import RegistryRefused, SecretStoreRefused
from stella.sbom import MemoryCache
from stella.sbom.scan import scan_image

pytestmark = pytest.mark.stores


@pytest.fixture
def operator(make_services: Callable[..., Services]) -> Operator:
    return Operator(make_services())


@dataclass
class Private:
    """An image behind a login. lets_in: whether a pair of user and password is taken now.

    happens: what is done before its answer number n, from 1, counted from the first that was let in.
    """

    lets_in: Callable[[str], bool]
    happens: dict[int, Callable[[], None]] = field(default_factory=dict)
    held: MemoryRegistry = field(default_factory=MemoryRegistry)
    answers: int = 0
    refused: int = 0

    def play(self, _method: str, path: str, headers: Any, _body: bytes) -> Answer:
        shown = headers.get("authorization", "")
        if not shown:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        if self.happens.get(self.answers + 1):
            self.happens.pop(self.answers + 1)()
        if not self.lets_in(base64.b64decode(shown[6:]).decode()):
            self.refused += 1
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        self.answers += 1
        kind, name = path.split("/")[-2:]
        if kind == "manifests":
            raw = self.held.manifest("shop/web", name)
            return Answer(body=raw.content, headers={"content-type": raw.media_type})
        if kind == "blobs" and Digest(name) in self.held.blobs:
            with self.held.blob("shop/web", Descriptor("", Digest(name), 0)) as chunks:
                return Answer(body=b"".join(chunks))
        return Answer(404)


def scanned(operator: Operator, private: Private, host: str) -> int:
    """How many components a scan by the hub finds."""
    (result,) = scan_image(
        operator.hub.registry(host), Reference(host, "shop/web", "1"), MemoryCache()
    )
    return len(result.inventory.components)


@dataclass
class Word:
    """What lies in the store, and what the registry takes."""

    openbao: OpenBao
    operator: Operator
    path: str
    now: str = ""

    def rotate(self, *, there_alone: bool = False) -> None:
        """Exchange it; there_alone: at the registry, and nobody put the new one into the store."""
        # What was read a moment ago is not read again: this was longer ago.
        self.operator.later += timedelta(seconds=15)
        new = uuid.uuid4().hex
        if not there_alone:
            put_in_bao(self.openbao, self.path, {"user": "ana", "password": new})
        self.now = new


@pytest.fixture
def word(operator: Operator, openbao: OpenBao) -> Iterator[Word]:
    folder = uuid.uuid4().hex
    role, role_id = openbao.role(openbao.policy(readable("kv", folder)))
    made = Word(openbao, operator, f"kv/{folder}/registry")
    made.rotate()
    operator.apply(
        "main",
        "secret_store",
        "vault",
        openbao.endpoint,
        config={"auth": "approle", "role_id": role_id},
        credentials={"secret_id": operator.store("secret-id", openbao.secret_id(role))},
        environments=["prod"],
    )
    return made


def named(operator: Operator, word: Word, host: str) -> None:
    operator.apply(
        "images",
        "registry",
        "oci",
        host,
        environments=["prod"],
        credentials={
            "username": f"vault://main/{word.path}#user",
            "password": f"vault://main/{word.path}#password",
        },
    )


def private_with(word: Word) -> Private:
    made = Private(lambda pair: pair == f"ana:{word.now}")
    push(made.held, build(BASE, Layer.of({"srv/a": b"a"}), Layer.of({"srv/b": b"b"})))
    return made


@pytest.mark.parametrize("at", [2, 3, 4])
def test_a_scan_goes_on_with_what_the_password_was_rotated_to(
    operator: Operator, word: Word, at: int
) -> None:
    private = private_with(word)
    private.happens[at] = word.rotate
    with played_registry(private.play) as host:
        named(operator, word, host)
        assert scanned(operator, private, host) > 0
    assert not private.happens, "it was rotated under the scan"
    assert private.refused > 0


def test_a_scan_whose_password_was_rotated_without_us_ends_with_one_refusal(
    operator: Operator, word: Word
) -> None:
    private = private_with(word)
    private.happens[3] = lambda: word.rotate(there_alone=True)
    with played_registry(private.play) as host:
        named(operator, word, host)
        with pytest.raises(RegistryRefused, match="the credentials given do not suffice") as ended:
            scanned(operator, private, host)
        _untold(ended.value, word)
        assert private.refused <= 8, (
            "two layers at once, each asked for twice: it is not tried for ever"
        )


@pytest.mark.postgres
def test_a_scan_whose_lease_was_revoked_is_given_another_one(
    operator: Operator, openbao: OpenBao, openbao_database: str
) -> None:
    """Which the store ended before its time; the registry takes what counts there, and nothing else."""
    before, ended = leases_in(openbao, openbao_database), set[str]()
    shown: list[str] = []

    def lets_in(pair: str) -> bool:
        shown.append(pair)
        return pair.startswith("v-") and pair not in ended

    def revoke() -> None:
        operator.later += timedelta(seconds=70)
        ended.update(shown)
        for lease in leases_in(openbao, openbao_database) - before:
            body = {"lease_id": f"{openbao_database}/{lease}", "sync": True}
            openbao.call("PUT", "sys/leases/revoke", body)

    private = Private(lets_in, {3: revoke})
    push(private.held, build(BASE, Layer.of({"srv/a": b"a"})))
    credentials = minted_by(operator, openbao, openbao_database)
    with played_registry(private.play) as host:
        operator.apply("images", "registry", "oci", host, credentials=credentials)
        assert scanned(operator, private, host) > 0
    assert len(set(shown)) == 2, "one lease, and another one"
    operator.hub.credentials.close()
    assert leases_in(openbao, openbao_database) == before


def test_a_deployment_is_given_its_secret_though_the_stores_login_was_revoked(
    operator: Operator, word: Word, openbao: OpenBao
) -> None:
    """A command wants it, the login to the store is ended, and the next command wants it anew."""
    reference = f"vault://main/{word.path}#password"
    deployed = operator.hub.credentials.deployed
    assert deployed(reference, "prod") == word.now
    _end_logins(openbao)
    word.rotate()
    operator.later += timedelta(seconds=61)
    assert deployed(reference, "prod") == word.now


def test_a_deployment_whose_role_was_ended_meanwhile_ends_with_one_refusal(
    operator: Operator, word: Word, openbao: OpenBao
) -> None:
    reference = f"vault://main/{word.path}#password"
    assert operator.hub.credentials.deployed(reference, "prod") == word.now
    _end_logins(openbao)
    for role in openbao.call("LIST", "auth/approle/role")["data"]["keys"]:
        openbao.call("DELETE", f"auth/approle/role/{role}")
    operator.later += timedelta(seconds=61)
    with pytest.raises(SecretStoreRefused) as ended:
        operator.hub.credentials.deployed(reference, "prod")
    _untold(ended.value, word)


def _end_logins(openbao: OpenBao) -> None:
    for accessor in openbao.call("LIST", "auth/token/accessors")["data"]["keys"]:
        told = openbao.call("POST", "auth/token/lookup-accessor", {"accessor": accessor})["data"]
        if told["path"] == "auth/approle/login":
            openbao.call("POST", "auth/token/revoke-accessor", {"accessor": accessor})


def _untold(refusal: StellaError, word: Word) -> None:
    assert refusal.code
    assert refusal.remedy.advice
    assert word.now not in f"{refusal} {refusal.facts} {refusal.remedy}"
