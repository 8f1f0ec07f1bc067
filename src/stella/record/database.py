"""Opens SQLite or PostgreSQL so that a transaction means the same on both."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from stella.kernel import NewId, Now, Remedy
from stella.record.bell import Bell
from stella.record.errors import UnknownDatabase, unusable
from stella.record.tables import metadata
from stella.record.transaction import Tx

_WRITES = "stella_writes"
_BUSY_TIMEOUT_MS = 30_000
_POOL_SIZE = 16


class Database:
    """One database of records. ``bell`` rings after each commit that stored a fact.

    handled: the kinds of facts that have a handler; only those are queued for the dispatcher.
    """

    def __init__(
        self, engine: Engine, *, now: Now, new_id: NewId, handled: frozenset[str] = frozenset()
    ) -> None:
        self.engine = engine
        self.bell = Bell()
        self.now = now
        self.new_id = new_id
        self.handled = handled
        # One writer at a time is SQLite's rule; waiting here is fair and does not poll.
        self._writer = Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @classmethod
    def open(
        cls, url: str, *, now: Now, new_id: NewId, handled: frozenset[str] = frozenset()
    ) -> "Database":
        """The database at a SQLAlchemy URL: ``sqlite:///PATH`` or ``postgresql+psycopg://...``.

        Raises UnknownDatabase for anything else. Nothing is connected yet.
        """
        return cls(open_engine(url), now=now, new_id=new_id, handled=handled)

    @property
    def url(self) -> str:
        """Where it is, without the password."""
        return self.engine.url.render_as_string(hide_password=True)

    def create_tables(self) -> None:
        """Every table of every imported room, as they are now; migrations do it for servers."""
        with self._begin(writes=True) as connection:
            metadata.create_all(connection)

    @contextmanager
    def transaction(
        self, *, actor: str, cause: str | None = None, tenant: str = "default"
    ) -> Iterator[Tx]:
        """A unit of work that may write. Commits at the end, rolls back on any exception.

        On SQLite it owns the file from its first moment: a transaction that begins at its first
        write would decide on what another one is changing, and lose that silently.
        """
        with self._writer, self._begin(writes=True) as connection:
            tx = self._tx(connection, actor, cause, tenant)
            yield tx
        if tx.added:
            self.bell.ring({fact.kind for fact in tx.added})

    @contextmanager
    def read(self, tenant: str = "default") -> Iterator[Tx]:
        """One consistent view; it must not write."""
        with self._begin(writes=False) as connection:
            yield self._tx(connection, "system", None, tenant)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    def _tx(self, connection: Connection, actor: str, cause: str | None, tenant: str) -> Tx:
        return Tx(connection, self.now(), actor, cause, tenant, self.new_id, self.handled)

    @contextmanager
    def _begin(self, *, writes: bool) -> Iterator[Connection]:
        try:
            unbegun = self.engine.connect().execution_options(**{_WRITES: writes})
            with unbegun as connection, connection.begin():
                yield connection
        except OperationalError as error:
            raise unusable(str(error.orig), self.url) from error


def open_engine(url: str) -> Engine:
    """An engine whose transactions begin when they say so, on SQLite too."""
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begun)
    return engine


def open_workflow_engine(url: str, *, is_over: Callable[[], bool] = lambda: False) -> Engine:
    """An engine for the durable workflows beside the records.

    On SQLite it keeps the driver's habit of beginning at the first write, which is what the
    workflow library is written for: it never reads in order to write.
    is_over: whether nothing is to be waited for any more.
    """
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_pragmas)

        def wait_for_space(context: ExceptionContext) -> Exception | None:
            """A full disk reads like a locked database, for which the workflow library waits.

            Any other trouble ends the run without a trace: nobody could go on with it before the
            next start. PostgreSQL's full disk is waited for already.
            """
            if "full" not in str(context.original_exception) or is_over():
                return None
            locked = OSError("database is locked, for the disk under it is full")
            return OperationalError(context.statement, None, locked)

        event.listen(engine, "handle_error", wait_for_space, retval=True)
    return engine


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    kind = parsed.get_backend_name() if parsed is not None else ""
    if parsed is None or kind not in {"sqlite", "postgresql"}:
        raise UnknownDatabase(
            "not a database URL that can be used",
            remedy=Remedy("Use sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME."),
        )
    options: dict[str, Any] = {"pool_size": _POOL_SIZE, "max_overflow": _POOL_SIZE}
    if kind == "sqlite":
        options["connect_args"] = {"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000}
    else:
        options["pool_pre_ping"] = True
    return create_engine(parsed, **options)


def _sqlite_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _sqlite_connected(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    _sqlite_pragmas(connection, record)


def _sqlite_begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
