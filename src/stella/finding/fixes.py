"""Since when do we know that there is a fix? No feed says when a fix came out, so it is noted here.

Of a vulnerability and a package, whatever their versions: the time of the scan, or of the match against
newer advisories, that told of a fix first. It is never forgotten, so that a fix that is taken back and
named again, or another version of it, is no younger.
"""

from collections.abc import Iterable

from sqlalchemy import Column, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from stella.kernel import digest_of, time_text
from stella.record.parts import in_parts
from stella.record.tables import metadata
from stella.record.transaction import Tx

fix_told = Table(
    "fix_told",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("fix", String(64), primary_key=True),
    Column("at", String(27), nullable=False),
)
"""fix: of which vulnerability in which package, hashed. at: "" for what was told before there was this."""

Named = tuple[str, str]
"""A vulnerability's id, and the purl of a package that has it and a fix."""


def note_fixes(tx: Tx, named: Iterable[Named]) -> None:
    """These have a fix: those that nobody told of before have it from now on."""
    told = {_fix(*one) for one in named}
    rows = [
        {"tenant": tx.tenant, "fix": one, "at": time_text(tx.now)}
        for one in sorted(told - _known(tx, told).keys())
    ]
    if rows:
        is_postgres = tx.connection.dialect.name == "postgresql"
        insert = (postgresql if is_postgres else sqlite).insert(fix_told)
        # Two scans may tell of the same fix at once: the first one counts.
        tx.connection.execute(insert.on_conflict_do_nothing(), rows)


def fixes_since(tx: Tx, named: Iterable[Named]) -> dict[Named, str]:
    """Since when a fix is known, RFC 3339; what nobody noted is left out."""
    fixes = {one: _fix(*one) for one in named}
    known = _known(tx, fixes.values())
    return {one: known[fix] for one, fix in fixes.items() if known.get(fix)}


def package_of(purl: str) -> str:
    """The package whatever its version: of its qualifiers the distribution alone is kept."""
    plain, _, qualifiers = purl.partition("#")[0].partition("?")
    path, _, name = plain.rpartition("/")
    named = f"{path}/{name.partition('@')[0]}"
    distros = sorted(one for one in qualifiers.split("&") if one.startswith("distro="))
    return "?".join([named, *distros[:1]])


def _fix(vulnerability: str, purl: str) -> str:
    return digest_of([vulnerability, package_of(purl)]).hex


def _known(tx: Tx, fixes: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in in_parts(fixes):
        query = select(fix_told.c.fix, fix_told.c.at).where(
            fix_told.c.tenant == tx.tenant, fix_told.c.fix.in_(part)
        )
        found |= {str(row["fix"]): str(row["at"]) for row in tx.rows(query)}
    return found
