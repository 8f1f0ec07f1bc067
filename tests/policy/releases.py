"""Gate inputs, made to measure."""

from typing import Any

from stella.kernel import Json
from stella.policy import gate_input

IMAGE = "sha256:" + "a" * 64


def finding(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"X-{number}",
        "aliases": [f"CVE-2030-{number}"],
        "purl": f"pkg:pypi/foo{number}@1.0",
        "component": f"foo{number}",
        "version": "1.0",
        "match": "affected",
        "severity": "high",
        "cvss": "",
        "fixed": "2.0",
        "kev": False,
        "vex": "none",
        "reach": "unknown",
        "seen": "no_sensor",
        "epssPermille": None,
        "summary": "a summary",
        "note": "",
        "why": {
            "package": f"foo{number} 1.0",
            "paths": [f"/usr/lib/foo{number}"],
            "layer": IMAGE,
            "layerIndex": 2,
            "advisory": f"X-{number}",
            "range": "< 2.0",
            "compared": "PyPI 1.0",
        },
        **changes,
    }


def document(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "image": IMAGE,
        "snapshot": IMAGE,
        "findings": list(findings),
        "unmatched": {},
        **changes,
    }


def release(*documents: dict[str, Any] | None, **parameters: Json) -> Json:
    """A release of a component for each document; None: one that was not scanned."""
    components = [
        {
            "name": f"c{number}",
            "reference": f"registry.example/c{number}:1",
            "digest": IMAGE,
            "scans": [
                {
                    "platform": "linux/amd64",
                    "digest": IMAGE,
                    "state": "done" if one else "failed",
                    "at": None,
                    "snapshot": None,
                    "sbom": None,
                    "findings": None,
                    "document": one,
                }
            ],
        }
        for number, one in enumerate(documents, 1)
    ]
    return gate_input(
        environment="stage",
        release={"id": "rel_1", "name": "shop", "version": "1", "digest": IMAGE},
        components=components,
        parameters=parameters,
        now="2030-01-01T00:00:00.000000Z",
    )
