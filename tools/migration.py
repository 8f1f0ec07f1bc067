"""Write the next migration: what the tables of the rooms have that the migrations have not.

python tools/migration.py 0002 "add waivers"
python tools/migration.py --first            # write the first one anew, before any release
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from stella.app.schema import alembic_config, migrate
from stella.record.database import open_engine

FOLDER = Path(__file__).resolve().parent.parent / "src" / "stella" / "app" / "migrations"


def write(revision: str, message: str) -> Path:
    """Compare an empty database, migrated, with the tables, and write the difference."""
    with tempfile.TemporaryDirectory() as directory:
        engine = open_engine(f"sqlite:///{directory}/empty.db")
        if any((FOLDER / "versions").glob("m*.py")):
            migrate(engine)
        with engine.begin() as connection:
            config = alembic_config()
            config.attributes["connection"] = connection
            made = command.revision(config, message, autogenerate=True, rev_id=revision)
        engine.dispose()
    assert made is not None
    assert not isinstance(made, list)
    path = Path(made.path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "Alembic" not in line))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(path)], check=True)
    return path


def main() -> None:
    """Write one migration and print its path."""
    if sys.argv[1:] == ["--first"]:
        for path in (FOLDER / "versions").glob("m*.py"):
            path.unlink()
        print(write("0001", "First tables"))
        return
    revision, message = sys.argv[1:]
    print(write(revision, message))


if __name__ == "__main__":
    main()
