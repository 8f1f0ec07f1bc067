"""What a support bundle tells of a server: what it is, how it is set, what it holds; no secret."""

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, func, inspect, make_url, select, table

from stella import __version__
from stella.api.services import Services
from stella.app.schema import head_revision, revision_of
from stella.app.settings import RegistrySetting, Settings
from stella.hub.errors import MalformedReference
from stella.hub.reference import parse_reference
from stella.hub.store import list_health, list_integrations, list_secrets
from stella.kernel import Json, StellaError
from stella.plugin.store import list_versions
from stella.record import Database
from stella.record.read import facts_before, head_position

_FACTS_MAX = 500
_FILES_MAX = 100_000
_HIDDEN = "***"


def told_of(settings: Settings, services: Services) -> dict[str, Json]:
    """File name -> what it tells, of a server whose parts are open."""
    database = services.database
    return {
        **told_here(settings, lambda: database),
        "integrations.json": _or_refusal(lambda: _integrations(database)),
        "secrets.json": _or_refusal(lambda: _secrets(database)),
        "plugins.json": _or_refusal(lambda: _plugins(services)),
    }


def told_here(settings: Settings, database: Callable[[], Database]) -> dict[str, Json]:
    """What can be told of a host whose server cannot be opened; what cannot is told as a refusal."""
    parts: Mapping[str, Callable[[], Json]] = {
        "about.json": _about,
        "settings.json": lambda: masked_settings(settings),
        "database.json": lambda: _database(database()),
        "facts.json": lambda: _facts(database()),
        "sizes.json": lambda: _sizes(settings.data),
    }
    return {name: _or_refusal(tell) for name, tell in parts.items()}


def masked_settings(settings: Settings) -> dict[str, Json]:
    """Every setting; of URLs no user or password, of credentials nothing but references."""
    told: dict[str, Json] = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        if one.name == "database_url":
            told[one.name] = _database_url(value)
        elif one.name == "registries":
            told[one.name] = {host: _registry(known) for host, known in value.items()}
        elif isinstance(value, tuple):
            told[one.name] = [_plain(str(item)) for item in value]
        else:
            told[one.name] = _plain(value) if isinstance(value, str) else value
    return told


def _registry(known: RegistrySetting) -> dict[str, Json]:
    return {
        "plain_http": known.plain_http,
        "username": _reference(known.username),
        "password": _reference(known.password),
        "ca_file": known.ca_file,
        "simulated_in": known.simulated_in,
    }


def _reference(text: str) -> str:
    """A reference as it is; anything else may be the secret itself."""
    try:
        return parse_reference(text).text if text else ""
    except MalformedReference:
        return _HIDDEN


def _plain(text: str) -> str:
    """A URL without its user."""
    if "://" not in text or "@" not in text:
        return text
    try:
        parts = urlsplit(text)
        return parts._replace(netloc=f"{_HIDDEN}@{parts.hostname or ''}", query="").geturl()
    except ValueError:
        return _HIDDEN


def _database_url(text: str) -> str:
    if not text:
        return ""
    try:
        url = make_url(text)
        place = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
        return place.render_as_string()
    except Exception:  # noqa: BLE001 - whatever it is, it may hold a password
        return _HIDDEN


def _or_refusal(tell: Callable[[], Json]) -> Json:
    try:
        return tell()
    except StellaError as refusal:
        return {"refused": str(refusal), "code": refusal.code}
    except Exception as error:  # noqa: BLE001 - a bundle is for when something is broken
        return {"broke": type(error).__name__}


def _about() -> dict[str, Json]:
    packages = {one.metadata["Name"]: one.version for one in distributions()}
    return {
        "stella": __version__,
        "python": sys.version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "user_id": os.geteuid(),
        "packages": dict(sorted(packages.items(), key=lambda one: one[0].lower())),
    }


def _database(database: Database) -> dict[str, Json]:
    with database.read() as tx:
        names = sorted(inspect(tx.connection).get_table_names())
        rows: dict[str, Json] = {}
        for name in names:
            count = tx.connection.execute(select(func.count()).select_from(table(name)))
            rows[name] = count.scalar_one()
        return {
            "dialect": tx.connection.dialect.name,
            "revision": revision_of(tx.connection),
            "brought": head_revision(),
            "head": head_position(tx),
            "rows": rows,
        }


def _facts(database: Database) -> list[Json]:
    """Which, about what and when; what they say is left out."""
    with database.read() as tx:
        return [
            {
                "position": one.position,
                "id": one.id,
                "kind": one.kind,
                "subject": one.subject,
                "actor": one.actor,
                "at": one.at,
            }
            for one in facts_before(tx, None, limit=_FACTS_MAX)
        ]


def _integrations(database: Database) -> list[Json]:
    with database.read() as tx:
        told: list[Json] = []
        for known in list_integrations(tx):
            health = next(iter(list_health(tx, known.integration.name, limit=1)), None)
            told.append(
                {
                    "name": known.integration.name,
                    "spec": known.integration.spec(),
                    "revision": known.revision,
                    "changedAt": known.changed_at,
                    "usedAt": known.used_at,
                    "outcome": health.outcome.value if health else None,
                    "detail": health.detail if health else None,
                }
            )
        return told


def _secrets(database: Database) -> list[Json]:
    with database.read() as tx:
        return [
            {
                "name": one.name,
                "version": one.version,
                "changedAt": one.changed_at,
                "keyId": one.key_id,
                "usedBy": list(one.used_by),
                "waiting": list(one.waiting),
            }
            for one in list_secrets(tx)
        ]


def _plugins(services: Services) -> dict[str, Json]:
    plugins = services.plugins
    with services.database.read() as tx:
        versions: list[Json] = [
            {"name": one.name, "version": one.version, "wheel": one.wheel}
            for one in list_versions(tx)
        ]
    return {
        "used": {name: one.version for name, one in plugins.loaded.items()},
        "refused": {one.name: list(one.reasons) for one in plugins.refused},
        "versions": versions,
    }


def _sizes(data: Path) -> dict[str, Json]:
    """Bytes and files of each thing in the data directory; of huge ones what was counted."""
    told: dict[str, Json] = {}
    for top in sorted(data.iterdir()):
        files = [top] if top.is_file() else [one for one in top.rglob("*") if one.is_file()]
        counted = files[:_FILES_MAX]
        told[top.name] = {
            "files": len(files),
            "bytes": sum(one.stat().st_size for one in counted),
        }
    return told
