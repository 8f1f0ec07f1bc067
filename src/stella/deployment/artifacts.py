"""The generated artifacts: the script that does it by hand, and the sticker for the target."""

import io
import zipfile

from stella.deployment.plan import DeploymentPlan, PlannedRelease, PlannedTarget
from stella.kernel import Digest, Json, canonical_json
from stella.trust import STICKER, Signer, sign_document

SCRIPT = "deploy.stella.script.pyz"
EVIDENCE = "release.evidence.json"
STICKER_FILE = "stella.version.json"

# Everything it needs is in it: Python 3.9 or later and the commands that it names.
_RUNNER = '''\
"""One target's deployment as a program: `python deploy.stella.script.pyz [--run] [DIRECTORY]`.

Without --run it says what it would do. DIRECTORY (by default the present one) takes the files.
"""

import json
import os
import shlex
import subprocess
import sys
import zipfile


def main():
    words = [word for word in sys.argv[1:] if word != "--run"]
    runs = len(words) < len(sys.argv) - 1
    directory = words[0] if words else os.curdir
    with zipfile.ZipFile(sys.argv[0]) as archive:
        plan = json.loads(archive.read("plan.json"))
    if plan.get("simulated"):
        print("# SIMULATED: made for hosts that do not exist")
    for name, text in sorted(plan["files"].items()):
        print("write", os.path.join(directory, name))
        if runs:
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                file.write(text)
    for action in plan["actions"]:
        if not action["argv"]:
            print("#", action["verb"], action["subject"], "(the agent does this itself)")
            continue
        print("$", " ".join(shlex.quote(word) for word in action["argv"]))
        if runs:
            done = subprocess.run(action["argv"], cwd=directory)
            if done.returncode != 0:
                sys.exit("it ended with %d; nothing after it was done" % done.returncode)


main()
'''
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold


def script(plan: DeploymentPlan, target: PlannedTarget, *, simulated: bool) -> bytes:
    """The target's deployment as a Python zipapp; the same plan gives the same bytes."""
    return removal_script(plan.environment, plan.release, target, simulated=simulated)


def removal_script(
    environment: str, release: PlannedRelease, target: PlannedTarget, *, simulated: bool
) -> bytes:
    """What is done on a target, to bring it there or to take it away, as a Python zipapp."""
    content: dict[str, Json] = {
        "environment": environment,
        "release": {"name": release.name, "version": release.version, "digest": release.digest},
        "target": target.target,
        "connector": target.connector,
        "actions": [
            {"verb": one.verb, "subject": one.subject, "argv": list(one.argv)}
            for one in target.actions
        ],
        "files": target.files,
    }
    if simulated:  # the others' bytes stay what they were
        content["simulated"] = True
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (
            ("__main__.py", _RUNNER.encode()),
            ("plan.json", canonical_json(content)),
        ):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # the same on every machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return b"#!/usr/bin/env python3\n" + file.getvalue()


def sticker(
    signer: Signer,
    plan: DeploymentPlan,
    target: PlannedTarget,
    *,
    deployment: str,
    record: str,
    at: str,
    simulated: bool,
) -> bytes:
    """``stella.version.json``: what runs on the target and which evidence stands behind it, signed.

    record: digest of ``release.evidence.json``, sealed before anything is carried out.
    """
    said: dict[str, Json] = {
        "schema": 1,
        "release": plan.release.name,
        "version": plan.release.version,
        "releaseId": plan.release.id,
        "releaseDigest": plan.release.digest,
        "environment": plan.environment,
        "target": target.target,
        "components": {one.component: one.digest for one in target.services},
        "deployment": deployment,
        "evidence": record,
        "at": at,
        "simulated": simulated,
    }
    return sign_document(
        signer,
        said,
        subject_name=f"{plan.release.name} {plan.release.version}",
        subject=Digest(plan.release.digest),
        predicate_type=STICKER,
    )


def removal_sticker(
    signer: Signer,
    environment: str,
    release: PlannedRelease,
    target: str,
    *,
    take_down: str,
    record: str,
    at: str,
    simulated: bool,
) -> bytes:
    """``stella.version.json`` of a target on which nothing runs any more, and what ran there last.

    record: digest of the decision, sealed before anything is carried out.
    """
    said: dict[str, Json] = {
        "schema": 1,
        "release": release.name,
        "version": release.version,
        "releaseId": release.id,
        "releaseDigest": release.digest,
        "environment": environment,
        "target": target,
        "components": {},
        "takenDown": take_down,
        "evidence": record,
        "at": at,
        "simulated": simulated,
    }
    return sign_document(
        signer,
        said,
        subject_name=f"{release.name} {release.version}",
        subject=Digest(release.digest),
        predicate_type=STICKER,
    )
