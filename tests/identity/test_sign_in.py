"""People log in by an outside word: what is let in, as whom, and every way to be somebody else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fixtures.sign_ins import GROUPS, HASH, SPEC, Place, integration
from stella.hub.store import delete_integration_row, find_integration, put_integration
from stella.identity import (
    LastAdmin,
    MalformedUser,
    Role,
    change_user,
    create_user,
    user_by_name,
)
from stella.identity.checks import logins_can_be_used
from stella.identity.errors import AccountTaken, MalformedLogin, SignInRefused, UnknownLogin
from stella.identity.login_documents import refuse_login_integration
from stella.identity.outside import accounts_of, link_account, unlink_account
from stella.identity.provider_login import CameBack, begin, finish, safe_path
from stella.identity.sign_in import apply_sign_in, delete_sign_in, end_logins_by, find_sign_in
from stella.identity.tokens import open_session
from stella.kernel import Outcome, StellaError
from stella.plugin.contract.core import Kind
from stella.sdk.testing import SimulatedIdentityProvider


def test_who_was_never_here_gets_an_account_with_the_roles_of_their_groups(place: Place):
    login, back_to = place.log_in(back_to="/releases?x=1")
    assert (login.person.name, login.person.roles, back_to) == (
        "ana@company",
        (Role.APPROVER,),
        "/releases?x=1",
    )
    again, _ = place.log_in()
    assert again.person.id == login.person.id
    assert len(place.users()) == 2
    (one,) = place.facts("AccountLinked")
    assert (one["account"], one["is_made"]) == ("ana-1", True)
    assert len(place.facts("UserSignedIn")) == 2


def test_roles_are_those_of_today(place: Place):
    login, _ = place.log_in(groups=["managers", "platform"])
    assert place.users()["ana@company"] == (Role.APPROVER, Role.OPERATOR, Role.ADMIN)
    place.log_in(groups=["managers"])
    assert place.users()["ana@company"] == (Role.APPROVER,)
    place.apply(groups={"managers": ["viewer"]})
    place.log_in(groups="managers")
    assert place.users()["ana@company"] == (Role.VIEWER,)
    assert "no group" in place.refused(groups=["others"])
    assert place.living(login.person.id) == 0, "who has no role any more keeps no session"


@pytest.mark.parametrize("groups", [None, 7, {"managers": 1}, [["managers"]], ["Managers"], []])
def test_what_is_no_group_of_ours_gives_no_role(place: Place, groups: Any):
    assert "no group" in place.refused(groups=groups)
    assert "ana@company" not in place.users()


def test_a_name_that_is_taken_here_stays_whose_it_is(place: Place):
    """Neither the name nor the address makes somebody a user that is here already."""
    login, _ = place.log_in("x-1", preferred_username="root", email="root", email_verified=True)
    assert login.person.name == "root@company"
    assert place.users()["root"] == (Role.ADMIN,)
    another, _ = place.log_in("x-2", preferred_username="Root@other.example")
    assert another.person.name == "root-2@company"
    for number, name in enumerate(("../../x", "", "ä", "a" * 300, "🔑", "@@", "-._")):
        made, _ = place.log_in(f"y-{number}", preferred_username=name)
        assert made.person.name.endswith("@company")


def test_the_same_id_at_another_issuer_is_somebody_else(place: Place):
    first, _ = place.log_in()
    with place.database.transaction(actor="system") as tx:
        other = integration(
            "keycloak", Kind.IDENTITY_PROVIDER, "https://other.example", client_id="stella"
        )
        put_integration(tx, other)
    place.provider.issuer = "https://other.example"
    second, _ = place.log_in()
    assert first.person.id != second.person.id


@pytest.mark.parametrize(
    ("back", "why"),
    [
        ({"state": "another"}, "state"),
        ({"state": ""}, "state"),
        ({"kept": ""}, "began no login"),
        ({"kept": "AAAA"}, "began no login"),
        ({"kept": "é"}, "began no login"),
        ({"code": ""}, "no code"),
        ({"code": "x" * 5000}, "no code"),
        ({"code": "another"}, "no token"),
        ({"issuer": "https://evil.example"}, "another issuer"),
        ({"error": "access_denied"}, "access_denied"),
    ],
)
def test_a_browser_that_comes_back_otherwise_is_refused(
    place: Place, back: dict[str, str], why: str
):
    assert why in place.refused(back=back)
    assert "ana@company" not in place.users()


def test_a_login_that_was_begun_elsewhere_does_not_end_here(place: Place):
    """Login by somebody else's link, another document's cookie, and another server's."""
    mine, theirs = begin(place.door, "company", "/"), begin(place.door, "company", "/")
    assert "state" in place.refused(begun=mine, back={"kept": theirs.kept})
    place.apply("partner")
    assert "began no login" in place.refused(name="partner", begun=mine)
    strange = replace(place.door, seal=b"t" * 32)
    place.door = strange
    assert "began no login" in place.refused(begun=mine)


