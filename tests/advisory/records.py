"""OSV records and feeds, made to measure."""

import json
from pathlib import Path
from typing import Any


def osv(
    name: str = "X-1",
    package: str = "foo",
    *events: dict[str, str],
    ecosystem: str = "PyPI",
    **changes: Any,
) -> dict[str, Any]:
    """A record of one package with one range of these events."""
    kind = changes.pop("kind", "ECOSYSTEM")
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": package}}
    if events:
        affected["ranges"] = [{"type": kind, "events": list(events)}]
    affected.update(changes.pop("affected", {}))
    return {"id": name, "modified": "2030-01-01T00:00:00Z", "affected": [affected], **changes}


def feed(directory: Path, *records: object, name: str = "feed.jsonl") -> Path:
    """The records as JSON lines; text stays as it is."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    path = directory / name
    path.write_text("\n".join(lines) + "\n")
    return path


FROM_0 = {"introduced": "0"}


def fixed(version: str) -> dict[str, str]:
    return {"fixed": version}


def introduced(version: str) -> dict[str, str]:
    return {"introduced": version}


def last(version: str) -> dict[str, str]:
    return {"last_affected": version}
