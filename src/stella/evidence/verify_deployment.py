"""Checks of a deployment: that it was signed, of this release, with these artifacts."""

from typing import Any

from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.kernel import Digest, StellaError, canonical_json, digest_of
from stella.trust import DEPLOYMENT, STICKER, verify_bundle, verify_document


def check_deployment(reading: Reading) -> str:
    """What was done is what was signed about the release."""
    deployment = reading.object(names.DEPLOYMENT)
    if not reading.is_decided:
        raise DoesNotHold("a deployment without the decision that let it go", names.DECISION_RECORD)
    statement = verify_bundle(
        reading.content(names.DEPLOYMENT_BUNDLE),
        reading.keys("evidence"),
        subject=Digest(reading.given.release.digest),
        predicate_type=DEPLOYMENT,
    )
    place = names.DEPLOYMENT
    expect("pass", reading.decision.outcome.value, "what the gates said", names.DECISION_RECORD)
    expect(deployment, statement.predicate, "the signed deployment", names.DEPLOYMENT_BUNDLE)
    expect(reading.packet.manifest.subject, deployment.get("id"), "the deployment", place)
    expect(reading.given.promotion, deployment.get("promotion"), "the promotion", place)
    expect(reading.given.environment.name, deployment.get("environment"), "where it went", place)
    _check_steps(reading, deployment)
    return f"{deployment.get('state')}, signed by the key {statement.key_id[:12]}"


def check_artifacts(reading: Reading) -> str:
    """Each artifact has the digest that the deployment names, and none is left over."""
    listed = reading.object(names.DEPLOYMENT).get("artifacts")
    if not isinstance(listed, list):
        raise DoesNotHold("it lists no artifacts", names.DEPLOYMENT)
    found = set()
    for artifact in listed:
        name = _artifact_name(artifact)
        reading.expect_digest(name, str(artifact.get("digest")), "the artifact")
        expect(len(reading.content(name)), artifact.get("size"), "its size", name)
        if name.endswith("/release.evidence.json"):
            record = Digest.of(reading.content(names.DECISION_RECORD)).text
            reading.expect_digest(name, record, "the decision record")
        found.add(name)
    for rest in reading.packet.under(names.ARTIFACTS):
        if names.ARTIFACTS + rest not in found:
            raise DoesNotHold("the deployment does not list it", names.ARTIFACTS + rest)
    return f"{len(found)} artifacts"


def check_sticker(reading: Reading) -> str:
    """What was placed on the targets is signed, and names this release and its decision."""
    deployment = reading.object(names.DEPLOYMENT)
    release = Digest(reading.given.release.digest)
    record = Digest.of(reading.content(names.DECISION_RECORD)).text
    count = 0
    for rest, content in reading.packet.under(names.ARTIFACTS).items():
        name = names.ARTIFACTS + rest
        if rest.rpartition("/")[2] != names.STICKER_FILE:
            continue
        try:
            fields = verify_document(
                content, reading.keys("evidence"), subject=release, predicate_type=STICKER
            )
        except StellaError as error:
            raise DoesNotHold(str(error), name) from error
        said = canonical_json(fields).decode()
        for wanted, what in ((deployment.get("id"), "deployment"), (record, "decision record")):
            if f'"{wanted}"' not in said:
                raise DoesNotHold(f"the sticker does not name the {what} {wanted}", name)
        count += 1
    return f"{count} signed" if count else "none was placed"


def _check_steps(reading: Reading, deployment: dict[str, Any]) -> None:
    """The steps are those of the plan, with its inputs, in its versions; all passed where it all did."""
    planned = reading.object(names.DEPLOYMENT_PLAN).get("steps", [])
    said = deployment.get("steps", [])
    place = names.DEPLOYMENT
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise DoesNotHold("its steps are no list of objects", place)
    wanted = [
        {
            **{key: one.get(key) for key in ("phase", "name", "step", "plugin", "version")},
            "inputs": digest_of(one.get("inputs")).text,
        }
        for one in planned
    ]
    found = [{key: one.get(key) for key in wanted[0]} for one in said] if wanted else said
    expect(wanted, found, "the steps", place)
    states = {one.get("state") for one in said}
    undone = deployment.get("stepsUndone", [])
    if deployment.get("state") == "succeeded" and (not states <= {"passed"} or undone):
        raise DoesNotHold("it succeeded, and a step did not pass or was taken back", place)
    begun = [_who(one) for one in said if one.get("attempts")]
    back = [_who(one) for one in undone] if isinstance(undone, list) else None
    if back is None or (back and back[::-1] != begun):
        raise DoesNotHold("the steps that were taken back are not those that began", place)


def _who(step: object) -> object:
    """What tells one step from another, if it is one."""
    if not isinstance(step, dict):
        return None
    return {key: step.get(key) for key in ("phase", "name", "step", "plugin", "version", "inputs")}


def _artifact_name(artifact: Any) -> str:
    if not isinstance(artifact, dict) or not isinstance(artifact.get("name"), str):
        raise DoesNotHold("it lists an artifact without a name", names.DEPLOYMENT)
    target = artifact.get("target")
    return names.artifact_entry(target if isinstance(target, str) else None, artifact["name"])