def test_a_login_ends_in_ten_minutes_and_once(place: Place):
    begun = begin(place.door, "company", "/")
    place.clock.go_on(minutes=11)
    assert "too long" in place.refused(begun=begun)
    begun = begin(place.door, "company", "/")
    query = parse_qs(urlsplit(begun.url).query)
    code = place.provider.log_in(
        "ana-1",
        query["nonce"][0],
        query["code_challenge"][0],
        query["redirect_uri"][0],
        groups=["managers"],
    )
    back = CameBack(begun.kept, code, query["state"][0], "", "")
    finish(place.door, "company", back, hours=1, address="")
    with pytest.raises(SignInRefused):
        finish(place.door, "company", back, hours=1, address="")


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "of another login"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"aud": "another client"}, "audience"),
        ({"aud": ["stella", "other"]}, "another party"),
        ({"aud": ["stella", "other"], "azp": "other"}, "another party"),
        ({"azp": "other"}, "another party"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": 1}, "expired"),
        ({"iat": 4_000_000_000, "exp": 4_000_000_100}, "time to come"),
    ],
)
def test_a_token_that_is_not_the_answer_to_this_login_is_refused(
    place: Place, claims: dict[str, Any], why: str
):
    assert why in place.refused(**claims)
    assert "ana@company" not in place.users()


def test_a_token_that_was_used_is_no_answer_to_another_login(place: Place):
    """Though an attacker knows it, and has the provider give it again."""
    kept: list[str] = []
    real = place.provider.redeem

    class Replaying(SimulatedIdentityProvider):
        def redeem(self, *given: str) -> str:
            kept.append(real(*given))
            return kept[0]

    replaying = Replaying(place.clock)
    replaying._keys = place.provider._keys
    place.door = replace(place.door, connected=lambda _: replaying)
    begun = begin(place.door, "company", "/")
    place.log_in(begun=begun)
    assert "used before" in place.refused(begun=begun)


def test_only_a_verified_address_of_a_domain_that_counts(place: Place):
    place.apply(emailDomains=["acme.example"])
    for claims in (
        {},
        {"email": "ana@acme.example"},
        {"email": "ana@acme.example", "email_verified": False},
        {"email": "ana@acme.example", "email_verified": "true"},
        {"email": "ana@evil.example", "email_verified": True},
        {"email": "ana@acme.example.evil.example", "email_verified": True},
        {"email": "ana@acme.example@evil.example", "email_verified": True},
        {"email": "acme.example", "email_verified": 1},
        {"email": ["ana@acme.example"], "email_verified": True},
    ):
        assert "verified address" in place.refused(**claims)
    place.log_in(email="Ana@ACME.example", email_verified=True)


def test_a_disabled_account_stays_out(place: Place):
    login, _ = place.log_in()
    with place.database.transaction(actor="usr_root") as tx:
        change_user(tx, login.person.id, disabled=True)
    assert place.living(login.person.id) == 0
    assert "disabled" in place.refused()


