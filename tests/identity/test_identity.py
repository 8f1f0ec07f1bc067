"""Users, roles, tokens and logins, on both databases."""

import itertools
from datetime import timedelta

import pytest

from fixtures.databases import Clock
from stella.identity import (
    PERMISSIONS,
    LastAdmin,
    LoginDenied,
    MalformedUser,
    NoSuchToken,
    NoSuchUser,
    Permission,
    Person,
    Principal,
    Role,
    RolesBeyondOwn,
    TokenRefused,
    TooManyAttempts,
    User,
    UserChangedMeanwhile,
    UserExists,
    authenticate,
    bootstrap,
    change_user,
    create_user,
    hash_password,
    list_tokens,
    list_users,
    log_in,
    make_token,
    people,
    person,
    record_refusal,
    revoke_token,
    token_text,
)
from stella.record import Database, facts_about

pytestmark = pytest.mark.long  # each login hashes a password, slowly on purpose

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD)
SECRETS = itertools.count(1)


def secret() -> bytes:
    return next(SECRETS).to_bytes(32)


def new_user(database: Database, name: str, *roles: Role) -> User:
    with database.transaction(actor="system") as tx:
        return create_user(tx, name=name, roles=roles, password_hash=HASH)


def log_in_as(database: Database, name: str, password: str = PASSWORD) -> Principal:
    login = log_in(database, name=name, password=password, secret=secret(), hours=12, address="::1")
    with database.read() as tx:
        return authenticate(tx, login.text)


def kinds(database: Database, subject: str) -> list[str]:
    with database.read() as tx:
        return [fact.kind for fact in facts_about(tx, [subject])]


@pytest.mark.parametrize("role", Role)
def test_every_role_may_view_and_only_admins_may_change_users(role: Role):
    assert Permission.VIEW in PERMISSIONS[role]
    assert (Permission.USER_CHANGE in PERMISSIONS[role]) == (role is Role.ADMIN)


def test_the_first_start_makes_one_administrator_and_the_second_none(database: Database):
    with database.transaction(actor="system") as tx:
        made = bootstrap(tx, password_hash=HASH)
        assert made is not None
        assert bootstrap(tx, password_hash=HASH) is None
    assert log_in_as(database, "admin").permissions == frozenset(Permission)
    assert kinds(database, made.id) == ["UserCreated", "UserLoggedIn"]


def test_a_login_says_who_asks_until_it_expires(database: Database, clock: Clock):
    new_user(database, "ana", Role.DEVELOPER)
    login = log_in(
        database, name="ana", password=PASSWORD, secret=secret(), hours=12, address="::1"
    )
    with database.read() as tx:
        principal = authenticate(tx, login.text)
    assert (principal.name, principal.roles) == ("ana", (Role.DEVELOPER,))
    assert principal.expires_at == login.expires_at
    clock.go_on(hours=12)
    with database.read() as tx, pytest.raises(TokenRefused, match="expired"):
        authenticate(tx, login.text)


@pytest.mark.parametrize("name", ["ana", "nobody", "x" * 5000])
def test_a_wrong_password_and_an_unknown_name_read_the_same(database: Database, name: str):
    ana = new_user(database, "ana", Role.VIEWER)
    with pytest.raises(LoginDenied) as refusal:
        log_in_as(database, name, "wrong password")
    assert str(refusal.value) == "the name or the password is wrong"
    subject = ana.id if name == "ana" else "unknown"
    assert "LoginRefused" in kinds(database, subject)


def test_many_wrong_passwords_make_the_name_rest_also_for_the_right_one(
    database: Database, clock: Clock
):
    new_user(database, "ana", Role.VIEWER)
    new_user(database, "ben", Role.VIEWER)
    for _ in range(5):
        with pytest.raises(LoginDenied):
            log_in_as(database, "ana", "wrong password")
    with pytest.raises(TooManyAttempts):
        log_in_as(database, "ana")
    assert log_in_as(database, "ben").name == "ben"
    clock.go_on(seconds=2)
    assert log_in_as(database, "ana").name == "ana"
    with pytest.raises(LoginDenied):
        log_in_as(database, "ana", "wrong password")


