"""What the base install leaves out: a server's command says which extra brings it."""

from importlib.util import find_spec

from stella.cli.errors import ServerPartMissing
from stella.kernel import Remedy

# What `stella-ops[server]` adds, by the names that are imported; a test compares it with pyproject.
SERVER_PACKAGES = frozenset(
    {
        "alembic",
        "argon2",
        "cel_expr_python",
        "cronsim",
        "dbos",
        "fastapi",
        "httptools",
        "joserfc",
        "paramiko",
        "psycopg",
        "sqlalchemy",
        "sse_starlette",
        "uvicorn",
    }
)


def explained(missing: ModuleNotFoundError) -> ServerPartMissing | None:
    """The refusal behind an import that failed; None where it is not of the server's packages."""
    package = (missing.name or "").partition(".")[0]
    return _refusal(package) if package in SERVER_PACKAGES else None


def need_server_part() -> None:
    """Refuse now what would otherwise fail in the middle. Raises ServerPartMissing."""
    for package in sorted(SERVER_PACKAGES):
        if find_spec(package) is None:
            raise _refusal(package)


def _refusal(package: str) -> ServerPartMissing:
    return ServerPartMissing(
        f"this command needs the server's packages, and {package} is not installed",
        remedy=Remedy("Install them beside it.", command="pip install 'stella-ops[server]'"),
        package=package,
    )
