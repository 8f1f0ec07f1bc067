"""``stella advisory sync``, ``list``, ``freeze``: feeds to observations to snapshots."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stella.advisory import SUFFIX
from stella.advisory.known_feeds import KNOWN_FEEDS
from stella.advisory.observation import FeedState, Observations, Progress, sync_feed
from stella.cli.advisory_feeds import Access, chosen_feeds, open_feed, read_ca
from stella.cli.errors import SyncNotWhole
from stella.cli.output import say
from stella.cli.written import checked_output, write
from stella.kernel import Remedy, StellaError, parse_time, time_text

_MIB = 1 << 20
_TOLD_EVERY_S = 2.0

Store = Annotated[Path, typer.Option(help="Directory of the observations.")]
Output = Annotated[str, typer.Option("-o", "--output", help="table|json|name")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
_FORMATS = ("table", "json", "name")


def sync(
    names: Annotated[
        list[str] | None, typer.Argument(help="Feeds by name; all of --feeds where none is given.")
    ] = None,
    *,
    store: Store,
    into: Annotated[
        Path | None, typer.Option(help="Also put the snapshot into this directory, alone.")
    ] = None,
    feeds: Annotated[Path | None, typer.Option(help="YAML file of feeds of your own.")] = None,
    mirror: Annotated[str, typer.Option(help="URL that has a folder for each feed.")] = "",
    proxy: Annotated[str | None, typer.Option(help="URL of the proxy.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM of an own authority.")] = None,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    rate_kib: Annotated[int, typer.Option(min=0, help="KiB a second at most; 0: no limit.")] = 0,
    may_shrink: Annotated[
        bool,
        typer.Option(help="Also where a feed or a document lost more than half of its content."),
    ] = False,
) -> None:
    """Bring feeds up to date: only what changed, each feed wholly or not at all.

    What an earlier sync brought before it broke off is not brought again.
    """
    access = Access(mirror, proxy, read_ca(ca_file), plain_http)
    failed: list[str] = []
    with Observations(store) as opened:
        for name, one in chosen_feeds(names or [], feeds).items():
            try:
                feed = open_feed(name, one, access)
                done = sync_feed(
                    opened,
                    name,
                    feed,
                    now=time_text(datetime.now(UTC)),
                    tell=_teller(rate_kib),
                    may_shrink=may_shrink,
                )
                changes = f"{len(done.changed)} changed, {len(done.removed)} removed"
                say(f"{name}: {changes}, {opened.feed(name).items} items")
            except StellaError as error:
                failed.append(name)
                say(f"{name}: {error}")
        if into is not None and opened.generation:
            write(f"{frozen_alone(opened, into)}\n", None)
    if failed:
        raise SyncNotWhole(
            f"not synced: {', '.join(failed)}; what was known of them stays",
            remedy=Remedy("Try again; what was brought whole is not brought again."),
            feeds=failed,
        )


def list_(
    feed: Annotated[str, typer.Argument(help="Show every revision of this one.")] = "",
    *,
    store: Store,
    output: Output = "table",
    to: To = None,
) -> None:
    """List the feeds with their age, or the revisions of one."""
    checked_output(output, _FORMATS)
    now = datetime.now(UTC)
    with Observations(store) as opened:
        if feed:
            history = opened.history(feed)
            rows = [asdict(one) for one in history]
            lines = [
                f"{one.document}  revision {one.revision}  sha256:{one.digest}  {one.size} bytes"
                f"  {one.items} items  {one.fetched_at}"
                for one in history
            ]
        else:
            states = opened.feeds()
            rows = [{**asdict(one), "ageHours": _age_hours(one, now)} for one in states]
            lines = [
                f"{one.name:<16} {one.documents:>6} documents {one.items:>8} items"
                f"  {_age_hours(one, now)} h old ({one.checked_at})"
                for one in states
            ]
    if output == "json":
        plain = [{key: value for key, value in row.items() if key != "cursor"} for row in rows]
        write(json.dumps(plain, indent=2) + "\n", to)
    elif output == "name":
        key = "digest" if feed else "name"
        write("".join(f"{row[key]}\n" for row in rows), to)
    else:
        write("".join(f"{line}\n" for line in lines), to)


def feeds_(output: Output = "table", to: To = None) -> None:
    """List the feeds that `sync` knows by name, and where they come from."""
    checked_output(output, _FORMATS)
    if output == "json":
        rows = [
            {
                "name": name,
                "about": one.about,
                "endpoint": one.endpoint,
                "documents": len(one.documents),
            }
            for name, one in KNOWN_FEEDS.items()
        ]
        write(json.dumps(rows, indent=2) + "\n", to)
    elif output == "name":
        write("".join(f"{name}\n" for name in KNOWN_FEEDS), to)
    else:
        lines = [f"{name:<14} {one.about:<40} {one.endpoint}" for name, one in KNOWN_FEEDS.items()]
        write("".join(f"{line}\n" for line in lines), to)


def freeze(
    *,
    store: Store,
    into: Annotated[Path, typer.Option(help="Directory that the snapshot is put into.")],
    generation: Annotated[
        int | None, typer.Option(help="Of an earlier time; the newest where none is given.")
    ] = None,
    to: To = None,
) -> None:
    """Make the snapshot of what was observed: the same bytes each time."""
    with Observations(store) as opened:
        made = opened.freeze(into, generation)
    for example in made.examples:
        say(f"skipped {example.where}: {example.reason}")
    write(f"{made.path}\n", to)


def prune(
    *,
    store: Store,
    keep: Annotated[
        int, typer.Option(min=1, help="How many generations a snapshot can still be made of.")
    ] = 30,
) -> None:
    """Forget revisions that count no more; what counts now stays."""
    with Observations(store) as opened:
        revisions, freed = opened.prune(keep)
    write(f"{revisions} revisions, {freed / _MIB:.1f} MiB\n", None)


def frozen_alone(store: Observations, into: Path) -> Path:
    """The snapshot of what counts now, the only one in its directory: what a server is pointed at."""
    made = store.freeze(into)
    for path in sorted(into.glob(f"*{SUFFIX}")):
        if path != made.path:
            path.unlink()
            say(f"removed {path.name}, which is older")
    return made.path


def _age_hours(state: FeedState, now: datetime) -> int:
    return int((now - parse_time(state.checked_at)).total_seconds()) // 3600


def _teller(rate_kib: int) -> Callable[[Progress], None]:
    """Says what is brought, now and then; waits where it comes faster than is wished."""
    begun = said_at = time.monotonic()
    total, last = 0, (0, "")

    def tell(progress: Progress) -> None:
        nonlocal said_at, total, last
        before = last[0] if last[1] == progress.document else 0
        if not progress.is_kept:
            total += progress.received - before
        last = (progress.received, progress.document)
        now = time.monotonic()
        if progress.is_whole or now - said_at > _TOLD_EVERY_S:
            said_at = now
            kept = ", brought before" if progress.is_kept else ""
            size = f"{progress.received / _MIB:.1f} MiB"
            say(f"{progress.feed}/{progress.document}: {size}{kept}")
        if rate_kib:
            ahead = total / (rate_kib * 1024) - (now - begun)
            time.sleep(max(0.0, ahead))

    return tell
