"""The story of a deployment that took steps: one before its target, one after."""

import json
from typing import Any

from evidence.packets import AT, Story
from stella.evidence import names
from stella.kernel import Digest, Json, canonical_json, digest_of
from stella.trust import DEPLOYMENT, sign_statement

INPUTS: dict[str, Json] = {"ticket": "CHG-7 <b>"}
STEPS = (("before", "change", "approved-change"), ("after", "smoke", "http-check"))


class SteppedStory(Story):
    """Both passed. What is not signed again is as in any other story."""

    def plan(self) -> bytes:
        plan = json.loads(super().plan())
        plan["steps"] = [
            {
                "phase": phase,
                "name": name,
                "step": step,
                "plugin": "acme",
                "version": "1.2.0",
                "attemptsMax": 3,
                "inputs": INPUTS,
            }
            for phase, name, step in STEPS
        ]
        return canonical_json(plan)

    def told(self, deployment: dict[str, Any]) -> None:
        """What else is to be said of it, before it is signed."""

    def deployment_entries(self) -> dict[str, bytes]:
        entries = super().deployment_entries()
        deployment = json.loads(entries[names.DEPLOYMENT])
        deployment["steps"] = [
            {
                "phase": phase,
                "name": name,
                "step": step,
                "plugin": "acme",
                "version": "1.2.0",
                "inputs": digest_of(INPUTS).text,
                "state": "passed",
                "attempts": 2,
                "startedAt": AT,
                "endedAt": AT,
                "code": None,
                "message": None,
                "summary": f"{name} is <done>",
                "outputs": {"ticket": "CHG-7"},
            }
            for phase, name, step in STEPS
        ]
        self.told(deployment)
        entries[names.DEPLOYMENT] = canonical_json(deployment)
        entries[names.DEPLOYMENT_BUNDLE] = sign_statement(
            self.evidence,
            subject_name="shop 1.0.0",
            subject=Digest(self.given().release.digest),
            predicate_type=DEPLOYMENT,
            predicate=deployment,
        )
        return entries


class UndoneStory(SteppedStory):
    """The step after its target failed: both were taken back, the first of them in vain."""

    def told(self, deployment: dict[str, Any]) -> None:
        deployment["state"] = "failed"
        smoke = deployment["steps"][1]
        smoke |= {"state": "failed", "message": "it answers <500>", "summary": None}
        back = [dict(one) for one in reversed(deployment["steps"])]
        for one, state in zip(back, ("errored", "passed"), strict=True):
            one |= {"state": state, "attempts": 1, "summary": "taken back", "outputs": {}}
        deployment["stepsUndone"] = back
