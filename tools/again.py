"""Run once more, alone, the few tests that failed while others kept the machine busy.

Whole servers, engines and browsers run beside each other in ``make test``; a limit that holds on an
idle machine may pass there. What fails alone as well has failed, and what passes is named, so that
somebody widens its limit or finds its race.
"""

import json
import subprocess
import sys
from pathlib import Path

FEW = 5
"""More than these are no accident."""


def few_failed(outcomes: list[Path]) -> list[str]:
    """The tests to run once more; none where a run did not come to its end, or too much failed."""
    failed: list[str] = []
    for file in outcomes:
        if not file.is_file():
            return []
        told = json.loads(file.read_text())
        # pytest: 0 passed, 1 some failed; anything else is no verdict on tests.
        if told["exit"] not in {0, 1} or (told["exit"] == 1 and not told["failed"]):
            return []
        failed += told["failed"]
    return failed if len(failed) <= FEW else []


def main(arguments: list[str]) -> int:
    """``again.py OUTCOME...``: 0 where everything that failed passes now."""
    failed = few_failed([Path(one) for one in arguments])
    if not failed:
        return 1
    print(f"\n{len(failed)} failed beside other tests; once more, alone:", flush=True)
    for one in failed:
        print(f"  {one}", flush=True)
    code = subprocess.run([sys.executable, "-m", "pytest", *failed], check=False).returncode
    if code == 0:
        print("Passed alone, and NOT beside other tests: see what they waited for.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
