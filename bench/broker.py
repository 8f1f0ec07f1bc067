"""What a secret costs at its use: kept, read from the built-in store, and asked for by a thousand."""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.row import Row
from stella.app.schema import migrate
from stella.app.settings import Settings
from stella.app.wiring import open_services
from stella.hub.broker import Broker
from stella.hub.reference import Reference, parse_reference
from stella.hub.secrets import opened_secret, sealed_value, store_secret
from stella.hub.store import sealed_secret
from stella.plugin.contract.secret_store import Secret

_TIMES = 20_000
_ASKING = 1000
_NAME = "registry-password"


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as directory:
        services = open_services(Settings(data_directory=str(Path(directory) / "server")))
        migrate(services.database.engine)
        ring = services.outside.keys()
        with services.database.transaction(actor="system") as tx:
            store_secret(tx, _NAME, sealed_value(ring, _NAME, "a secret", os.urandom))

        def read(reference: Reference) -> Secret:
            with services.database.read() as tx:
                version, envelope = sealed_secret(tx, reference.path)
            return opened_secret(services.outside.keys(), reference.path, version, envelope)

        broker = Broker(read, now=lambda: datetime.now(UTC), seen=lambda _: None)
        reference = parse_reference(f"secret://{_NAME}")
        Row(
            "a secret, kept by the broker",
            "ms",
            _p95_ms(lambda: broker.secret(reference), _TIMES),
            goal=1,
            note=f"95th percentile of {_TIMES}",
        ).print()
        Row(
            "a secret of the built-in store, read anew",
            "ms",
            _p95_ms(lambda: read(reference), _TIMES // 10),
            note=f"95th percentile of {_TIMES // 10}; keys from the disk, row, two decryptions",
        ).print()
        services.database.close()
    _ask_at_once()


def _ask_at_once() -> None:
    asked: list[Reference] = []

    def read(reference: Reference) -> Secret:
        asked.append(reference)
        time.sleep(0.05)  # a store that is far away
        return Secret("a secret")

    broker = Broker(read, now=lambda: datetime.now(UTC), seen=lambda _: None)
    reference = parse_reference("vault://main/kv/database#password")
    start = threading.Event()

    def ask() -> None:
        start.wait()
        broker.secret(reference)

    threads = [threading.Thread(target=ask) for _ in range(_ASKING)]
    for thread in threads:
        thread.start()
    start.set()
    for thread in threads:
        thread.join()
    note = f"{_ASKING} threads, a store that takes 50 ms"
    Row(
        "calls of the store for a thousand who ask at once", "", len(asked), goal=1, note=note
    ).print()


def _p95_ms(action: Callable[[], object], times: int) -> float:
    action()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        action()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.quantiles(taken, n=100)[94]


if __name__ == "__main__":
    main()