def test_who_may_only_come_by_a_link_comes_by_a_link(place: Place):
    place.apply(makesAccounts=False)
    assert "no account" in place.refused()
    assert place.facts("SignInRefused")[-1]["account"] == "ana-1"
    with place.database.transaction(actor="usr_root") as tx:
        root = user_by_name(tx, "root").id
        link_account(tx, root, find_sign_in(tx, "company"), "ana-1")
    login, _ = place.log_in(groups=[])
    assert (login.person.id, login.person.roles) == (root, (Role.ADMIN,))
    with place.database.transaction(actor="usr_root") as tx:
        other = create_user(tx, name="other", roles=(Role.VIEWER,)).id
        with pytest.raises(AccountTaken):
            link_account(tx, other, find_sign_in(tx, "company"), "ana-1")
        unlink_account(tx, root)
        assert accounts_of(tx, [root]) == {}
    assert place.living(root) == 0
    assert "no account" in place.refused()


def test_nobody_is_linked_by_a_document_whose_integration_is_gone(place: Place):
    with place.database.transaction(actor="usr_root") as tx:
        gone = replace(find_sign_in(tx, "company"), kind=None, issuer="")
        with pytest.raises(UnknownLogin):
            link_account(tx, user_by_name(tx, "root").id, gone, "ana-1")


def test_an_account_of_others_gets_no_password_and_keeps_no_door_open(place: Place):
    login, _ = place.log_in(groups=["platform"])
    assert Role.ADMIN in login.person.roles
    with place.database.transaction(actor="usr_root") as tx:
        with pytest.raises(MalformedUser):
            change_user(tx, login.person.id, password_hash=HASH)
        root = user_by_name(tx, "root")
        with pytest.raises(LastAdmin):  # the other one is somebody else's to give
            change_user(tx, root.id, roles=(Role.VIEWER,))
    place.log_in(groups=["managers"])
    assert place.users()["ana@company"] == (Role.APPROVER,)


def test_what_a_document_opened_ends_with_it(place: Place):
    login, _ = place.log_in()
    place.apply(enabled=False)
    assert place.living(login.person.id) == 0
    with pytest.raises(UnknownLogin):
        begin(place.door, "company", "/")
    place.apply()
    place.log_in()
    with place.database.transaction(actor="usr_root") as tx:
        with pytest.raises(StellaError):
            refuse_login_integration(tx, "keycloak")
        delete_sign_in(tx, "company")
        refuse_login_integration(tx, "keycloak")
    assert place.living(login.person.id) == 0


