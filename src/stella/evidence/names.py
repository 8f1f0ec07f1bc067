"""What each entry of a packet is called. docs/reference/packet.md says what stands in it."""

from stella.kernel import Digest

MANIFEST, MANIFEST_BUNDLE = "manifest.json", "manifest.bundle.json"
REPORT = "report.html"
TRUSTED_ROOT = "trusted-root.json"
FACTS, PEOPLE = "facts.json", "people.json"

DECISION_INPUT = "decision/input.json"
DECISION_RECORD = "decision/record.json"
DECISION_BUNDLE = "decision/record.bundle.json"
POLICY_BUNDLE = "policy/bundle.json"
RELEASE_MANIFEST = "release/manifest.json"
CONFIGURATION = "environment/configuration.json"
RUNNING_BEFORE = "environment/running.json"
LIFECYCLE = "environment/lifecycle.json"
ON_CALL = "environment/on-call/"
DEPLOYMENT_PLAN = "deployment/plan.json"

DEPLOYMENT = "deployment/deployment.json"
DEPLOYMENT_BUNDLE = "deployment/deployment.bundle.json"
ARTIFACTS, LOGS, RUNNING = "deployment/artifacts/", "deployment/logs/", "deployment/running/"
STICKER_FILE = "stella.version.json"

TAKE_DOWN, TAKE_DOWN_BUNDLE = "take-down/take-down.json", "take-down/take-down.bundle.json"
TAKE_DOWN_PLAN, TAKE_DOWN_FOLDER = "take-down/plan.json", "take-down/"
TAKE_DOWN_INPUT, TAKE_DOWN_RECORD = "take-down/input.json", "take-down/record.json"
TAKE_DOWN_ARTIFACTS = "take-down/artifacts/"

SBOMS, FINDINGS, ADVISORIES, APPROVALS = "sboms/", "findings/", "advisories/", "approvals/"
REACHED = "reached/"
TESTS = "tests/"
VEX = "vex/"
VEX_DOCUMENTS = "vex/documents/"
BUNDLE_SUFFIX = ".bundle.json"


def sbom_entry(platform: Digest) -> str:
    """The CycloneDX document of a platform image."""
    return f"{SBOMS}{platform.hex}.cdx.json"


def sbom_bundle_entry(platform: Digest) -> str:
    """The signed statement around it."""
    return f"{SBOMS}{platform.hex}{BUNDLE_SUFFIX}"


def findings_entry(platform: Digest) -> str:
    """What was found in a platform image."""
    return f"{FINDINGS}{platform.hex}.json"


def slice_entry(snapshot: Digest, platform: Digest) -> str:
    """The part of a snapshot that concerns one image. Two levels: ustar holds 100 characters each."""
    return f"{ADVISORIES}slice-{snapshot.hex}/{platform.hex}.json"


def reached_entry(platform: Digest) -> str:
    """What is linked in a platform image, as far as its findings rest on it."""
    return f"{REACHED}{platform.hex}.json"


def matched_entry(platform: Digest) -> str:
    """What was found in a platform image before VEX was heard."""
    return f"{VEX}{platform.hex}/matched.json"


def weighing_entry(platform: Digest) -> str:
    """Which VEX was weighed for a platform image, whose, and how much their word counts."""
    return f"{VEX}{platform.hex}/weighed.json"


def vex_document_entry(digest: Digest) -> str:
    """One VEX document, by the digest of its bytes."""
    return f"{VEX_DOCUMENTS}{digest.hex}.json"


def test_result_entry(document: Digest) -> str:
    """One statement of test results, by the digest of its bytes."""
    return f"{TESTS}{document.hex}.json"


def on_call_entry(roster: Digest) -> str:
    """All that said who was on call by a schedule, by the digest of its bytes."""
    return f"{ON_CALL}{roster.hex}.json"


def approval_entry(approval: str) -> str:
    """The signed statement of one approval."""
    return f"{APPROVALS}{approval}{BUNDLE_SUFFIX}"


def artifact_entry(target: str | None, file: str) -> str:
    """One generated file of one target, or of the whole deployment."""
    return f"{ARTIFACTS}{target}/{file}" if target else f"{ARTIFACTS}{file}"


def removal_entry(target: str, file: str) -> str:
    """One generated file of one target of a take-down."""
    return f"{TAKE_DOWN_ARTIFACTS}{target}/{file}"


def log_entry(target: str) -> str:
    """What the execution on one target printed."""
    return f"{LOGS}{target}.log"


def running_entry(target: str) -> str:
    """What ran on one target afterwards."""
    return f"{RUNNING}{target}.json"


def media_type(name: str) -> str:
    """The media type that an entry's name stands for."""
    if name.endswith(BUNDLE_SUFFIX):
        return "application/vnd.dev.sigstore.bundle.v0.3+json"
    if name.startswith(SBOMS):
        return "application/vnd.cyclonedx+json; version=1.7"
    endings = {
        ".json": "application/json",
        ".html": "text/html; charset=utf-8",
        ".log": "text/plain; charset=utf-8",
        ".yml": "application/yaml",
        ".yaml": "application/yaml",
        ".pyz": "application/zip",
    }
    ending = name[name.rfind(".") :] if "." in name else ""
    return endings.get(ending, "application/octet-stream")
