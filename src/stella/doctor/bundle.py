"""A support bundle: a tar of plain files, the first of them a list of all others. No secret is in it."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from stella.doctor.model import Finding
from stella.kernel import Json, time_text

MANIFEST = "manifest.json"
FORMAT = "stella-support/1"
_LEFT_OUT = (
    "secrets and keys, in whatever form",
    "what facts say: of each only which, about what, by whom and when",
    "variables of the environment",
    "packets, plans, logs of deployments and all other kept bytes",
)


def bundle(
    told: Mapping[str, Json],
    findings: Sequence[Finding],
    log: str,
    *,
    masked: Callable[[str], str],
    now: datetime,
) -> bytes:
    """The tar. told: file name -> JSON. masked: text without any secret that was read.

    The same in gives the same out: no file has a time, an owner or a chance order.
    """
    texts = {name: _json(value) for name, value in told.items()}
    texts["doctor.json"] = _json([asdict(one) for one in findings])
    texts["log.txt"] = log
    files = {name: masked(text).encode() for name, text in sorted(texts.items())}
    manifest = _json(
        {
            "format": FORMAT,
            "madeAt": time_text(now),
            "leftOut": list(_LEFT_OUT),
            "files": [
                {
                    "name": name,
                    "size": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
                for name, content in files.items()
            ],
        }
    )
    return _tar({MANIFEST: manifest.encode(), **files})


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


def _tar(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"stella-support/{name}")
            info.size, info.mode = len(content), 0o600
            archive.addfile(info, io.BytesIO(content))
    return written.getvalue()