@pytest.mark.parametrize(
    "spec",
    [
        {"groups": {"managers": ["viewer"]}},
        {"groups": {"managers": ["approver"]}},
        {"groups": {**GROUPS, "others": ["viewer"]}},
        {"groupsClaim": "teams"},
        {"roles": ["viewer"]},
        {"emailDomains": ["acme.example"]},
        {"makesAccounts": False},
        {"integration": "ldap"},
        {"enabled": False},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_a_document_that_is_changed_ends_what_it_opened_before(place: Place, spec: dict[str, Any]):
    login, _ = place.log_in()
    place.apply(**spec)
    assert place.living(login.person.id) == 0


def test_another_title_or_no_change_at_all_ends_nothing(place: Place):
    login, _ = place.log_in()
    place.apply()
    place.apply(title="Another title")
    assert place.living(login.person.id) == 1


def test_of_an_account_that_is_linked_only_what_the_document_opened_ends(place: Place):
    with place.database.transaction(actor="usr_root") as tx:
        root = user_by_name(tx, "root").id
        link_account(tx, root, find_sign_in(tx, "company"), "ana-1")
        open_session(tx, root, secret=b"p" * 32, name="login", hours=8)
    place.log_in()
    assert place.living(root) == 2
    place.apply(roles=["viewer"])
    assert place.living(root) == 1


def test_what_an_integration_let_in_ends_with_it(place: Place):
    login, _ = place.log_in()
    with place.database.transaction(actor="usr_root") as tx:
        end_logins_by(tx, "ldap")
    assert place.living(login.person.id) == 1
    with place.database.transaction(actor="usr_root") as tx:
        end_logins_by(tx, "keycloak")
    assert place.living(login.person.id) == 0


def test_the_doctor_names_who_cannot_get_in(place: Place):
    assert [one.outcome for one in logins_can_be_used(place.database)] == [Outcome.PASS]
    with place.database.transaction(actor="usr_root") as tx:
        known = find_integration(tx, "keycloak").integration
        put_integration(tx, replace(known, enabled=False))
    (seen,) = logins_can_be_used(place.database)
    assert (seen.outcome, seen.about) == (Outcome.BLOCKED, "SignIn company")
    assert (
        seen.detail == "the integration keycloak is switched off: nobody gets in by SignIn company"
    )
    place.apply(integration="ldap", enabled=False)
    assert [one.outcome for one in logins_can_be_used(place.database)] == [Outcome.PASS]


class _Slow(SimulatedIdentityProvider):
    """A provider during whose answer somebody does something."""

    meanwhile: Callable[[], None]

    def redeem(self, *given: str) -> str:
        text = super().redeem(*given)
        self.meanwhile()
        return text


@pytest.mark.parametrize(
    "change",
    [
        "narrowed",
        "switched off",
        "deleted",
        "another issuer",
        "integration off",
        "integration gone",
    ],
)
def test_a_login_under_way_ends_with_what_its_document_was(place: Place, change: str):
    """What was begun rests on the document of the moment in which the session is made."""

    def meanwhile() -> None:
        with place.database.transaction(actor="usr_root") as tx:
            found = find_integration(tx, "keycloak").integration
            match change:
                case "narrowed":
                    apply_sign_in(tx, "company", {**SPEC, "groups": {"platform": ["admin"]}})
                case "switched off":
                    apply_sign_in(tx, "company", {**SPEC, "enabled": False})
                case "deleted":
                    delete_sign_in(tx, "company")
                case "another issuer":
                    put_integration(tx, replace(found, endpoint="https://other.example"))
                case "integration off":
                    put_integration(tx, replace(found, enabled=False))
                case _:
                    delete_integration_row(tx, "keycloak")

    slow = _Slow(place.clock)
    slow.meanwhile = meanwhile
    slow._keys = place.provider._keys
    place.provider = slow
    place.door = replace(place.door, connected=lambda _: slow)
    assert "was changed" in place.refused()
    assert place.facts("UserSignedIn") == []
    assert "ana@company" not in place.users()


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "\\/evil",
        "/a\nSet-Cookie: x=1",
        "/a b",
        "/\t/evil.example",
        "/api/v1/logout",
        "",
        "/" + "a" * 500,
        "/é",
    ],
)
def test_a_page_to_go_on_to_is_one_of_ours(text: str):
    assert safe_path(text) == "/"
    assert safe_path("/releases/rel_1?tab=sbom#x") == "/releases/rel_1?tab=sbom#x"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"integration": "nothing"}, "no integration"),
        ({"integration": "Bad Name"}, "no name"),
        ({"groups": {}, "roles": []}, "nobody a role"),
        ({"groups": {"a": ["boss"]}}, "no role"),
        ({"groups": {"a": []}}, "has no role"),
        ({"roles": ["admin"]}, "given by groups"),
        ({"roles": ["approver"]}, "given by groups"),
        ({"emailDomains": ["ACME.example"]}, "no domain"),
        ({"emailDomains": ["*"]}, "no domain"),
        ({"title": "x" * 61}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"groupsclaim": "x"}, "did you mean 'groupsClaim'"),
        ({"integration": "ldap", "emailDomains": ["acme.example"]}, "for identity providers"),
        ({"groups": ["a"]}, "groups"),
    ],
)
def test_a_document_that_cannot_be_is_refused(place: Place, spec: dict[str, Any], why: str):
    with pytest.raises(MalformedLogin) as refusal:
        place.apply("other", **spec)
    assert why in str(refusal.value)
