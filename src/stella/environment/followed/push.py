"""Somebody says that commits were pushed: which followed repositories are looked at therefore.

It is not believed: whoever says it only has the server look for itself, a little too often at worst.
"""

from collections.abc import Iterable

from stella.environment.errors import UnknownRepository
from stella.environment.followed.model import Followed
from stella.environment.followed.store import ask_for_look
from stella.record.transaction import Tx

_SERVERS_CHOICE = "HEAD"


def followers_of(followed: Iterable[Followed], pushes: Iterable[tuple[str, str]]) -> list[str]:
    """The names of those that may follow one of these repositories and references, in order."""
    named: dict[str, list[tuple[str, str]]] = {}
    for repository, reference in dict.fromkeys(pushes):  # many at once are asked of few each
        named.setdefault(_last(repository), []).append((repository, reference))
    return [
        one.name
        for one in followed
        if any(is_meant(one, *each) for each in named.get(_last(one.repository), ()))
    ]


def ask_for_looks(tx: Tx, names: Iterable[str]) -> None:
    """All are to be looked at now; one that is followed no more is passed over."""
    for name in sorted(names):  # in one order, so that two servers do not wait for each other
        try:
            ask_for_look(tx, name)
        except UnknownRepository:
            continue


def is_meant(followed: Followed, repository: str, reference: str) -> bool:
    """Whether it may be what is followed.

    A forge says ``shop/config`` of what its integration may read as ``scm/shop/config.git``, or as
    ``config.git`` where its endpoint ends with the rest. What branch ``HEAD`` is, it does not say.
    """
    ours, theirs = _parts(followed.repository), _parts(repository)
    count = min(len(ours), len(theirs))
    if not count or ours[-count:] != theirs[-count:]:
        return False
    branch = followed.branch
    return branch == _SERVERS_CHOICE or reference in {
        branch,
        f"refs/heads/{branch}",
        f"refs/tags/{branch}",
    }


def _last(repository: str) -> str:
    return (_parts(repository) or [""])[-1]


def _parts(repository: str) -> list[str]:
    return [one for one in repository.lower().removesuffix(".git").split("/") if one]
