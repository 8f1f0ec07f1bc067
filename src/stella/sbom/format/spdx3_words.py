"""Words that CycloneDX and SPDX 3 have for the same, and the ids of elements.

Sources: CycloneDX 1.7 (component.type, hash.alg, externalReference.type); SPDX 3.0.1 (SoftwarePurpose,
HashAlgorithm, ExternalRefType). What has no word of its own becomes "other", and is carried.
"""

import re
from typing import Any
from urllib.parse import quote, unquote

NO_TIME = "1970-01-01T00:00:00Z"
"""SPDX demands a time where CycloneDX may have none; an invented one would differ each time."""
NONE_ELEMENT = "https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"

PURPOSES = {
    "application": "application",
    "container": "container",
    "data": "data",
    "device": "device",
    "device-driver": "deviceDriver",
    "file": "file",
    "firmware": "firmware",
    "framework": "framework",
    "library": "library",
    "machine-learning-model": "model",
    "operating-system": "operatingSystem",
    "platform": "platform",
    "cryptographic-asset": "other",
}
TYPES = {purpose: kind for kind, purpose in PURPOSES.items()} | {"other": "library"}
ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA3-256": "sha3_256",
    "SHA3-384": "sha3_384",
    "SHA3-512": "sha3_512",
    "BLAKE2b-256": "blake2b256",
    "BLAKE2b-384": "blake2b384",
    "BLAKE2b-512": "blake2b512",
    "BLAKE3": "blake3",
}
HASHES = {spdx: kind for kind, spdx in ALGORITHMS.items()}
REFERENCES = {
    "vcs": "vcs",
    "issue-tracker": "issueTracker",
    "advisories": "securityAdvisory",
    "mailing-list": "mailingList",
    "social": "socialMedia",
    "chat": "chat",
    "documentation": "documentation",
    "support": "support",
    "distribution": "binaryArtifact",
    "source-distribution": "sourceArtifact",
    "license": "license",
    "build-meta": "buildMeta",
    "build-system": "buildSystem",
    "release-notes": "releaseNotes",
    "website": "altWebPage",
    "vulnerability-assertion": "vulnerabilityDisclosureReport",
    "exploitability-statement": "vulnerabilityExploitabilityAssessment",
    "threat-model": "securityThreatModel",
    "pentest-report": "securityPenTestReport",
    "risk-assessment": "riskAssessment",
    "static-analysis-report": "staticAnalysisReport",
    "dynamic-analysis-report": "dynamicAnalysisReport",
    "component-analysis-report": "componentAnalysisReport",
    "certification-report": "certificationReport",
    "quality-metrics": "qualityAssessmentReport",
}
REFERENCE_TYPES = {spdx: kind for kind, spdx in REFERENCES.items()}

_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_OWN = re.compile(r"(?:https?|urn):[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", re.ASCII)


def id_of(base: str, reference: str) -> str:
    """The id of the element that ``reference`` names: itself where it is one, else below ``base``."""
    is_own = _OWN.fullmatch(reference) and not reference.startswith(f"{base}#")
    return reference if is_own else f"{base}#component-{quote(reference, safe='')}"


def reference_of(base: str, identifier: str) -> str | None:
    """The other way; None for an element that nothing named."""
    if identifier.startswith(f"{base}#unnamed-"):
        return None
    mark = f"{base}#component-"
    return unquote(identifier.removeprefix(mark)) if identifier.startswith(mark) else identifier


def serial_of(base: str) -> str | None:
    """The serial number that the ids are built on, if it is one."""
    return base if _UUID.fullmatch(base) else None


def node(kind: str, **values: Any) -> dict[str, Any]:
    """An object of that class, without what is empty."""
    return {"type": kind} | {key: value for key, value in values.items() if value not in (None, [])}
