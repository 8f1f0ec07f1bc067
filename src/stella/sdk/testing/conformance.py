"""What every connector has to hold, whoever wrote it: run each check of the list as a test.

``@pytest.mark.parametrize("check", TARGET_CHECKS)`` and a bench of your own is all it takes.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from stella.kernel import Digest, StellaError, canonical_json
from stella.plugin.contract.registry import Registry
from stella.plugin.contract.target import (
    Host,
    Running,
    TakesDown,
    TargetConnector,
    TargetIntent,
    TargetPlan,
    taking_down,
)
from stella.plugin.order import plan_json
from stella.plugin.refusals import BlobDigestMismatch, ImageNotFound, PullDigestMismatch


@dataclass(frozen=True, slots=True)
class TargetBench:
    """A connector, a host for it, and images to deploy.

    intent: (deployment, component -> digest) -> what is wanted. one, two: healthy images of the
    component ``web``; sick: one that never becomes healthy. tampered: while it is held, the bytes
    of that image in the registry are others; the host must not have it.
    """

    connector: TargetConnector
    host: Host
    intent: Callable[[str, Mapping[str, Digest]], TargetIntent]
    one: Digest
    two: Digest
    sick: Digest
    never_pulled: Digest
    tampered: Callable[[Digest], AbstractContextManager[None]]

    def apply(self, deployment: str, digest: Digest) -> TargetIntent:
        """Deploy ``digest`` as the only component."""
        intent = self.intent(deployment, {"web": digest})
        self.connector.apply(intent, self.connector.plan(intent), self.host)
        return intent

    def running(self, intent: TargetIntent) -> list[Running]:
        """What runs of it."""
        return list(self.connector.inspect(intent.project, self.host))


def plan_is_the_same_for_the_same_intent(bench: TargetBench) -> None:
    """And does not depend on which deployment it is for; and is named by digest only."""
    intent = bench.intent("dep_1", {"web": bench.one})
    first = bench.connector.plan(intent)
    again = bench.connector.plan(replace(intent, deployment="dep_2"))
    assert canonical_json(plan_json(first)) == canonical_json(plan_json(again))
    assert _names(first, bench.one), "the plan names the image by its digest"
    verbs = [action.verb for action in first.actions]
    assert verbs.index("pull") < verbs.index("verify") < verbs.index("start")
    assert verbs[-1] == "place_sticker"


def apply_runs_what_was_asked_and_replaces_what_ran(bench: TargetBench) -> None:
    """One after the other; only the last one is left."""
    bench.apply("dep_1", bench.one)
    intent = bench.apply("dep_2", bench.two)
    (one,) = bench.running(intent)
    assert one.component == "web", one
    assert one.digest == bench.two, one
    assert one.state == "running", one
    assert one.deployment == "dep_2", one


def apply_again_changes_nothing(bench: TargetBench) -> None:
    """The same plan twice: the same container."""
    intent = bench.apply("dep_1", bench.one)
    before = bench.running(intent)
    bench.apply("dep_1", bench.one)
    assert bench.running(intent) == before


def changed_bytes_are_refused_and_the_old_serves(bench: TargetBench) -> None:
    """Tampering is named for what it is, and nothing has been touched."""
    intent = bench.apply("dep_1", bench.one)
    with bench.tampered(bench.never_pulled):
        refusal = _refusal(bench, "dep_2", bench.never_pulled)
    assert isinstance(refusal, PullDigestMismatch), refusal
    assert "digest mismatch" in str(refusal)
    (one,) = bench.running(intent)
    assert (one.digest, one.state) == (bench.one, "running"), one


def what_is_sick_is_taken_back(bench: TargetBench) -> None:
    """What ran before runs again, and nothing else does."""
    intent = bench.apply("dep_1", bench.one)
    refusal = _refusal(bench, "dep_2", bench.sick)
    assert refusal.code == "ST-TGT-003", refusal
    (one,) = bench.running(intent)
    assert (one.digest, one.state) == (bench.one, "running"), one


def a_first_deployment_that_fails_leaves_nothing(bench: TargetBench) -> None:
    """Nothing ran before, so nothing runs."""
    _refusal(bench, "dep_1", bench.sick)
    assert bench.running(bench.intent("dep_1", {"web": bench.sick})) == []


def a_removal_is_planned_alike_for_the_same_intent(bench: TargetBench) -> None:
    """Whatever deployment it is for; and the sticker comes last."""
    taking = _taking(bench)
    intent = bench.intent("dep_1", {"web": bench.one})
    first = taking.plan_removal(intent)
    again = taking.plan_removal(replace(intent, deployment="dep_2"))
    assert canonical_json(plan_json(first)) == canonical_json(plan_json(again))
    assert [action.verb for action in first.actions][-1] == "place_sticker"


def a_removal_takes_away_all_of_the_project_and_again_changes_nothing(bench: TargetBench) -> None:
    """Also what another plan started; and then there is nothing, and a deployment begins anew."""
    bench.apply("dep_1", bench.one)
    intent = bench.apply("dep_2", bench.two)
    first = bench.intent("dep_1", {"web": bench.one})
    for wanted in (first, intent):
        taking = _taking(bench)
        taking.remove(wanted, taking.plan_removal(wanted), bench.host)
        assert bench.running(wanted) == []
    (one,) = bench.running(bench.apply("dep_3", bench.one))
    assert (one.digest, one.state) == (bench.one, "running"), one


def a_removal_where_nothing_runs_is_no_failure(bench: TargetBench) -> None:
    """Nor is one that is gone on with after a crash."""
    intent = bench.intent("dep_1", {"web": bench.one})
    taking = _taking(bench)
    taking.remove(intent, taking.plan_removal(intent), bench.host)
    assert bench.running(intent) == []


TAKE_DOWN_CHECKS: tuple[Callable[[TargetBench], None], ...] = (
    a_removal_is_planned_alike_for_the_same_intent,
    a_removal_takes_away_all_of_the_project_and_again_changes_nothing,
    a_removal_where_nothing_runs_is_no_failure,
)
"""For a target connector that can take down, beside ``TARGET_CHECKS``."""


TARGET_CHECKS: tuple[Callable[[TargetBench], None], ...] = (
    plan_is_the_same_for_the_same_intent,
    apply_runs_what_was_asked_and_replaces_what_ran,
    apply_again_changes_nothing,
    changed_bytes_are_refused_and_the_old_serves,
    what_is_sick_is_taken_back,
    a_first_deployment_that_fails_leaves_nothing,
)


@dataclass(frozen=True, slots=True)
class RegistryBench:
    """A registry that can be written to, and a repository of its own in it."""

    registry: Registry
    repository: str
    tamper: Callable[[Digest], object]


_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


def what_was_put_comes_back(bench: RegistryBench) -> None:
    """By digest and by tag, byte for byte."""
    layer = bench.registry.put_blob(bench.repository, b"layer")
    manifest = _manifest(bench)
    digest = bench.registry.put_manifest(
        bench.repository, manifest, media_type=_MEDIA_TYPE, tag="one"
    )
    assert digest == Digest.of(manifest)
    for reference in ("one", digest.text):
        found = bench.registry.manifest(bench.repository, reference)
        assert (found.content, found.digest, found.media_type) == (manifest, digest, _MEDIA_TYPE)
    with bench.registry.blob(bench.repository, layer) as chunks:
        assert b"".join(chunks) == b"layer"
    assert bench.registry.tags(bench.repository) == ("one",)


def what_is_not_there_is_not_found(bench: RegistryBench) -> None:
    """One refusal, for a tag and for a digest."""
    for reference in ("none", Digest.of(b"none").text):
        try:
            bench.registry.manifest(bench.repository, reference)
        except ImageNotFound:
            continue
        raise AssertionError(reference)


def what_is_attached_is_found(bench: RegistryBench) -> None:
    """By its subject and its kind."""
    subject = bench.registry.put_manifest(
        bench.repository, _manifest(bench), media_type=_MEDIA_TYPE, tag="one"
    )
    artifact = _manifest(bench, subject=subject)
    attached = bench.registry.attach(bench.repository, artifact)
    for kind, count in ((None, 1), ("application/x-test", 1), ("application/x-other", 0)):
        found = bench.registry.referrers(bench.repository, subject, kind)
        assert [one.digest for one in found] == [attached] * count, kind


def changed_bytes_are_never_handed_out(bench: RegistryBench) -> None:
    """A blob that is not what it was is refused at its end at the latest."""
    stored = bench.registry.put_blob(bench.repository, b"to be changed")
    bench.tamper(stored.digest)
    try:
        with bench.registry.blob(bench.repository, stored) as chunks:
            b"".join(chunks)
    except BlobDigestMismatch:
        return
    raise AssertionError("changed bytes were handed out")


REGISTRY_CHECKS: tuple[Callable[[RegistryBench], None], ...] = (
    what_was_put_comes_back,
    what_is_not_there_is_not_found,
    what_is_attached_is_found,
    changed_bytes_are_never_handed_out,
)


def _manifest(bench: RegistryBench, subject: Digest | None = None) -> bytes:
    empty = bench.registry.put_blob(bench.repository, b"{}")
    layer = bench.registry.put_blob(bench.repository, b"layer")
    content = {
        "schemaVersion": 2,
        "mediaType": _MEDIA_TYPE,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": empty.digest.text,
            "size": empty.size,
        },
        "layers": [
            {
                "mediaType": "application/octet-stream",
                "digest": layer.digest.text,
                "size": layer.size,
            }
        ],
    }
    if subject is not None:
        found = bench.registry.manifest(bench.repository, subject.text)
        content["artifactType"] = "application/x-test"
        content["subject"] = {
            "mediaType": _MEDIA_TYPE,
            "digest": subject.text,
            "size": len(found.content),
        }
    return canonical_json(content)  # type: ignore[arg-type]


def _taking(bench: TargetBench) -> TakesDown:
    taking = taking_down(bench.connector)
    assert taking is not None, "it cannot take down what it started"
    return taking


def _names(plan: TargetPlan, digest: Digest) -> bool:
    words = [word for action in plan.actions for word in action.argv]
    return any(digest.text in word for word in [*words, *plan.files.values()])


def _refusal(bench: TargetBench, deployment: str, digest: Digest) -> StellaError:
    try:
        bench.apply(deployment, digest)
    except StellaError as refusal:
        return refusal
    raise AssertionError("it was not refused")
