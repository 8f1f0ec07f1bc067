"""A promotion in words: each gate with its reasons, where they come from, what would mend them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Shown: TypeAlias = Mapping[str, Any]
"""Something as the API shows it."""

_FINDINGS_MAX = 4
_SHORT = 19  # "sha256:" and the twelve digits that people compare


def promotion_lines(promotion: Shown, deployment: Shown | None = None) -> Iterator[str]:
    """Everything that was said of it. deployment: the one that it began, if it did."""
    yield from summary_lines(promotion)
    decision = promotion["decision"]
    if decision is None:
        yield "the gates have not been judged yet"
    else:
        yield ""
        yield from decision_lines(decision)
    if promotion["breakGlass"]:
        yield _break_glass_line(promotion["breakGlass"])
    if promotion["dueAt"]:
        yield f"it is judged again by itself at {promotion['dueAt']}"
    for given in promotion["approvals"]:
        yield _approval_line(given)
    yield from ending_lines(promotion)
    if deployment is not None:
        yield ""
        yield from deployment_lines(deployment)


def summary_lines(promotion: Shown) -> Iterator[str]:
    """Which release goes where, who asked, and how it stands."""
    release = promotion["release"]
    kind = "rollback" if promotion["rollback"] else "promotion"
    yield (
        f"{promotion['id']}  {release['name']} {release['version']} -> {promotion['environment']}"
        f"  {promotion['state'].upper()}{' (simulated)' if promotion['simulated'] else ''}"
    )
    reason = f": {promotion['reason']}" if promotion["reason"] else ""
    yield f"{kind} asked for by {promotion['requestedBy']['name']} at {promotion['requestedAt']}{reason}"
    if promotion["follows"]:
        yield f"automatic: it follows {promotion['follows']}"
    if promotion["hotfix"]:
        yield "asked for as a hotfix"
    if promotion["changeTicket"]:
        yield ticket_words(promotion["changeTicket"])
    if promotion["notBefore"] or promotion["notAfter"]:
        begin, end = promotion["notBefore"] or "now", promotion["notAfter"] or "any time"
        yield f"to begin between {begin} and {end}"
    if promotion["queue"]:
        yield queue_words(promotion["queue"])
    if promotion["supersededBy"]:
        yield f"superseded by {promotion['supersededBy']}"
    if promotion["expiresAt"]:
        yield f"it ends by itself where it has not begun by {promotion['expiresAt']}"
    if promotion["planDigest"]:
        yield f"plan {promotion['planDigest']}"


def ticket_words(ticket: Shown) -> str:
    """``change ticket OPS-1 (ops): Ready, approved; also stands for prm_...``."""
    if ticket["lookedUpAt"] is None:
        known = f"not known: {ticket['trouble'] or 'it is looked up'}"
    else:
        approved = "approved" if ticket["approved"] else "not approved"
        since = f"; since then: {ticket['trouble']}" if ticket["trouble"] else ""
        known = f"{ticket['status']}, {approved} at {ticket['lookedUpAt']}{since}"
    uses = ", ".join(f"{one['promotion']} in {one['environment']}" for one in ticket["uses"][:3])
    also = f"; it also stands for {uses}" if uses else ""
    return f"change ticket {ticket['key']} ({ticket['integration']}): {known}{also}"


def queue_words(queue: Shown) -> str:
    """``waits for prm_... of shop 2.0.0, position 2``."""
    release = queue["behindRelease"]
    behind = (
        f"{queue['behind']} of {release['name']} {release['version']}" if release else "its turn"
    )
    return f"waits for {behind}, position {queue['position']}"


def decision_lines(decision: Shown) -> Iterator[str]:
    """Every gate, the reasons of those that do not pass, and what would let it go."""
    gates, broken = decision["gates"], decision.get("breakGlass")
    if broken:
        both = f"{broken['requestedBy']['name']} and {broken['agreedBy']['name']}"
        yield f"PASSED BY BREAK-GLASS of {both}, though gates did not: {broken['reason']}"
    if hotfix := decision.get("hotfix"):
        yield hotfix_words(hotfix)
    width = max(len(gate["name"]) for gate in gates)
    for gate in gates:
        yield f"{gate['state'].upper():<8} {gate['name']:<{width}}  {gate['summary']}"
        for reason in gate["reasons"]:
            yield from _reason_lines(reason)
    change = decision.get("unblock")
    steps = list(unblock_lines(change)) if change else []
    # Where it is told, the policy's own sentence says the same once more, finding by finding.
    told = [gate for gate in gates if not (change and gate["name"] == "policy")]
    steps += [one for gate in told if gate["unblocks"] for one in gate["unblocks"].split("; ")]
    if steps and not broken:
        yield "it would go if you"
        yield from (f"  - {one}" for one in steps)


def hotfix_words(hotfix: Shown) -> str:
    """``HOTFIX: stage of standard left out, asked for by ana: the shop is down``."""
    why = (
        f"releases of the channel {hotfix['channel']} may"
        if hotfix["channel"]
        else f"asked for by {hotfix['by']['name']}"
        + (f": {hotfix['reason']}" if hotfix["reason"] else "")
    )
    return f"HOTFIX: {', '.join(hotfix['phases'])} of {hotfix['lifecycle']} left out, {why}"


def unblock_lines(change: Shown) -> Iterator[str]:
    """The smallest change that lets the policy pass: upgrades, and what they leave."""
    for one in change["upgrades"]:
        found = ", ".join(one["findings"][:_FINDINGS_MAX])
        more = len(one["findings"]) - _FINDINGS_MAX
        yield (
            f"upgrade {one['package']} {one['version']} -> {one['fixed']} in {one['component']}"
            f"  ({found}{f' and {more} more' if more > 0 else ''})"
        )
    for one in change["waivable"]:
        about = f" of {one['finding']}" if one["finding"] else ""
        where = f" in {one['component']}" if one["component"] else ""
        doubt = " (unknown)" if one["unknown"] else ""
        yield f"mend or waive {one['rule']}{about}{where}{doubt}"
    if change["left"]:
        yield f"mend what no upgrade and no waiver does: {', '.join(change['left'])}"
    if change["more"]:
        yield f"mend {change['more']} more"


def change_lines(diff: Shown) -> Iterator[str]:
    """What would change in the environment, component by component."""
    before = diff["from"]
    yield (
        f"before: {before['name']} {before['version']}" if before else "before: nothing runs there"
    )
    for one in diff["components"]:
        if one["changed"]:
            yield f"  {one['name']}  {_digest(one['from'])} -> {_digest(one['to'])}"
        else:
            yield f"  {one['name']}  {_digest(one['to'])}, unchanged"


def plan_lines(plan: Shown) -> Iterator[str]:
    """What would be done before the targets, on each, and after them."""
    yield from _planned_steps(plan, "before")
    for target in plan["targets"]:
        yield f"  {target['target']}  {target['connector']} on {target['agent']}"
        yield from _brought(target)
        yield from (f"    {act['verb']} {act['subject']}" for act in target["actions"])
    yield from _planned_steps(plan, "after")


def step_words(step: Shown) -> str:
    """``passed: the ticket is approved``, with the attempts where there was more than one."""
    told = step["summary"] or step["message"] or ""
    code = f" ({step['code']})" if step["code"] else ""
    times = f", attempt {step['attempts']}" if step["attempts"] > 1 else ""
    return f"{step['state']}{times}{': ' if told else ''}{told}{code}"


def ending_lines(promotion: Shown) -> Iterator[str]:
    """Who ended it, where a person or trouble did. ``ended``: the words of the fact, if known."""
    ended = promotion.get("ended")
    if not ended:
        return
    said = ended["data"].get("comment") or ended["data"].get("message") or "no reason given"
    code = f" ({ended['data']['code']})" if ended["data"].get("code") else ""
    yield f"{promotion['state']} by {ended['actor']['name']} at {ended['at']}: {said}{code}"


def deployment_lines(deployment: Shown) -> Iterator[str]:
    """How far each target is, and what stopped it."""
    release = deployment["release"]
    yield (
        f"{deployment['id']}  {release['name']} {release['version']} -> {deployment['environment']}"
        f"  {deployment['state'].upper()}{' (simulated)' if deployment['simulated'] else ''}"
    )
    targets = deployment["targets"]
    width = max((len(one["target"]) for one in targets), default=0)
    yield from _taken_steps(deployment, "before")
    for one in targets:
        trouble = f"  {one['message']}" if one["message"] else ""
        code = f" ({one['code']})" if one["code"] else ""
        yield f"  {one['target']:<{width}}  {target_words(one)}{trouble}{code}"
    yield from _taken_steps(deployment, "after")
    for phase in ("after", "before"):
        yield from _taken_steps(deployment, phase, "undo")


def target_words(target: Shown) -> str:
    """``succeeded``, or ``undo succeeded`` where the way back is meant."""
    return f"{'undo ' if target['purpose'] == 'undo' else ''}{target['state']}"


def asked_people(decision: Shown | None) -> list[str]:
    """For each approval that is missing: which, and from whom."""
    gates: Sequence[Shown] = decision["gates"] if decision else ()
    return [
        f"{reason['message']}; {reason['fix']}"
        for gate in gates
        for reason in gate["reasons"]
        if gate["name"] == "approvals" and reason["outcome"] == "waiting"
    ]


def _reason_lines(reason: Shown) -> Iterator[str]:
    """The rule; package -> file -> layer; advisory, fixed version; what mends it and who can."""
    is_waived = reason.get("waiver") is not None
    outcome = "waived" if is_waived else reason["outcome"]
    yield f"  {outcome}  {reason['rule']}: {reason['message']}"
    finding = reason["finding"]
    if finding:
        yield from (f"      {line}" for line in _finding_lines(finding))
    who = f" ({reason['who']})" if reason["who"] else ""
    if is_waived:
        yield f"      {reason['fix']}"
    elif reason["fix"]:
        yield f"      mend it: {reason['fix']}{who}"
    elif who:
        yield f"      who can: {reason['who']}"


def _finding_lines(finding: Shown) -> Iterator[str]:
    """A policy may show a finding its own way: what is not there is not said."""
    why = finding.get("why") or {}
    named = f"{finding.get('component', '')} {finding.get('version', '')}".strip()
    layer = why.get("layer") or ""
    number = "" if why.get("layerIndex") is None else f"{why['layerIndex']} "
    paths = ", ".join(why.get("paths") or [])
    place = [finding.get("purl") or named, paths, f"layer {number}{layer}" if layer else ""]
    yield f"found: {' -> '.join(part for part in place if part)}"
    told = [", ".join([str(finding.get("id", "")), *(finding.get("aliases") or [])])]
    if why.get("range"):
        told.append(f"affects {why['range']}")
    if finding.get("severity"):
        told.append(str(finding["severity"]))
    if finding.get("kev"):
        told.append("known to be exploited")
    told.append(f"fixed in {finding['fixed']}" if finding.get("fixed") else "no fix known")
    yield f"advisory: {'; '.join(told)}"


def _approval_line(given: Shown) -> str:
    counts = f"counts for {given['rule']}" if given["counts"] else f"counts not: {given['whyNot']}"
    until = f" until {given['until']}" if given["until"] else ""
    by = given["by"]["name"]
    by += f" for {given['standsFor']['name']}" if given["standsFor"] else ""
    by += f", on call for {given['onCall']['schedule']}," if given["onCall"] else ""
    proven = f", proven at {given['provenAt']}" if given["provenAt"] else ""
    return f"approved by {by} at {given['at']}{proven}: {given['comment']} ({counts}{until})"


def _break_glass_line(one: Shown) -> str:
    """How the last break-glass stands, and who has to speak."""
    agreed = one["agreedBy"]
    by = (
        f"agreed to by {agreed['name']} at {one['agreedAt']}"
        if agreed
        else "nobody agreed to it yet"
    )
    asked = f"asked for by {one['requestedBy']['name']} at {one['requestedAt']}"
    gates = f" for {', '.join(one['gates'])}" if one["gates"] else ""
    return f"break-glass {one['id']}{gates} is {one['state']}: {asked}, {by}; until {one['endsAt']}"


def _planned_steps(plan: Shown, phase: str) -> Iterator[str]:
    for one in plan["steps"]:
        if one["phase"] == phase:
            yield f"  {phase}: {one['name']}  {one['step']} of {one['plugin']} {one['version']}"
            yield from _brought(one)
            yield from (f"    {key}: {value}" for key, value in one["inputs"].items())


def _brought(planned: Shown) -> Iterator[str]:
    by = planned["broughtBy"]
    if by:
        granted = ", ".join(" ".join((key, *hosts)) for key, hosts in by["granted"].items())
        yield f"    from {_digest(by['wheel'])} of {by['name']} {by['version']}"
        yield f"    granted {granted or 'nothing'}"


def _taken_steps(deployment: Shown, phase: str, purpose: str = "run") -> Iterator[str]:
    for one in deployment["steps"]:
        if (one["phase"], one["purpose"]) == (phase, purpose):
            what = phase if purpose == "run" else "taken back"
            yield f"  {what}: {one['name']}  {step_words(one)}"


def _digest(text: str | None) -> str:
    return text[:_SHORT] if text else "none"
