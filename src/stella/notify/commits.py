"""What the repositories of a release are told: the status of the commits that it was built from.

Which commits those are the images say themselves, by the labels of the OCI image format; nothing is
told of an image that does not say it.
"""

from collections.abc import Mapping
from typing import Any

from stella.blob import Blobs
from stella.hub.model import Integration
from stella.kernel import Json, Unknown
from stella.notify.deliver import Masked
from stella.notify.model import QueuedMessage
from stella.notify.store import sent_after
from stella.notify.told import Told
from stella.plugin.contract.notifier import SentMessage
from stella.plugin.contract.scm import CommitStatus, DeploymentNote, Scm, StatusState
from stella.plugin.refusals import NotSupported
from stella.record.transaction import Tx
from stella.release.source import place_of, source_of_component
from stella.release.store import find_release

_DESCRIPTION_MAX = 140  # what GitHub takes; others take more


def commits_told(tx: Tx, blobs: Blobs, told: Told, by: Integration) -> dict[str, Json] | None:
    """What ``by`` is to be told, as a message keeps it; None where none of its commits is known."""
    if told.status is None:
        return None
    commits: set[tuple[str, str]] = set()
    for component in find_release(tx, told.release).components:
        source = source_of_component(tx, blobs, component)
        if isinstance(source, Unknown):
            continue
        place = place_of(source.url, [by])
        if not isinstance(place, Unknown):
            commits.add((place.repository, source.revision))
    if not commits:
        return None
    return {
        "context": f"stella/{told.environment}",
        "state": told.status.value,
        "deployment": told.deployment,
        "of": [list(one) for one in sorted(commits)],
    }


def is_overtaken(tx: Tx, row: QueuedMessage) -> bool:
    """Whether something newer was said of the same commits: what is tried again must not undo it."""
    said = row.content.get("commits")
    if not isinstance(said, Mapping):
        return False
    later = sent_after(tx, row)
    return any(_of(one.content.get("commits")) == said["of"] for one in later)


def _of(said: Json) -> Json:
    return said["of"] if isinstance(said, Mapping) else None


def tell_commits(scm: Scm, row: QueuedMessage, masked: Masked) -> SentMessage:
    """Say it of each commit; again, it replaces what was said. A test asks who we are there."""
    content, environment = row.content, row.environment
    said = content["commits"]
    if not isinstance(said, Mapping):
        scm.check()
        return SentMessage("")
    told: Any = said
    state, url = StatusState(told["state"]), str(content["url"])
    description = masked(str(content["title"]))[:_DESCRIPTION_MAX]
    seen = ""
    for repository, commit in told["of"]:
        status = CommitStatus(told["context"], state, description, url)
        scm.set_status(repository, commit, status)
        if told["deployment"]:
            note = DeploymentNote(told["deployment"], environment, state, description, url)
            try:
                seen = scm.set_deployment(repository, commit, note) or seen
            except NotSupported:
                continue  # a status says it, too
    return SentMessage("", seen)
