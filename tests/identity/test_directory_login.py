"""People log in by the password that a directory knows, in the usual form."""

from dataclasses import dataclass, field

import pytest

from fixtures.sign_ins import HASH, PASSWORD, Place
from stella.identity import (
    LoginDenied,
    Role,
    change_user,
    create_user,
    log_in,
    user_by_name,
)
from stella.identity.directory_login import ask_directories
from stella.identity.errors import SignInRefused
from stella.identity.login import Login
from stella.identity.outside import admit
from stella.kernel import StellaError
from stella.plugin.contract.directory import DirectoryEntry
from stella.sdk.testing import SimulatedDirectory


@dataclass
class Office:
    """A directory behind the usual form."""

    place: Place
    directory: SimulatedDirectory
    asked: list[str] = field(default_factory=list)

    def log_in(self, name: str, password: str) -> Login:
        place = self.place

        def outside(name: str, password: str) -> Login | None:
            self.asked.append(name)
            found = ask_directories(place.database, lambda _: self.directory, name, password)
            if found.known is None or found.vouched is None:
                return None
            try:
                secret = place.door.random(32)
                return admit(place.database, found.known, found.vouched, secret=secret, hours=1)
            except SignInRefused:
                return None

        return log_in(
            place.database,
            name=name,
            password=password,
            secret=place.door.random(32),
            hours=1,
            address="",
            outside=outside,
        )


@pytest.fixture
def office(place: Place) -> Office:
    place.apply("office", integration="ldap")
    directory = SimulatedDirectory()
    directory.add(DirectoryEntry("u-1", "ben", groups=("managers",)), "ben's password")
    directory.add(DirectoryEntry("u-2", "root", groups=("platform",)), "root of the directory")
    directory.add(DirectoryEntry("u-3", "cho"), "cho's password")
    return Office(place, directory)


def test_a_password_of_the_directory_lets_in(office: Office):
    login = office.log_in("ben", "ben's password")
    assert (login.person.name, login.person.roles) == ("ben@office", (Role.APPROVER,))
    office.directory.rename("ben", "benjamin")
    assert office.log_in("benjamin", "ben's password").person.id == login.person.id


def test_the_name_of_somebody_here_is_never_the_directorys(office: Office):
    for name in ("root", "Root", "ROOT", " root", "root "):
        with pytest.raises(LoginDenied):
            office.log_in(name, "root of the directory")
    assert office.asked == [], "what is typed for one of ours is told to nobody else"
    assert office.log_in("root", PASSWORD).person.name == "root"
    with office.place.database.transaction(actor="system") as tx:
        create_user(tx, name="second", roles=(Role.ADMIN,), password_hash=HASH)
        change_user(tx, user_by_name(tx, "root").id, disabled=True)
    with pytest.raises(LoginDenied):
        office.log_in("root", "root of the directory")
    assert office.asked == []


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ben", "wrong"),
        ("ben", ""),
        ("", ""),
        ("nobody", "x"),
        ("*", "ben's password"),
        ("cho", "cho's password"),  # no group of theirs has a role
        ("ben@office", "ben's password"),
    ],
)
def test_every_failure_is_the_same(office: Office, name: str, password: str):
    with pytest.raises(LoginDenied) as refusal:
        office.log_in(name, password)
    assert str(refusal.value) == "the name or the password is wrong"
    assert refusal.value.facts == {}


def test_a_name_rests_after_too_many_wrong_passwords_also_of_the_directory(office: Office):
    for _ in range(5):
        with pytest.raises(LoginDenied):
            office.log_in("ben", "wrong")
    asked = len(office.asked)
    with pytest.raises(StellaError) as refusal:
        office.log_in("ben", "ben's password")
    assert refusal.value.code == "ST-IDN-002"
    assert len(office.asked) == asked
