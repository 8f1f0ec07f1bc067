"""Registries: the notifications of distribution (and of Azure's registry, alike), and Harbor's.

They sign nothing. They show a token, so that a delivery is as safe as the way that it came.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stella.sdk import Connection, PushedImage, Received
from stella_connectors.webhooks.content import (
    image,
    malformed,
    moment,
    part,
    parts,
    read_json,
    seconds,
    text,
)
from stella_connectors.webhooks.proof import Secrets, body_id

_IMAGES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)


class _ByToken:
    """What registries have in common."""

    def __init__(self, connection: Connection) -> None:
        self._secrets = Secrets.of(connection)
        self._host = str(connection.config.get("host") or "")

    def _refuse(self, headers: Mapping[str, str]) -> None:
        shown = headers.get("authorization", "")
        scheme, _, rest = shown.partition(" ")
        self._secrets.refuse_token(rest.strip() if scheme.lower() == "bearer" else shown)


class DistributionWebhook(_ByToken):
    """``stella.sdk.Webhook``. https://distribution.github.io/distribution/about/notifications/"""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        del received_at  # it signs no time
        self._refuse(headers)
        said = read_json(body)
        events = parts(said, "events") if "events" in said else [said]
        pushed = [one for one in map(self._pushed, events) if one is not None]
        actions = sorted({str(one.get("action"))[:40] for one in events})
        event = ", ".join(one for one in actions if one.isprintable())[:100]
        return Received(body_id(body), event or "nothing", images=tuple(pushed))

    def _pushed(self, event: Mapping[str, Any]) -> PushedImage | None:
        """The image of an event; None for pulls, layers, what is attached, and parts of an index."""
        if event.get("action") != "push":
            return None
        target = part(event, "target")
        tag = target.get("tag")
        if not tag or str(target.get("mediaType")) not in _IMAGES:
            return None
        if str(tag).startswith("sha256-"):
            return None
        host = self._host or text(part(event, "request"), "host")
        at = moment(event.get("timestamp"))
        return image(host, text(target, "repository"), str(tag), text(target, "digest"), at)


class HarborWebhook(_ByToken):
    """``stella.sdk.Webhook``; payload format "Default", and "CloudEvents".

    https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
    """

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        """Verify, then read."""
        del received_at  # it signs no time
        self._refuse(headers)
        said = read_json(body)
        event = text(said, "type", most=100)
        if event == "PUSH_ARTIFACT":
            data, at = part(said, "event_data"), seconds(said.get("occur_at"))
        elif event == "harbor.artifact.pushed":
            data, at = part(said, "data"), moment(said.get("time"))
        else:
            return Received(body_id(body), event)
        repository = text(part(data, "repository"), "repo_full_name")
        pushed = [
            self._pushed(one, repository, at) for one in parts(data, "resources") if one.get("tag")
        ]
        return Received(body_id(body), event, images=tuple(pushed))

    def _pushed(self, one: Mapping[str, Any], repository: str, at: datetime | None) -> PushedImage:
        host, slash, _ = text(one, "resource_url", most=1000).partition("/")
        if not slash:
            raise malformed("resource_url names no registry")
        return image(self._host or host, repository, text(one, "tag"), text(one, "digest"), at)


def open_distribution(connection: Connection) -> DistributionWebhook:
    """The factory."""
    return DistributionWebhook(connection)


def open_harbor(connection: Connection) -> HarborWebhook:
    """The factory."""
    return HarborWebhook(connection)
