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
from stella.identity.errors import SignInRefused, TooManyAttempts
from stella.identity.login import Login
from stella.identity.outside import admit
from stella.kernel import StellaError
from stella.plugin.contract.directory import DirectoryEntry
from stella.sdk.testing import SimulatedDirectory

pytestmark = pytest.mark.long  # each login hashes a password, slowly on purpose


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
    for name in ("root", "Root", "ROOT", " root", "root ", "\uff52oot", "ro\u00adot", "root\0"):
        with pytest.raises(LoginDenied):
            office.log_in(name, "root of the directory")
        office.place.clock.go_on(minutes=1)
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


@pytest.mark.parametrize(
    "names",
    [
        ("ben", "BEN", "Ben", "bEn", "beN"),
        ("ben", " ben", "ben ", "\tben\n", "\u00a0ben"),
        ("ben", "\uff42\uff45\uff4e", "be\uff2e", "Be\u2099", "\u24b7en"),
        ("ben", "b\u00e9n", "be\u0301n", "b\u00aden", "be\u200bn", "ben\0"),
        ("ana maria", "ana  maria", "Ana\tMaria", " ana maria ", "ANA \n MARIA"),
    ],
)
def test_one_name_in_many_spellings_shares_one_pause(office: Office, names: tuple[str, ...]):
    """Directories take all of these for one and the same name."""
    for name in names[:5]:
        with pytest.raises(LoginDenied):
            office.log_in(name, "wrong")
    for name in names:
        with pytest.raises(TooManyAttempts):
            office.log_in(name, "ben's password")


def test_a_name_that_is_only_alike_has_a_pause_of_its_own(office: Office):
    for name in ("ben", "b en", "bem", "ben@office", "ben."):
        for _ in range(5):
            with pytest.raises(LoginDenied):
                office.log_in(name, "wrong")


def test_a_right_password_ends_the_count_of_every_spelling(office: Office):
    for name in ("ben", "BEN", "ben "):
        with pytest.raises(LoginDenied):
            office.log_in(name, "wrong")
    office.log_in("ben", "ben's password")
    for name in ("BEN", "ben ", "Ben", "bEN", "beN"):
        with pytest.raises(LoginDenied):
            office.log_in(name, "wrong")


def test_a_login_under_way_ends_with_what_its_document_was(office: Office):
    place = office.place

    class Slow(SimulatedDirectory):
        def log_in(self, name: str, password: str) -> DirectoryEntry | None:
            place.apply("office", integration="ldap", groups={"platform": ["admin"]})
            return super().log_in(name, password)

    slow = Slow()
    slow.add(DirectoryEntry("u-1", "ben", groups=("managers",)), "ben's password")
    office.directory = slow
    with pytest.raises(LoginDenied):
        office.log_in("ben", "ben's password")
    assert "ben@office" not in place.users()
