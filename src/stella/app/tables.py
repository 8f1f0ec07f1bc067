"""Every table of every room: importing this makes ``metadata`` whole."""

import stella.api.idempotency
import stella.identity.store
from stella.record import metadata

STORES = (stella.identity.store, stella.api.idempotency)

__all__ = ["STORES", "metadata"]
