"""Releases of the most ordinary kind, on which every policy is tried when it is loaded."""

from typing import Any

from stella.kernel import Json
from stella.policy.evaluate import gate_input

_IMAGE = "sha256:" + "a" * 64


def _finding(number: int, match: str, severity: str, fixed: str, *, kev: bool) -> dict[str, Any]:
    return {
        "id": f"SAMPLE-{number}",
        "aliases": [f"CVE-2030-{1000 + number}"] if number % 2 else [],
        "purl": f"pkg:pypi/sample{number}@1.0",
        "component": f"sample{number}",
        "version": "1.0",
        "match": match,
        "severity": severity,
        "cvss": "",
        "fixed": fixed,
        "kev": kev,
        "vex": "none",
        "reach": "unknown",
        "seen": "no_sensor",
        "epssPermille": None,
        "summary": "a sample",
        "note": "headers only" if number == 1 else "",
        "why": {
            "package": f"sample{number} 1.0",
            "paths": [f"/usr/lib/sample{number}"] if number % 2 else [],
            "layer": _IMAGE if number % 2 else "",
            "layerIndex": 1 if number % 2 else None,
            "advisory": f"SAMPLE-{number}",
            "range": "< 2",
            "compared": "PyPI 1.0",
        },
    }


_DOCUMENT = {
    "schema": 1,
    "image": _IMAGE,
    "snapshot": _IMAGE,
    "findings": [
        _finding(1, "affected", "critical", "2.0", kev=True),
        _finding(2, "affected", "high", "", kev=False),
        _finding(3, "affected", "unknown", "", kev=False),
        _finding(4, "unknown_version", "critical", "", kev=True),
        _finding(5, "affected", "none", "2.0", kev=False),
    ],
    "unmatched": {"rpm": 3},
    "feeds": {"sample": "2029-12-31T00:00:00.000000Z"},
}


def _scan(state: str, document: Any) -> dict[str, Any]:
    digest = _IMAGE if document else None
    return {
        "platform": "linux/amd64",
        "digest": _IMAGE,
        "state": state,
        "at": "2030-01-01T00:00:00.000000Z" if document else None,
        "snapshot": digest,
        "sbom": digest,
        "findings": digest,
        "document": document,
        **(_SAID if document else {}),
    }


_SAID: dict[str, Any] = {
    "lifetime": {"distro": "debian-12", "until": "2028-06-30", "source": "a sample"},
    "image": {
        "user": {"name": "", "uid": 0, "root": "yes", "reason": ""},
        "privileged": [
            {
                "path": "/usr/bin/su",
                "mode": "4755",
                "uid": 0,
                "gid": 0,
                "capabilities": [],
                "package": "pkg:deb/debian/util-linux@2.38",
                "layer": _IMAGE,
                "layerIndex": 0,
            }
        ],
        "secrets": [
            {
                "rule": "private-key",
                "where": "file",
                "path": "/app/key.pem",
                "line": 1,
                "layer": _IMAGE,
                "layerIndex": 1,
                "deleted": True,
            }
        ],
        "entry": None,
        "base": None,
        "provenance": [],
        "provenanceUnknown": "",
        "layers": [_IMAGE],
        "distro": "debian-12",
    },
    "licences": {
        "stated": [
            {"text": "", "anyOf": [], "unlisted": [], "count": 3, "packages": ["sample1 1.0"]},
            {
                "text": "MIT OR GPLv2+",
                "anyOf": [["GPLv2+"], ["MIT"]],
                "unlisted": ["GPLv2+"],
                "count": 1,
                "packages": ["sample2 1.0"],
            },
        ],
        "more": 0,
    },
    "partial": {"count": 1, "examples": [{"path": "/var/lib/rpm/Packages", "reason": "broken"}]},
    "tests": {
        "results": [
            {
                "id": "tst_sample",
                "image": _IMAGE,
                "document": _IMAGE,
                "at": "2030-01-01T00:00:00.000000Z",
                "by": {"id": "system", "name": "system", "roles": []},
                "source": "attached",
                "signer": "ci",
                "key": "a key",
                "isSigned": True,
                "result": "FAILED",
                "suites": ["unit"],
                "passed": 1,
                "warned": 0,
                "failed": 1,
                "failedTests": ["unit: a.test"],
                "url": "",
            }
        ],
        "more": 0,
    },
    "fixes": {"SAMPLE-1": {"pkg:pypi/sample1@1.0": "2029-12-01T00:00:00.000000Z"}},
}


def _component(name: str, *scans: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "reference": f"registry.example/{name}:1",
        "digest": _IMAGE,
        "scans": list(scans),
    }


def _sample(*components: dict[str, Any]) -> Json:
    return gate_input(
        environment="sample",
        release={"id": "rel_sample", "name": "sample", "version": "1", "digest": _IMAGE},
        components=components,
        parameters={},
        now="2030-01-01T00:00:00.000000Z",
    )


SAMPLES: tuple[Json, ...] = (
    _sample(),
    _sample(
        _component("web", _scan("done", _DOCUMENT)),
        _component("worker", _scan("failed", None)),
        _component("empty"),
    ),
)
