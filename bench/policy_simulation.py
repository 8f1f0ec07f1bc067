"""How long a draft takes for all history: 10,000 decisions of 100 findings in 60 s.

One process asks, one answers, as on a server; what was decided lies in a directory, as on a server.
"""

import importlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from bench.row import Row
from stella.app.policy_process import PolicyProcess
from stella.blob import Blobs
from stella.kernel import Digest, canonical_json
from stella.policy import starter_bundle
from stella.promotion.decide import decide, record_of
from stella.promotion.lifecycle import State
from stella.promotion.model import document
from stella.promotion.simulate import Simulated, Simulation, Turn
from stella.promotion.store import Promotion

TESTS = Path(__file__).resolve().parent.parent / "tests"
DECISIONS = 10_000
IMAGES = 200
FINDINGS = 100
_PART = 100


def main() -> None:
    """Print the row."""
    sys.path.insert(0, str(TESTS))
    with tempfile.TemporaryDirectory() as directory:
        blobs = Blobs(Path(directory))
        promotions = _history(blobs)
        process = PolicyProcess()
        begun = time.perf_counter()
        judged = 0
        for start in range(0, DECISIONS, _PART):
            simulation = Simulation(blobs, starter_bundle(), Turn(process.ask, lambda: ""))
            answers = [
                simulation.past(promotions[number % IMAGES])
                for number in range(start, start + _PART)
            ]
            judged += sum(isinstance(one, Simulated) for one in answers)
        seconds = time.perf_counter() - begun
        process.close()
    assert judged == DECISIONS, judged
    what = f"policy simulate, {DECISIONS:,} decisions of {FINDINGS} findings"
    Row(what, "s", seconds, goal=60, note="one asks, one answers").print()


def _history(blobs: Blobs) -> list[Promotion]:
    """Promotions of as many images, every second one blocked."""
    story: Any = importlib.import_module("evidence.packets").Story(image="many")
    read = json.loads(story.scan.findings)
    blobs.put(story.scan.sbom)
    made = []
    for number in range(IMAGES):
        part = read["findings"][:FINDINGS]
        changed = [{**one, "summary": f"{number}"} for one in part]
        changed[0]["severity"] = "critical" if number % 2 else "low"
        content = json.dumps({**read, "findings": changed}).encode()
        given = story.given()
        (component,) = given.release.components
        (scan,) = component.scans
        scan = msgspec.structs.replace(scan, findings=blobs.put(content).text)
        component = msgspec.structs.replace(component, scans=(scan,))
        release = msgspec.structs.replace(given.release, components=(component,))
        given = msgspec.structs.replace(given, release=release)
        documents = {scan.findings: content, scan.sbom: story.scan.sbom}
        record = record_of(decide(given, documents, story.policy))
        made.append(
            _promotion(given, blobs.put(canonical_json(document(given))), blobs.put(record))
        )
    return made


def _promotion(given: Any, input_: Digest, record: Digest) -> Promotion:
    return Promotion(
        id=given.promotion,
        release=given.release.id,
        release_digest=given.release.digest,
        environment=given.environment.name,
        state=State.BLOCKED,
        requested_by=given.requested_by,
        requested_at=given.requested_at,
        reason="",
        rollback=False,
        input=input_.text,
        record=record.text,
    )


if __name__ == "__main__":
    main()