def test_a_disabled_user_neither_logs_in_nor_uses_a_token(database: Database):
    ana = new_user(database, "ana", Role.DEVELOPER)
    principal = log_in_as(database, "ana")
    with database.transaction(actor=ana.id) as tx:
        made = make_token(tx, principal, secret=secret(), name="ci")
        change_user(tx, ana.id, disabled=True)
    with database.read() as tx, pytest.raises(TokenRefused, match="disabled"):
        authenticate(tx, made.text)
    with pytest.raises(LoginDenied):
        log_in_as(database, "ana")


@pytest.mark.parametrize("text", ["", "st_", "st_" + "a" * 44, token_text(bytes(32))])
def test_what_is_no_token_here_is_refused(database: Database, text: str):
    with database.read() as tx, pytest.raises(TokenRefused):
        authenticate(tx, text)


def test_a_new_password_ends_sessions_and_leaves_tokens(database: Database):
    ana = new_user(database, "ana", Role.DEVELOPER)
    login = log_in(database, name="ana", password=PASSWORD, secret=secret(), hours=1, address="")
    with database.transaction(actor=ana.id) as tx:
        principal = authenticate(tx, login.text)
        made = make_token(tx, principal, secret=secret(), name="ci")
        change_user(tx, ana.id, password_hash=hash_password("another password"))
    with database.read() as tx:
        assert authenticate(tx, made.text).id == ana.id
        with pytest.raises(TokenRefused, match="revoked"):
            authenticate(tx, login.text)
    assert log_in_as(database, "ana", "another password").id == ana.id


def test_a_narrow_token_may_less_than_its_owner_and_makes_none_that_is_wider(database: Database):
    new_user(database, "root", Role.ADMIN)
    principal = log_in_as(database, "root")
    with database.transaction(actor=principal.id) as tx:
        made = make_token(tx, principal, secret=secret(), name="ci", roles=(Role.DEVELOPER,))
        narrow = authenticate(tx, made.text)
        assert narrow.permissions == PERMISSIONS[Role.DEVELOPER]
        with pytest.raises(RolesBeyondOwn):
            make_token(tx, narrow, secret=secret(), name="up", roles=(Role.ADMIN,))
        same = make_token(tx, narrow, secret=secret(), name="same")
        assert authenticate(tx, same.text).permissions == PERMISSIONS[Role.DEVELOPER]


def test_roles_taken_from_a_user_are_gone_from_its_tokens(database: Database):
    ana = new_user(database, "ana", Role.DEVELOPER, Role.OPERATOR)
    principal = log_in_as(database, "ana")
    with database.transaction(actor="system") as tx:
        made = make_token(tx, principal, secret=secret(), name="ci")
        change_user(tx, ana.id, roles=(Role.VIEWER,))
        assert authenticate(tx, made.text).permissions == {Permission.VIEW}


def test_tokens_are_listed_and_revoked_by_owner_and_administrator_only(database: Database):
    for name, role in (("ana", Role.DEVELOPER), ("ben", Role.DEVELOPER), ("root", Role.ADMIN)):
        new_user(database, name, role)
    ana, ben, root = (log_in_as(database, name) for name in ("ana", "ben", "root"))
    with database.transaction(actor=ana.id) as tx:
        made = make_token(tx, ana, secret=secret(), name="ci", days=1)
        assert [row.id for row in list_tokens(tx, ana)] == [made.id]
        assert list_tokens(tx, ben) == ()
        assert [row.user for row in list_tokens(tx, root)] == [ana.id]
        with pytest.raises(NoSuchToken):
            revoke_token(tx, ben, made.id)
        with pytest.raises(RolesBeyondOwn):
            make_token(tx, ben, secret=secret(), name="theirs", user=ana.id)
        revoke_token(tx, root, made.id)
        revoke_token(tx, ana, made.id)
        with pytest.raises(TokenRefused, match="revoked"):
            authenticate(tx, made.text)
    assert kinds(database, made.id) == ["TokenCreated", "TokenRevoked"]


