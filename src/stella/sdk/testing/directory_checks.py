"""What every directory has to hold, whoever wrote it: run each check of the list as a test."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from stella.kernel import StellaError
from stella.plugin.contract.directory import Directory, DirectoryEntry
from stella.plugin.refusals import ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold

STRANGE_NAMES = (
    "*",
    "a*",
    "*a",
    "ana)(uid=*",
    "*)(|(uid=*",
    "ana)(|(password=*",
    "ana))%00",
    "ana\x00",
    "\\2a",
    "ana\\",
    "(ana)",
    "ana,dc=example",
    "&",
    "|",
    "!",
    "",
    " ",
    " ana",
    "ana ",
    "ana\n",
    "a" * 10_000,
    "\ud800",
)
"""Names that nobody has, whatever they would mean as a filter, a path or a DN."""


@dataclass(frozen=True, slots=True)
class DirectoryBench:
    """A directory with people that the kit knows.

    people: each with their password; at least two, in different groups. twice: a name that two have,
    and a password of theirs. locked: a name whose account is locked, and its password. rename: (name, new
    name) -> the same person is called so. stranger: opened with a login that does not count. outage:
    while it is held, the directory cannot be reached. secrets: of our own login.
    """

    directory: Directory
    people: tuple[tuple[DirectoryEntry, str], ...]
    twice: tuple[str, str]
    locked: tuple[str, str]
    rename: Callable[[str, str], None]
    stranger: Directory
    outage: Callable[[], AbstractContextManager[None]]
    secrets: tuple[str, ...]


def who_gives_their_password_is_let_in(bench: DirectoryBench) -> None:
    """Everybody is who they are: id, names, groups."""
    for person, password in bench.people:
        assert bench.directory.log_in(person.name, password) == person
        assert bench.directory.find(person.name) == person
    ids = {person.id for person, _ in bench.people}
    assert len(ids) == len(bench.people)
    assert all(ids)


def a_name_is_found_in_any_case(bench: DirectoryBench) -> None:
    """And is answered as the directory writes it."""
    person, password = bench.people[0]
    assert bench.directory.find(person.name.upper()) == person
    assert bench.directory.log_in(person.name.upper(), password) == person


def another_password_lets_nobody_in(bench: DirectoryBench) -> None:
    """None at all, somebody else's, a part of the right one."""
    (one, password), (other, others) = bench.people[:2]
    for wrong in ("", "\0", others, password[:-1], f"{password} ", f"{password}\0", "x" * 5000):
        assert bench.directory.log_in(one.name, wrong) is None, "let in"
    assert bench.directory.log_in(other.name, password) is None
    assert bench.directory.log_in("nobody-has-that-name", password) is None


def what_is_no_name_finds_nobody(bench: DirectoryBench) -> None:
    """A name is a value and never a part of a filter."""
    _, password = bench.people[0]
    for name in STRANGE_NAMES:
        assert bench.directory.find(name) is None, name[:40]
        for given in (password, ""):
            assert bench.directory.log_in(name, given) is None, name[:40]


def a_name_of_two_is_nobodys(bench: DirectoryBench) -> None:
    """Whose password it is cannot be known."""
    name, password = bench.twice
    assert bench.directory.find(name) is None
    assert bench.directory.log_in(name, password) is None


def a_locked_account_lets_nobody_in(bench: DirectoryBench) -> None:
    """Though the password is right."""
    name, password = bench.locked
    assert bench.directory.find(name) is not None
    assert bench.directory.log_in(name, password) is None


def an_id_outlives_a_name(bench: DirectoryBench) -> None:
    """Who is renamed is the same, and the old name is nobody's."""
    person, password = bench.people[-1]
    bench.rename(person.name, "renamed-by-the-kit")
    try:
        found = bench.directory.log_in("renamed-by-the-kit", password)
        assert found is not None
        assert (found.id, found.name) == (person.id, "renamed-by-the-kit")
        assert bench.directory.find(person.name) is None
    finally:
        bench.rename("renamed-by-the-kit", person.name)


def our_own_login_must_count(bench: DirectoryBench) -> None:
    """Else we are refused, and nobody is told to have a wrong password."""
    person, password = bench.people[0]
    for call in (
        bench.stranger.check,
        lambda: bench.stranger.find(person.name),
        lambda: bench.stranger.log_in(person.name, password),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, ServiceRefused), refusal
        untold(refusal, (password, *bench.secrets))


def an_outage_is_unreachable_while_it_lasts(bench: DirectoryBench) -> None:
    """It is said that another try may help, and it does."""
    person, password = bench.people[0]
    with bench.outage():
        for call in (
            bench.directory.check,
            lambda: bench.directory.find(person.name),
            lambda: bench.directory.log_in(person.name, password),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceUnreachable), refusal
            assert refusal.retry_may_help
            untold(refusal, (password, *bench.secrets))
    assert bench.directory.log_in(person.name, password) == person


def check_tells_who_we_are_and_nothing_secret(bench: DirectoryBench) -> None:
    """One printable line."""
    told = bench.directory.check()
    assert told
    assert told.isprintable()
    for text in (told, repr(bench.directory)):
        assert not any(secret in text for secret in bench.secrets)


DIRECTORY_CHECKS: tuple[Callable[[DirectoryBench], None], ...] = (
    who_gives_their_password_is_let_in,
    a_name_is_found_in_any_case,
    another_password_lets_nobody_in,
    what_is_no_name_finds_nobody,
    a_name_of_two_is_nobodys,
    a_locked_account_lets_nobody_in,
    an_id_outlives_a_name,
    our_own_login_must_count,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_who_we_are_and_nothing_secret,
)


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (ServiceUnreachable, ServiceRefused) as refusal:
        return refusal
    raise AssertionError("it was not refused")
