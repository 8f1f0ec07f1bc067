"""By which addresses somebody commits: an address is one user's, as an administrator or a provider says."""

import re
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from stella.identity.errors import AddressTaken, MalformedUser
from stella.identity.facts import AddressAdded, AddressRemoved
from stella.identity.store import user_address
from stella.identity.users import user_of
from stella.kernel import Remedy, time_text
from stella.kernel.names import address_digest
from stella.record import Tx
from stella.record.parts import in_parts

_ADDRESS = re.compile(r"[!-?A-~]{1,120}@[!-?A-~]{1,120}\Z")
_ADDRESSES_MAX = 50
"""Of one user."""


def plain_address(text: str) -> str:
    """One text for each spelling of an address: mail tells upper from lower case nowhere that matters."""
    return text.strip().lower()


def add_address(tx: Tx, user: str, text: str) -> None:
    """Commits with this address are that user's; twice is once.

    Raises NoSuchUser, MalformedUser, AddressTaken.
    """
    found, address = user_of(tx, user), plain_address(text)
    if not _ADDRESS.match(address):
        raise MalformedUser(
            f"{text[:60]!r} is no address",
            remedy=Remedy("Give it as commits have it: ada@example.com."),
        )
    if len(addresses_of(tx, [found.id]).get(found.id, ())) >= _ADDRESSES_MAX:
        raise MalformedUser(
            f"a user has at most {_ADDRESSES_MAX} addresses",
            remedy=Remedy("Remove those that no commit has."),
        )
    owner = users_by_address(tx, [address]).get(address)
    if owner is None and _insert(tx, found.id, address):
        return
    if (owner or users_by_address(tx, [address]).get(address)) != found.id:
        raise AddressTaken(
            f"{address} is another user's",
            remedy=Remedy("Remove it there first.", command="stella user address remove USER"),
        )


def note_address(tx: Tx, user: str, text: str) -> None:
    """A provider has verified that the address is theirs; one that is somebody's stays that one's."""
    address = plain_address(text)
    known = addresses_of(tx, [user]).get(user, ())
    if (
        address not in known
        and len(known) < _ADDRESSES_MAX
        and _ADDRESS.match(address)
        and not users_by_address(tx, [address])
    ):
        _insert(tx, user, address)


def remove_address(tx: Tx, user: str, text: str) -> None:
    """It is nobody's any more; twice is once. Raises NoSuchUser."""
    found, address = user_of(tx, user), plain_address(text)
    gone = tx.connection.execute(
        delete(user_address).where(
            user_address.c.tenant == tx.tenant,
            user_address.c.address == address,
            user_address.c.user == found.id,
        )
    )
    if gone.rowcount:
        tx.add(AddressRemoved(address_digest(address), found.id))


def addresses_of(tx: Tx, users: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """User -> their addresses, in their order; who has none is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for part in in_parts(sorted(set(users))):
        query = select(user_address).where(
            user_address.c.tenant == tx.tenant, user_address.c.user.in_(part)
        )
        for row in tx.rows(query.order_by(user_address.c.address)):
            found[row["user"]] = (*found.get(row["user"], ()), row["address"])
    return found


def users_by_address(tx: Tx, addresses: Iterable[str]) -> dict[str, str]:
    """Address, as ``plain_address`` has it -> whose it is; nobody's are left out."""
    found: dict[str, str] = {}
    for part in in_parts(sorted(set(addresses))):
        query = select(user_address).where(
            user_address.c.tenant == tx.tenant, user_address.c.address.in_(part)
        )
        found |= {row["address"]: row["user"] for row in tx.rows(query)}
    return found


def _insert(tx: Tx, user: str, address: str) -> bool:
    """Whether it is theirs now; somebody else may have been given it at this moment."""
    values = {"tenant": tx.tenant, "address": address, "user": user, "at": time_text(tx.now)}
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(user_address.insert(), values)
    except IntegrityError:
        return False
    tx.add(AddressAdded(address_digest(address), user))
    return True