def test_an_administrator_makes_a_token_for_a_user_without_password(database: Database):
    new_user(database, "root", Role.ADMIN)
    root = log_in_as(database, "root")
    with database.transaction(actor=root.id) as tx:
        robot = create_user(tx, name="ci-robot", roles=(Role.DEVELOPER,))
        made = make_token(tx, root, secret=secret(), name="ci", user=robot.id)
        assert authenticate(tx, made.text).name == "ci-robot"
    with pytest.raises(LoginDenied):
        log_in_as(database, "ci-robot", "")


@pytest.mark.parametrize(
    "change", [{"roles": (Role.VIEWER,)}, {"disabled": True}], ids=["roles", "disabled"]
)
def test_the_last_administrator_stays(database: Database, change: dict[str, object]):
    root = new_user(database, "root", Role.ADMIN)
    with database.transaction(actor=root.id) as tx, pytest.raises(LastAdmin):
        change_user(tx, root.id, **change)
    new_user(database, "second", Role.ADMIN)
    with database.transaction(actor=root.id) as tx:
        change_user(tx, root.id, **change)


def test_a_change_of_what_somebody_else_changed_is_refused(database: Database):
    ana = new_user(database, "ana", Role.VIEWER)
    with database.transaction(actor="system") as tx:
        assert change_user(tx, ana.id, roles=(Role.DEVELOPER,), revision=1).revision == 2
        with pytest.raises(UserChangedMeanwhile):
            change_user(tx, ana.id, roles=(Role.OPERATOR,), revision=1)


def test_names_are_unique_and_what_is_malformed_is_refused(database: Database):
    new_user(database, "ana", Role.VIEWER)
    with pytest.raises(UserExists):
        new_user(database, "ana", Role.VIEWER)
    for name in ("", "Ana", "a b", "-a", "a" * 65):
        with pytest.raises(MalformedUser):
            new_user(database, name, Role.VIEWER)
    with pytest.raises(MalformedUser):
        new_user(database, "nobody")
    with pytest.raises(MalformedUser):
        hash_password("short")
    with database.read() as tx:
        assert [user.name for user in list_users(tx)] == ["ana"]
        with pytest.raises(NoSuchUser):
            change_user(tx, "usr_none", disabled=True)


@pytest.mark.parametrize("days", [0, 367])
def test_a_token_lasts_a_day_to_a_year(database: Database, days: int):
    new_user(database, "ana", Role.VIEWER)
    ana = log_in_as(database, "ana")
    with database.transaction(actor=ana.id) as tx, pytest.raises(MalformedUser):
        make_token(tx, ana, secret=secret(), name="ci", days=days)


def test_a_refused_permission_is_kept_with_who_and_where(database: Database):
    new_user(database, "ana", Role.VIEWER)
    ana = log_in_as(database, "ana")
    with database.transaction(actor=ana.id) as tx:
        denied = record_refusal(tx, ana, Permission.USER_CHANGE, "POST /api/v1/users")
    assert denied.exit_code == 5
    with database.read() as tx:
        (fact,) = (f for f in facts_about(tx, [ana.id]) if f.kind == "AccessRefused")
    assert fact.data["place"] == "POST /api/v1/users"


def test_actors_are_shown_as_people(database: Database):
    ana = new_user(database, "ana", Role.VIEWER)
    with database.read() as tx:
        assert person(tx, ana.id) == Person(ana.id, "ana", (Role.VIEWER,))
        found = people(tx, ["system", "agt_1", "usr_gone"])
    assert {who.name for who in found.values()} == {"Stella", "agt_1", "usr_gone"}


def test_no_fact_and_no_table_holds_a_password_or_a_token(database: Database):
    new_user(database, "ana", Role.VIEWER)
    ana = log_in_as(database, "ana")
    with database.transaction(actor=ana.id) as tx:
        made = make_token(tx, ana, secret=secret(), name="ci")
        texts = []
        for table in ("fact", "token", "user_account", "login_failure"):
            texts += map(str, tx.connection.exec_driver_sql(f"SELECT * FROM {table}").all())
    assert not any(PASSWORD in text or made.text in text for text in texts)
    assert made.expires_at > tx.now + timedelta(days=89)
