"""The doctor on this host, whether a server runs on its data or not, and whether one could."""

from functools import cache
from pathlib import Path

from sqlalchemy import make_url

from stella.api.services import Services
from stella.app.doctoring.ground import Ground
from stella.app.doctoring.table import checks_on
from stella.app.settings import Settings
from stella.app.support import told_here, told_of
from stella.app.wiring import open_database, open_services, system_now
from stella.doctor import Check, examine
from stella.doctor.bundle import bundle
from stella.doctor.errors import NotLookedAt
from stella.kernel import Remedy, StellaError
from stella.record import Database
from stella.record.errors import unusable


def database_here(settings: Settings) -> Database:
    """The records, where there are any: a file of SQLite is not made by looking. Raises DatabaseUnusable."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise unusable(f"there is no file {url.database}", settings.database)
    return open_database(settings)


def checks_here(settings: Settings, opened: list[Services] | None = None) -> tuple[Check, ...]:
    """Of this host's data, whether a server runs on it or not, and whether one could.

    opened: takes the parts of the server, where they could be opened.
    """

    @cache
    def database() -> Database:
        return database_here(settings)

    @cache
    def services() -> Services:
        try:
            database()
            if not (settings.data / "keys").is_dir():  # opening would make others
                raise NotLookedAt("its keys are gone", remedy=Remedy("Put them back first."))
            made = open_services(settings)
            if opened is not None:
                opened.append(made)
        except StellaError as refusal:
            raise NotLookedAt(
                f"not looked at, for the server cannot be opened: {refusal}",
                remedy=Remedy("Mend that first; another check says how."),
            ) from refusal
        return made

    return checks_on(Ground(settings, database, services, False))


def bundle_here(settings: Settings) -> bytes:
    """A support bundle of this host's data; no log, for that is the running server's."""

    def masked(text: str) -> str:
        return opened[0].outside.masked(text) if opened else text

    opened: list[Services] = []
    checks = checks_here(settings, opened)
    findings = examine(checks)
    ground = told_here(settings, lambda: database_here(settings))
    told = told_of(settings, opened[0]) if opened else ground
    return bundle(told, findings, "", masked=masked, now=system_now())
