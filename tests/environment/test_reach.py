"""The way to a host as documents have it: what is taken, what is refused, what it changes."""

from typing import Any

import pytest

from stella.environment.document import parse_target
from stella.environment.errors import HostNotPinned, MalformedDocument
from stella.environment.model import Target
from stella.kernel import Json
from stella.plugin.reached import Reach, read_reach

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBZMsMfmOurnUu9AAu/GorwO3pMcf/1UIeA7oqIglAKB"
SSH: dict[str, Any] = {
    "host": "10.0.0.7",
    "user": "deploy",
    "hostKey": KEY,
    "key": "vault://main/kv/hosts#deploy",
}
PLAIN: dict[str, Json] = {
    "environment": "prod",
    "connector": "docker",
    "agent": "gateway",
    "project": "shop",
}


def target(**ssh: Any) -> Target:
    given = {key: value for key, value in {**SSH, **ssh}.items() if value is not None}
    return parse_target("web-1", {**PLAIN, "reach": {"ssh": given}})


def test_what_is_taken_stands_in_the_specification_and_comes_back() -> None:
    jump = {**SSH, "host": "jump.example.com", "port": 2222}
    made = target(sudo=True, jump=[jump])
    spec = made.spec()["reach"]
    assert spec == {"ssh": {**SSH, "port": 22, "sudo": True, "jump": [jump]}}
    assert isinstance(spec, dict)
    assert read_reach(spec) == made.reach
    assert isinstance(made.reach, Reach)
    assert made.reach.place == "ssh://10.0.0.7:22"
    assert made.reach.references == ("vault://main/kv/hosts#deploy",)
    assert "reach" not in parse_target("web-1", PLAIN).spec()


def test_another_host_is_another_place_and_another_account_is_not() -> None:
    assert target().is_at(target(user="root", key="file:///k", hostKey=KEY + " comment"))
    assert not target().is_at(target(host="10.0.0.8"))
    assert not target().is_at(target(port=23))


@pytest.mark.parametrize("where", ["host", "jump"])
def test_a_host_that_is_not_pinned_is_refused_with_the_command_that_shows_its_key(
    where: str,
) -> None:
    jump = {**SSH, "host": "jump", "hostKey": "" if where == "jump" else KEY}
    with pytest.raises(HostNotPinned) as refusal:
        target(hostKey=None if where == "host" else KEY, jump=[jump])
    wanted = "10.0.0.7:22" if where == "host" else "jump:22"
    assert refusal.value.remedy.command == f"stella target host-key {wanted}"


@pytest.mark.parametrize(
    ("ssh", "why"),
    [
        ({"host": "-oProxyCommand=x"}, "reach.ssh.host"),
        ({"host": "a b"}, "reach.ssh.host"),
        ({"host": ""}, "reach.ssh.host"),
        ({"user": "-x"}, "reach.ssh.user"),
        ({"user": "a\nb"}, "reach.ssh.user"),
        ({"port": 0}, "reach.ssh.port"),
        ({"port": 65536}, "reach.ssh.port"),
        ({"hostKey": "ssh-dss AAAA"}, "kind is none of"),
        ({"hostKey": "ssh-ed25519 ?"}, "no base64"),
        ({"hostKey": KEY.replace("ssh-ed25519", "ssh-rsa")}, "no ssh-rsa key"),
        ({"key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "give a reference"),
        ({"key": None}, "either a key or a password"),
        ({"password": "env://P"}, "either a key or a password"),
        ({"passphrase": "open sesame"}, "give a reference"),
        ({"jump": [{**SSH, "user": ""}]}, r"reach.ssh.jump\[0\].user"),
        ({"jump": [SSH] * 6}, "more than 5"),
        ({"sudu": True}, "sudu"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_no_secret_shown(ssh: dict[str, Any], why: str) -> None:
    with pytest.raises(MalformedDocument, match=why) as refusal:
        target(**ssh)
    for secret in ("BEGIN OPENSSH", "open sesame"):
        assert secret not in str(refusal.value)


PEM = "-----BEGIN CERTIFICATE-----\n" + "MIIB" * 40 + "\n-----END CERTIFICATE-----"
WINRM: dict[str, Any] = {
    "host": "win-1",
    "user": "SHOP\\deploy",
    "password": "env://P",
    "certificate": PEM,
}


def winrm(**other: Any) -> Target:
    given = {key: value for key, value in {**WINRM, **other}.items() if value is not None}
    return parse_target("win-1", {**PLAIN, "reach": {"winrm": given}})


def test_a_host_by_winrm_is_taken_and_comes_back() -> None:
    made = winrm()
    spec = made.spec()["reach"]
    assert spec == {"winrm": {**WINRM, "port": 5986, "login": "ntlm"}}
    assert isinstance(spec, dict)
    assert read_reach(spec) == made.reach
    assert made.reach is not None
    assert (made.reach.way, made.reach.place) == ("winrm", "winrm://win-1:5986")
    assert made.reach.references == ("env://P",)


def test_a_host_by_winrm_is_pinned_too() -> None:
    with pytest.raises(HostNotPinned) as refusal:
        winrm(certificate=None)
    assert refusal.value.remedy.command == "stella target host-key win-1:5986 --winrm"
    for wrong in ({"password": "open sesame"}, {"certificate": "x"}, {"login": "kerberos"}):
        with pytest.raises(MalformedDocument) as refused:
            winrm(**wrong)
        assert "open sesame" not in str(refused.value)


@pytest.mark.parametrize("reach", [{}, {"ssh": SSH, "winrm": WINRM}])
def test_it_is_one_way(reach: dict[str, Any]) -> None:
    with pytest.raises(MalformedDocument, match=r"names (no way|two ways)"):
        parse_target("web-1", {**PLAIN, "reach": reach})


def test_one_host_is_told_by_its_key_and_else_by_its_place() -> None:
    """Private addresses come twice; and one host has several names."""
    other, rsa = KEY.replace("AAAAIB", "AAAAIC"), "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB"

    def is_one(reach: Reach | None, other: Reach | None) -> bool:
        assert reach is not None
        assert other is not None
        assert reach.is_host_of(other) == other.is_host_of(reach)
        return reach.is_host_of(other)

    one = target().reach
    assert is_one(one, target(host="web-1.example.com", user="root", port=2222).reach)
    assert not is_one(one, target(hostKey=other).reach)
    assert is_one(one, target(hostKey=rsa).reach)
    assert not is_one(one, target(hostKey=rsa, host="10.0.0.8").reach)
    assert is_one(winrm().reach, winrm(host="WIN-1", user="other").reach)
    assert not is_one(winrm().reach, winrm(host="win-2").reach)
    assert not is_one(one, winrm(host="10.0.0.7").reach)
