"""Who committed what lies between two commits of a repository, as values. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from stella.kernel import Digest, digest_of


@dataclass(frozen=True, slots=True, order=True)
class Between:
    """Two commits of one repository, an address: what ``head`` has and ``base`` has not."""

    repository: str
    base: str
    head: str

    @property
    def digest(self) -> str:
        """By which it is found."""
        return digest_of({**asdict(self)}).text


@dataclass(frozen=True, slots=True)
class Author:
    """address, name: as the commits say. commits: how many."""

    address: str
    name: str
    commits: int


def record_digest(what: Between, authors: Iterable[Author]) -> Digest:
    """Of everything that a record says; its fact tells it."""
    return digest_of({**asdict(what), "authors": [asdict(one) for one in authors]})
