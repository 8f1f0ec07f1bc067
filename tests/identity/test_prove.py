"""People prove anew who they are: by password, at a directory, at a provider; the session goes on."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from fixtures.sign_ins import HASH, PASSWORD, Place
from identity.test_directory_login import Office
from stella.identity import (
    Permission,
    Principal,
    Role,
    authenticate,
    change_user,
    create_user,
    log_in,
    make_token,
    revoke_token,
)
from stella.identity.directory_login import is_password_there
from stella.identity.errors import ImpossibleProof, ProofDenied, SignInRefused, TooManyAttempts
from stella.identity.login import FREE_FAILURES
from stella.identity.prove import prove_by_password, ways_of
from stella.identity.provider_login import CameBack, begin, finish, finish_proof, is_proof
from stella.kernel import time_text
from stella.plugin.contract.directory import DirectoryEntry
from stella.sdk.testing import SimulatedDirectory

pytestmark = pytest.mark.long  # each proof hashes a password, slowly on purpose


def nowhere(*_: object) -> bool:
    raise AssertionError("no directory is asked for one of ours")


def ask(place: Place, text: str) -> Principal:
    with place.database.read() as tx:
        return authenticate(tx, text)


def root(place: Place) -> str:
    """The token of a login by password."""
    return log_in(
        place.database,
        name="root",
        password=PASSWORD,
        secret=place.door.random(32),
        hours=12,
        address="",
    ).text


def moment(text: str | None) -> str:
    """To the second: the clock of tests goes on by itself."""
    return (text or "")[:19]


def now(place: Place) -> str:
    return moment(time_text(place.clock()))


def prove(place: Place, text: str, password: str) -> str:
    return prove_by_password(
        place.database, ask(place, text), password=password, address="", checked_by=nowhere
    )


def test_a_password_renews_the_proof_of_the_same_session(place: Place):
    text = root(place)
    before = ask(place, text)
    assert (moment(before.proof.at), before.proof.is_session) == (now(place), True)
    place.clock.go_on(minutes=40)
    at = prove(place, text, PASSWORD)
    after = ask(place, text)
    assert (after.proof.at, after.token) == (at, before.token)
    assert moment(at) == now(place)
    (fact,) = place.facts("IdentityProven")
    assert fact == {"token": before.token, "by": "password", "proven_at": at}


def test_wrong_passwords_count_as_at_the_login(place: Place):
    text = root(place)
    for _ in range(FREE_FAILURES):
        with pytest.raises(ProofDenied, match="wrong"):
            prove(place, text, "guess")
    with pytest.raises(ProofDenied, match="failed in a row"):
        prove(place, text, PASSWORD)
    with pytest.raises(TooManyAttempts):
        root(place)
    place.clock.go_on(minutes=2)
    prove(place, text, PASSWORD)
    assert len(place.facts("LoginRefused")) == FREE_FAILURES
    assert ask(place, text).proof.is_session, "the session goes on"


def test_what_is_no_session_proves_nothing(place: Place):
    by = ask(place, root(place))
    with place.database.transaction(actor=by.id) as tx:
        made = make_token(tx, by, secret=place.door.random(32), name="ci")
    program = ask(place, made.text)
    assert (program.proof.at, program.proof.is_session) == (None, False)
    with pytest.raises(ImpossibleProof, match="takes a login"):
        prove(place, made.text, PASSWORD)
    with pytest.raises(ImpossibleProof), place.database.read():
        begin(place.door, "company", "/", program)
    with place.database.read() as tx:
        assert ways_of(tx, program).password is None


def test_a_session_that_ended_meanwhile_is_not_proven(place: Place):
    text = root(place)
    by = ask(place, text)
    with place.database.transaction(actor=by.id) as tx:
        revoke_token(tx, by, by.token)
    with pytest.raises(ProofDenied):
        prove_by_password(place.database, by, password=PASSWORD, address="", checked_by=nowhere)


def test_a_password_of_a_directory_is_asked_there_for_that_very_person(place: Place):
    place.apply("office", integration="ldap")
    directory = SimulatedDirectory()
    directory.add(DirectoryEntry("u-1", "ben", groups=("managers",)), "ben's password")
    text = Office(place, directory).log_in("ben", "ben's password").text
    assert moment(ask(place, text).proof.at) == now(place)

    def by_directory(password: str) -> str:
        return prove_by_password(
            place.database,
            ask(place, text),
            password=password,
            address="",
            checked_by=lambda known, account, given: is_password_there(
                lambda _: directory, known, account, given
            ),
        )

    place.clock.go_on(minutes=40)
    assert moment(by_directory("ben's password")) == now(place)
    for wrong in ("", "root's"):
        with pytest.raises(ProofDenied):
            by_directory(wrong)
    directory.rename("ben", "old")
    directory.add(DirectoryEntry("u-2", "ben", groups=("managers",)), "another ben's")
    with pytest.raises(ProofDenied):
        by_directory("another ben's")


def again(place: Place, session: Principal, subject: str = "ana-1", **claims: object) -> str:
    """The way of a browser that goes to its provider to prove who its person is."""
    begun = begin(place.door, "company", "/promotions", session)
    query = {key: one[0] for key, one in parse_qs(urlsplit(begun.url).query).items()}
    assert (query["prompt"], query["max_age"]) == ("login", "0")
    assert is_proof(query["state"])
    code = place.provider.log_in(
        subject,
        query["nonce"],
        query["code_challenge"],
        query["redirect_uri"],
        groups=["managers"],
        **claims,
    )
    back = CameBack(begun.kept, code, query["state"], "", "")
    return finish_proof(place.door, "company", back, address="")


def test_a_provider_is_asked_to_prove_it_and_says_when(place: Place):
    login, _ = place.log_in()
    session = ask(place, login.text)
    assert session.proof.at is None, "a provider may have known them for days"
    seconds = int(place.clock().timestamp())
    told, _ = place.log_in("ana-1", auth_time=seconds - 7200)
    proven_at = ask(place, told.text).proof.at
    assert proven_at is not None
    assert proven_at < time_text(place.clock())
    with place.database.read() as tx:
        assert [one.sign_in.name for one in ways_of(tx, session).providers] == ["company"]
    with pytest.raises(ImpossibleProof, match="no password here"):
        prove(place, login.text, PASSWORD)

    assert again(place, session, auth_time=seconds) == "/promotions"
    assert ask(place, login.text).proof.at is not None
    assert place.facts("IdentityProven")[-1]["by"] == "company"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({}, "does not say when"),
        ({"auth_time": -7200}, "an earlier login"),
        ({"auth_time": True}, "does not say when they proved"),
        ({"subject": "eve-1", "auth_time": 0}, "another person"),
    ],
)
def test_an_answer_that_proves_nothing_is_refused(
    place: Place, claims: dict[str, object], why: str
):
    login, _ = place.log_in()
    place.log_in("eve-1")
    given = dict(claims)
    subject = str(given.pop("subject", "ana-1"))
    if type(given.get("auth_time")) is int:
        given["auth_time"] = int(place.clock().timestamp()) + int(str(given["auth_time"]))
    with pytest.raises(SignInRefused):
        again(place, ask(place, login.text), subject, **given)
    assert why in str(place.facts("SignInRefused")[-1]["detail"])
    assert ask(place, login.text).proof.at is None


def test_a_login_and_a_proof_do_not_end_as_each_other(place: Place):
    login, _ = place.log_in()
    session = ask(place, login.text)
    for begun in (begin(place.door, "company", "/", session), begin(place.door, "company", "/")):
        state = parse_qs(urlsplit(begun.url).query)["state"][0]
        other = state.removeprefix("again.") if is_proof(state) else f"again.{state}"
        back = CameBack(begun.kept, "code", other, "", "")
        if is_proof(other):
            with pytest.raises(SignInRefused):
                finish_proof(place.door, "company", back, address="")
        else:
            with pytest.raises(SignInRefused):
                finish(place.door, "company", back, hours=1, address="")


def test_who_was_disabled_meanwhile_proves_nothing_at_the_provider(place: Place):
    login, _ = place.log_in()
    session = ask(place, login.text)
    with place.database.transaction(actor="system") as tx:
        change_user(tx, login.person.id, disabled=True)
    with pytest.raises(SignInRefused):
        again(place, session, auth_time=int(place.clock().timestamp()))


def test_roles_of_the_session_stay_what_they_were(place: Place):
    with place.database.transaction(actor="system") as tx:
        create_user(tx, name="vic", roles=(Role.VIEWER,), password_hash=HASH)
    made = log_in(
        place.database,
        name="vic",
        password=PASSWORD,
        secret=place.door.random(32),
        hours=1,
        address="",
    )
    prove(place, made.text, PASSWORD)
    assert ask(place, made.text).permissions == {Permission.VIEW}
    assert replace(made, text="").text == ""
