"""Components, their versions, and the templates by which releases are made of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from stella.api.asked import Asked, Viewer
from stella.api.looking import Developer
from stella.api.views.base import Page
from stella.api.views.components import (
    ComponentDocument,
    TagVersion,
    TemplateDocument,
    VersionsView,
    component_document,
    template_document,
)
from stella.release.components.choose import rule_of, versions_among
from stella.release.components.model import Pick
from stella.release.components.places import OpenTagged, images_of, tags_at
from stella.release.components.store import find_component, list_components, list_templates

router = APIRouter(tags=["components"])

_SHOWN_MAX = 100


@router.get("/release-components")
def get_release_components(asked: Viewer) -> Page[ComponentDocument]:
    """Components by name."""
    with asked.read() as tx:
        found = list_components(tx)
    return Page(items=[component_document(name, one) for name, one in found.items()])


@router.get("/release-components/{name}")
def get_release_component(asked: Viewer, name: str) -> ComponentDocument:
    """One component."""
    with asked.read() as tx:
        return component_document(name, find_component(tx, name))


@router.get("/release-components/{name}/versions")
def get_release_component_versions(
    asked: Developer,
    name: str,
    *,
    channel: Annotated[str, Query(description="By this channel's rule.")] = "",
) -> VersionsView:
    """What its registry has of it now, the newest first, by the rule of the channel or its own."""
    with asked.read() as tx:
        component = find_component(tx, name)
    rule = rule_of(component, Pick(channel=channel), name)
    place = tags_at(registries_of(asked), images_of(component, rule))
    found = versions_among(place.tags, rule)
    return VersionsView(
        component=name,
        channel=channel or None,
        versions=[TagVersion(tag=one.tag, version=one.version) for one in found[:_SHOWN_MAX]],
        more=len(found) > _SHOWN_MAX,
        others=len(place.tags) - len(found),
        image=place.image,
        silent=list(place.silent),
    )


@router.get("/release-templates")
def get_release_templates(asked: Viewer) -> Page[TemplateDocument]:
    """Templates of releases by name."""
    with asked.read() as tx:
        found = list_templates(tx)
    return Page(items=[template_document(name, one) for name, one in found.items()])


def registries_of(asked: Asked) -> OpenTagged:
    """How who asks reaches registries."""
    roles = frozenset(role.value for role in asked.principal.roles)
    return lambda host: asked.services.outside.registry(host, roles)
