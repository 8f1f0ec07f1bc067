"""What the docs promise is there, and what is there stands in the docs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stella.evidence import names
from stella.kernel import Digest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "changes").glob("*.md"),
    ]
)
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", re.DOTALL)

# VISION, sections 7 and 8: every module that is named there.
MODULES = {
    "INTHUB": ["Integration Manager", "Connection Profiles", "Connector Runtime"],
    "ENVMGR": ["Environment Manager", "Target Registry", "Agent Manager"],
    "RELMAN": ["Component Registry", "Version Manager", "Release Manager"],
    "WORKFL": ["Workflow Designer", "Workflow Engine", "Step Executor"],
    "PROMOT": ["Promotion Manager", "Approval Gateway", "Decision Engine"],
    "DEPLOY": ["Deploy Orchestrator", "Target Executor", "Artifact Generator"],
    "AGENTS": ["Agent Core", "Docker agent", "Compose agent", "ECS agent", "Nomad agent"],
    "PROGDL": ["A/B Manager", "Traffic Router", "Canary Controller"],
    "RELEVI": ["Evidence Collector", "Sticker Writer", "Audit Exporter"],
    "PLUGIN": ["Plugin Registry", "Plugin Loader", "Plugin SDK"],
    "INGEST": ["Concelier", "Advisory-AI"],
    "VEXOPS": ["Excititor", "VEX Lens", "VEX Hub"],
    "REASON": ["Policy Engine", "OPA Runtime"],
    "SCANENG": ["Scanner", "SBOM Service", "Reachability"],
    "EVIDENCE": ["Evidence Locker", "Attestor", "Export Center"],
    "RUNTIME": ["Signals", "Graph", "Zastava"],
    "JOBCTRL": ["Scheduler", "Orchestrator", "TaskRunner"],
    "OBSERVE": ["Notifier", "Telemetry"],
    "REPLAY": ["Replay Engine"],
    "DEVEXP": ["CLI", "Web UI", "SDK"],
}
NOT_PYTHON = {"ui": ROOT / "ui", "stella_connectors": ROOT / "src" / "stella_connectors"}


def links(page: Path) -> list[tuple[bool, str]]:
    """(is a picture, target) of every link that stays in the repository."""
    found = _LINK.findall(page.read_text())
    return [(mark == "!", target) for mark, target in found if "://" not in target]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for is_picture, target in links(page):
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists() or is_picture, target
        assert not anchor or anchor in anchors(place), target


def test_every_picture_is_there() -> None:
    pictures = [(page.parent / target) for page in PAGES for mark, target in links(page) if mark]
    assert pictures
    assert all(picture.exists() for picture in pictures)


@pytest.mark.long
def test_generated_pages_are_what_the_source_says() -> None:
    done = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def glossary_rows() -> dict[tuple[str, str], tuple[str, str]]:
    """(theme, module) -> (room, state)."""
    lines = (ROOT / "docs" / "glossary.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {(row[0], row[1]): (row[2], row[3]) for row in cells if len(row) == 4}


def test_the_glossary_names_the_room_and_the_state_of_every_module() -> None:
    rows = glossary_rows()
    for theme, modules in MODULES.items():
        for module in modules:
            assert (theme, module) in rows, f"{theme}: {module}"
            _, state = rows[theme, module]
            assert re.match(r"works$|partial: |not yet", state), f"{module}: {state}"


def test_what_the_glossary_says_works_has_a_room() -> None:
    for (theme, module), (rooms, state) in glossary_rows().items():
        if theme in MODULES and not state.startswith("not yet"):
            for room in rooms.split(", "):
                first = room.split("/")[0]
                place = NOT_PYTHON.get(first, ROOT / "src" / "stella" / first)
                assert place.is_dir(), f"{module} is said to live in {room}"


def test_every_room_stands_on_the_map() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "src" / "stella").glob("*/__init__.py")}
    listed = set(re.findall(r"\b[a-z]+\b", text))
    assert rooms <= listed, rooms - listed


def test_every_decision_is_listed_and_names_what_it_costs() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    decisions = sorted(folder.glob("0*.md"))
    for number, page in enumerate(decisions, start=1):
        text = page.read_text()
        assert page.name in index
        assert text.startswith(f"# {number}. ")
        assert "- Bad: " in text, page.name


def test_every_entry_of_a_packet_stands_in_its_reference() -> None:
    page = (ROOT / "docs" / "reference" / "packet.md").read_text()
    digest = Digest.of(b"")
    entries = [
        *(names.MANIFEST, names.MANIFEST_BUNDLE, names.REPORT, names.TRUSTED_ROOT, names.FACTS),
        *(names.PEOPLE, names.DECISION_INPUT, names.DECISION_RECORD, names.DECISION_BUNDLE),
        *(names.POLICY_BUNDLE, names.RELEASE_MANIFEST, names.CONFIGURATION, names.DEPLOYMENT_PLAN),
        *(names.DEPLOYMENT, names.DEPLOYMENT_BUNDLE, names.artifact_entry("<target>", "<file>")),
        *(names.log_entry("<target>"), names.running_entry("<target>")),
        names.approval_entry("<id>"),
        *(names.sbom_entry(digest), names.sbom_bundle_entry(digest), names.findings_entry(digest)),
        names.slice_entry(digest, digest).replace(f"slice-{digest.hex}", "slice-<snapshot>"),
    ]
    for entry in entries:
        assert f"`{entry.replace(digest.hex, '<platform>')}`" in page, entry
