"""What the doctor asks of the advisories: is there a snapshot, and is it fresh?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stella.advisory.snapshot import SUFFIX
from stella.kernel import Outcome, Seen

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
    return [Seen(Outcome.PASS, f"a snapshot of {newest:%Y-%m-%d}")]
