"""What the doctor asks of the advisories: is there a snapshot, and is it fresh?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stella.kernel import Outcome, Seen

_AGE_MAX = timedelta(days=7)


def snapshot_is_fresh(path: Path | None, now: datetime) -> list[Seen]:
    """There is a snapshot to match against, and it is not stale. path: None where none is set."""
    if path is None:
        fix = "stella advisory import FEED --into DIRECTORY, then set `advisories` to it"
        return [Seen(Outcome.UNKNOWN, "no snapshot is set: findings are unknown", fix)]
    fix = f"stella advisory import FEED --into {path}"
    files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    if not files:
        return [Seen(Outcome.BLOCKED, f"no snapshot at {path}", fix)]
    newest = max(datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) for file in files)
    if now - newest > _AGE_MAX:
        detail = f"the snapshot is {(now - newest).days} days old"
        return [Seen(Outcome.BLOCKED, detail, fix)]
    return [Seen(Outcome.PASS, f"a snapshot of {newest:%Y-%m-%d}")]
