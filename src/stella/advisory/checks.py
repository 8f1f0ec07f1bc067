"""What the doctor asks of the advisories: is there a snapshot, and is it fresh?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stella.advisory.snapshot import SUFFIX, open_snapshot
from stella.kernel import Outcome, Seen, StellaError, parse_time

_AGE_MAX = timedelta(days=7)


def snapshot_is_fresh(path: Path | None, now: datetime) -> list[Seen]:
    """There is a snapshot to match against, and it is not stale. path: None where none is set."""
    if path is None:
        fix = "stella advisory import FEED --into DIRECTORY, then set `advisories` to it"
        return [Seen(Outcome.UNKNOWN, "no snapshot is set: findings are unknown", fix)]
    into = path.parent if path.is_file() else path
    fix = f"stella advisory import FEED --into {into}"
    files = [path] if path.is_file() else sorted(path.glob(f"*{SUFFIX}"))
    if not files:
        return [Seen(Outcome.BLOCKED, f"no snapshot at {path}", fix)]
    ages = {file: datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) for file in files}
    oldest, newest = min(files, key=ages.__getitem__), max(ages.values())
    if len(files) > 1:
        detail = f"{len(files)} snapshots at {path}, and which one counts is not said"
        return [Seen(Outcome.BLOCKED, detail, f"rm {oldest}")]
    if now - newest > _AGE_MAX:
        detail = f"the snapshot is {(now - newest).days} days old"
        return [Seen(Outcome.BLOCKED, detail, fix)]
    return [
        _feeds_are_fresh(files[0], now) or Seen(Outcome.PASS, f"a snapshot of {newest:%Y-%m-%d}")
    ]


def _feeds_are_fresh(file: Path, now: datetime) -> Seen | None:
    """What is wrong with the snapshot or the feeds in it; None where nothing is."""
    into = file.parent
    try:
        with open_snapshot(file) as snapshot:
            stale = [one for one in snapshot.feeds() if now - parse_time(one.at) > _AGE_MAX]
    except StellaError as error:
        return Seen(Outcome.BLOCKED, str(error), f"stella advisory import FEED --into {into}")
    if not stale:
        return None
    names = ", ".join(f"{one.name} of {one.at[:10]}" for one in stale)
    words = " ".join(one.name for one in stale)
    fix = f"stella advisory sync {words} --store DIRECTORY --into {into}"
    return Seen(Outcome.BLOCKED, f"feeds in the snapshot are old: {names}", fix)
