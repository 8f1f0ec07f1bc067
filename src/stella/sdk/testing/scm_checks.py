"""What every place of sources has to hold, whoever wrote it: run each check of the list as a test.

One that is spoken to by HTTP runs SERVICE_HTTP_CHECKS as well.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta

from stella.kernel import StellaError
from stella.plugin.contract.scm import (
    Commit,
    CommitSignature,
    CommitStatus,
    DeploymentNote,
    FileList,
    Scm,
    SignatureState,
    StatusState,
)
from stella.plugin.refusals import NotSupported, NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold

FILE = "docs/read me.txt"
FILE_CONTENT = b"It is sold here.\n\x00\xff\n"
LARGE_FILE = "large.bin"
BRANCH = "main"
TAG = "v1.0.0"


@dataclass(frozen=True, slots=True)
class ScmBench:
    """A server of repositories, and one repository there with a history that the kit knows.

    made: five commits or more, each the only parent of the next, the oldest first, as the server has to
    show them (``signature`` aside); ``main`` is the last one and ``v1.0.0`` the second. aside: one
    commit on the second of them, which no later one has. merged: a commit of ``main`` and ``aside``,
    which no branch of the kit names. ``docs/read me.txt`` came with the third commit;
    ``large.bin``, from the first on, has more than 1 MiB. forbidden: a repository that the login may
    not read, or that is not told from one that is not there. stranger: opened with a login that does
    not count. outage: while it is held, nothing is reached. told: what was set on a commit, as the
    server has it: context or environment -> state; None where nothing can be set. secrets: what lets
    in, now.
    """

    scm: Scm
    repository: str
    made: tuple[Commit, ...]
    aside: str
    merged: str
    forbidden: str
    stranger: Scm
    outage: Callable[[], AbstractContextManager[None]]
    told: Callable[[str], dict[str, StatusState]] | None
    secrets: Callable[[], tuple[str, ...]] = tuple


def branches_tags_and_ids_are_resolved(bench: ScmBench) -> None:
    """Each to the commit, with its author, time, title and parents; a tag to what it was made of."""
    for reference, wanted in (
        (BRANCH, bench.made[-1]),
        (TAG, bench.made[1]),
        *((one.id, one) for one in (bench.made[0], bench.made[2])),
    ):
        found = bench.scm.resolve(bench.repository, reference)
        assert _plain(found) == _plain(wanted), reference
        _well_formed(found)


def what_is_not_there_is_not_found(bench: ScmBench) -> None:
    """A repository, a reference, a commit, a file; and what can be none of them."""
    newest = bench.made[-1].id
    for call in (
        lambda: bench.scm.resolve(f"{bench.repository}-nothing", BRANCH),
        lambda: bench.scm.resolve(bench.repository, "nothing"),
        lambda: bench.scm.resolve(bench.repository, "0123456789" * 4),
        lambda: bench.scm.resolve(bench.repository, "../../etc/passwd"),
        lambda: bench.scm.resolve(bench.repository, "a b\n"),
        lambda: bench.scm.resolve(bench.repository, ""),
        lambda: bench.scm.resolve("../secret", BRANCH),
        lambda: bench.scm.resolve("", BRANCH),
        lambda: bench.scm.between(bench.repository, "0123456789" * 4, newest, 10),
        lambda: bench.scm.between(bench.repository, newest, "0123456789" * 4, 10),
        lambda: bench.scm.between(bench.repository, "--all", newest, 10),
        lambda: bench.scm.read_file(bench.repository, newest, "nothing"),
        lambda: bench.scm.read_file(bench.repository, newest, "docs"),
        lambda: bench.scm.read_file(bench.repository, newest, f"{FILE}/x"),
        lambda: bench.scm.read_file(bench.repository, newest, "../x"),
        lambda: bench.scm.read_file(bench.repository, newest, ""),
        lambda: bench.scm.read_file(bench.repository, bench.made[1].id, FILE),
        lambda: bench.scm.list_files(bench.repository, newest, "nothing", True, 10),
        lambda: bench.scm.list_files(bench.repository, newest, LARGE_FILE, False, 10),
        lambda: bench.scm.list_files(bench.repository, newest, "../docs", False, 10),
        lambda: bench.scm.list_files(bench.repository, bench.made[1].id, "docs", True, 10),
        lambda: bench.scm.list_files(bench.repository, "0123456789" * 4, "", True, 10),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, NotThere), refusal
        untold(refusal, bench.secrets())


def what_is_between_is_told_newest_first(bench: ScmBench) -> None:
    """What the later one has and the earlier one has not, and nothing else."""
    base, head = bench.made[0], bench.made[-1]
    found = bench.scm.between(bench.repository, base.id, head.id, 100)
    assert [_plain(one) for one in found.commits] == [_plain(one) for one in bench.made[:0:-1]]
    assert (found.is_complete, found.dropped) == (True, 0)
    nothing = bench.scm.between(bench.repository, head.id, head.id, 100)
    assert (nothing.commits, nothing.is_complete, nothing.dropped) == ((), True, 0)


def more_than_was_asked_for_is_said(bench: ScmBench) -> None:
    """The newest ones, and that they are not all."""
    base, head = bench.made[0], bench.made[-1]
    count = len(bench.made) - 1
    found = bench.scm.between(bench.repository, base.id, head.id, count - 1)
    assert [one.id for one in found.commits] == [one.id for one in bench.made[:1:-1]]
    assert not found.is_complete
    assert bench.scm.between(bench.repository, base.id, head.id, count).is_complete


def a_way_back_is_no_silence(bench: ScmBench) -> None:
    """What the earlier one has and the later has not is counted: back, and to a rewritten history."""
    base, head = bench.made[-1].id, bench.made[1].id
    back = bench.scm.between(bench.repository, base, head, 100)
    assert (back.commits, back.dropped) == ((), len(bench.made) - 2)
    rewritten = bench.scm.between(bench.repository, base, bench.aside, 100)
    assert [one.id for one in rewritten.commits] == [bench.aside]
    assert (rewritten.is_complete, rewritten.dropped) == (True, len(bench.made) - 2)


def what_was_merged_is_counted_once(bench: ScmBench) -> None:
    """The merge and what it brought, but nothing that the earlier one has by another way."""
    found = bench.scm.between(bench.repository, bench.made[-1].id, bench.merged, 100)
    assert [one.id for one in found.commits] == [bench.merged, bench.aside]
    assert set(found.commits[0].parents) == {bench.made[-1].id, bench.aside}
    assert found.dropped == 0


def a_file_is_read_as_it_was(bench: ScmBench) -> None:
    """Byte by byte; one that is too large is refused."""
    for commit in (bench.made[2].id, bench.made[-1].id):
        assert bench.scm.read_file(bench.repository, commit, FILE) == FILE_CONTENT
    refusal = _refused(lambda: bench.scm.read_file(bench.repository, bench.made[0].id, LARGE_FILE))
    assert isinstance(refusal, ServiceRefused), refusal


def what_lies_in_a_folder_is_listed(bench: ScmBench) -> None:
    """By whole paths, as it was at that commit; or it is said that this cannot be done."""
    newest, folder = bench.made[-1].id, FILE.partition("/")[0]

    def listed(at: str, is_deep: bool, limit: int = 100) -> FileList:
        return bench.scm.list_files(bench.repository, newest, at, is_deep, limit)

    try:
        top = listed("", False)
    except NotSupported:
        return
    assert LARGE_FILE in top.files
    assert not any("/" in path for path in (*top.files, *top.links)), top
    deep = listed("", True)
    assert {FILE, LARGE_FILE} <= {*deep.files}
    assert len({*deep.files}) == len(deep.files)
    assert top.is_complete
    assert deep.is_complete
    for is_deep in (False, True):
        assert listed(folder, is_deep).files == (FILE,)
    few = listed("", True, 1)
    assert len(few.files) + len(few.links) <= 1
    assert not few.is_complete
    before = bench.scm.list_files(bench.repository, bench.made[1].id, "", True, 100)
    assert FILE not in before.files


def what_is_not_allowed_is_refused(bench: ScmBench) -> None:
    """A repository of somebody else; and everything with a login that does not count."""
    refusal = _refused(lambda: bench.scm.resolve(bench.forbidden, BRANCH))
    assert isinstance(refusal, (ServiceRefused, NotThere)), refusal
    for call in (
        bench.stranger.check,
        lambda: bench.stranger.resolve(bench.repository, BRANCH),
        lambda: bench.stranger.between(bench.repository, bench.made[0].id, bench.made[1].id, 5),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, ServiceRefused), refusal
        untold(refusal, bench.secrets())


def a_status_is_set_and_replaced(bench: ScmBench) -> None:
    """By its context and by its key; or it is said that there is no place for it."""
    commit = bench.made[-1].id
    status = CommitStatus("stella/production", StatusState.PENDING, "It is being deployed.")
    note = DeploymentNote("dep_1", "production", StatusState.PENDING, "It is being deployed.")
    if bench.told is None:
        for call in (
            lambda: bench.scm.set_status(bench.repository, commit, status),
            lambda: bench.scm.set_deployment(bench.repository, commit, note),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, NotSupported), refusal
        return
    for state in (StatusState.PENDING, StatusState.FAILURE, StatusState.SUCCESS):
        bench.scm.set_status(bench.repository, commit, replace(status, state=state))
        assert bench.told(commit)["stella/production"] is state
    try:
        for state in (StatusState.PENDING, StatusState.SUCCESS):
            bench.scm.set_deployment(bench.repository, commit, replace(note, state=state))
            assert bench.told(commit)["production"] is state
    except NotSupported:
        assert "production" not in bench.told(commit), "it was said that there is no place for it"


def an_outage_is_unreachable_while_it_lasts(bench: ScmBench) -> None:
    """It is said that another try may help, and it does."""
    newest = bench.made[-1].id
    with bench.outage():
        for call in (
            bench.scm.check,
            lambda: bench.scm.resolve(bench.repository, BRANCH),
            lambda: bench.scm.between(bench.repository, bench.made[0].id, newest, 10),
            lambda: bench.scm.read_file(bench.repository, newest, FILE),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceUnreachable), refusal
            assert refusal.retry_may_help
            untold(refusal, bench.secrets())
    assert bench.scm.resolve(bench.repository, BRANCH).id == newest


def check_tells_who_we_are_and_nothing_secret(bench: ScmBench) -> None:
    """One printable line."""
    told = bench.scm.check()
    assert told
    assert told.isprintable()
    assert not any(secret in told or secret in repr(bench.scm) for secret in bench.secrets())


SCM_CHECKS: tuple[Callable[[ScmBench], None], ...] = (
    branches_tags_and_ids_are_resolved,
    what_is_not_there_is_not_found,
    what_is_between_is_told_newest_first,
    more_than_was_asked_for_is_said,
    a_way_back_is_no_silence,
    what_was_merged_is_counted_once,
    a_file_is_read_as_it_was,
    what_lies_in_a_folder_is_listed,
    what_is_not_allowed_is_refused,
    a_status_is_set_and_replaced,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_who_we_are_and_nothing_secret,
)


def _plain(commit: Commit) -> Commit:
    return replace(commit, signature=CommitSignature(SignatureState.NONE))


def _well_formed(commit: Commit) -> None:
    assert commit.committed_at.utcoffset() == timedelta(0), "a time that is not in UTC"
    for text in (commit.title, commit.author_name, commit.author_email, commit.signature.why):
        assert not text or text.isprintable(), text
    is_good = commit.signature.state is SignatureState.GOOD
    assert bool(commit.signature.signer) is is_good, commit.signature
    if commit.signature.state in {SignatureState.BAD, SignatureState.UNKNOWN}:
        assert commit.signature.why, "nothing says why"


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (ServiceUnreachable, ServiceRefused, NotThere, NotSupported) as refusal:
        return refusal
    raise AssertionError("it was not refused")
