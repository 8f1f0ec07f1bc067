"""Any CI job and any program: signed as Standard Webhooks describes, said in our own words.

    {"type": "image.pushed", "data": {"image": "HOST/REPOSITORY:TAG@sha256:..."}}
    {"type": "commits.pushed", "data": {"repository", "reference", "before", "after", "by"}}
    {"type": "build.ended", "data": {"pipeline", "build", "state", "repository", "commit", "url",
                                     "images": ["HOST/REPOSITORY[:TAG]@sha256:...", ...]}}

``timestamp`` beside ``type`` is when it happened, RFC 3339. Another type does not concern us.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stella.sdk import (
    BuildState,
    Connection,
    EndedBuild,
    PushedCommits,
    PushedImage,
    Received,
)
from stella_connectors.webhooks.content import (
    commit,
    image,
    malformed,
    maybe_commit,
    maybe_text,
    moment,
    part,
    read_json,
    text,
)
from stella_connectors.webhooks.proof import Secrets

_IMAGE = re.compile(
    r"(?P<host>[A-Za-z0-9.\-]+(?::\d{1,5})?|\[[0-9a-fA-F:.]+\](?::\d{1,5})?)/"
    r"(?P<repository>[a-z0-9._/-]{1,255})(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"@(?P<digest>sha256:[0-9a-f]{64})\Z"
)
_IMAGES_MAX = 100
_ENDED = frozenset(
    {BuildState.SUCCEEDED, BuildState.FAILED, BuildState.ERRORED, BuildState.CANCELLED}
)


class SignedWebhook:
    """``stella.sdk.Webhook``."""

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        delivery = self._secrets.refuse_standard(headers, body, received_at)
        said = read_json(body)
        event = text(said, "type", most=100)
        if event == "image.pushed":
            return Received(delivery, event, images=(_pushed(said),))
        if event == "commits.pushed":
            return Received(delivery, event, commits=(_commits(part(said, "data")),))
        if event == "build.ended":
            return Received(delivery, event, builds=(_build(part(said, "data")),))
        return Received(delivery, event)


def open_signed(connection: Connection) -> SignedWebhook:
    """The factory."""
    return SignedWebhook(connection)


def _pushed(said: Mapping[str, Any]) -> PushedImage:
    found = _IMAGE.match(text(part(said, "data"), "image", most=1000))
    if found is None or found["tag"] is None:
        raise malformed("data.image is no HOST/REPOSITORY:TAG@sha256:...")
    at = moment(said.get("timestamp"))
    return image(found["host"], found["repository"], found["tag"], found["digest"], at)


def _commits(data: Mapping[str, Any]) -> PushedCommits:
    return PushedCommits(
        text(data, "repository"),
        text(data, "reference"),
        commit(data, "before"),
        commit(data, "after"),
        maybe_text(data, "by"),
    )


def _build(data: Mapping[str, Any]) -> EndedBuild:
    state = data.get("state")
    if not isinstance(state, str) or state not in _ENDED:
        raise malformed(f"data.state is none of {', '.join(sorted(_ENDED))}")
    images = data.get("images") or []
    if not isinstance(images, list) or len(images) > _IMAGES_MAX:
        raise malformed(f"data.images is no list of up to {_IMAGES_MAX}")
    for one in images:
        if not isinstance(one, str) or not _IMAGE.match(one):
            raise malformed("data.images holds what is no HOST/REPOSITORY[:TAG]@sha256:...")
    return EndedBuild(
        text(data, "pipeline"),
        text(data, "build"),
        BuildState(state),
        maybe_text(data, "repository"),
        maybe_commit(data, "commit"),
        maybe_text(data, "url", most=2000),
        tuple(images),
    )
