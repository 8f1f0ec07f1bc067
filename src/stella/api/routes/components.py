"""Components, their versions, and the templates by which releases are made of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from stella.api.asked import Asked, Viewer
from stella.api.looking import Developer
from stella.api.views.base import Body, Page
from stella.api.views.components import (
    ComponentDocument,
    ResolvedView,
    TagVersion,
    TemplateDocument,
    ToldVersionView,
    VersionsView,
    component_document,
    resolved_view,
    template_document,
    told_view,
)
from stella.record import Tx
from stella.release.components.choose import rule_of, versions_among
from stella.release.components.make import pick, version_alone
from stella.release.components.model import Pick
from stella.release.components.places import OpenTagged, images_of, tags_at
from stella.release.components.store import find_component, list_components, list_templates
from stella.release.components.told import (
    Origin,
    resolve_told,
    tell_version,
    told_among,
    told_versions,
)

router = APIRouter(tags=["components"])

_SHOWN_MAX = 100


class NewVersion(Body):
    """A version, and its image by tag or digest. channel: "" for the component's own rule.

    commit, build, url: where it was built, as far as that is told.
    """

    version: str
    image: str
    channel: str = ""
    commit: str = ""
    build: str = ""
    url: str = ""


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
        told = told_versions(tx, name)
    rule = rule_of(component, Pick(channel=channel), name)
    place = tags_at(registries_of(asked), images_of(component, rule))
    found = versions_among(place.tags, rule, told_among(told, channel, images_of(component, rule)))
    of_tags = sum(not one.told for one in found)
    known = {one.version: told_view(one) for one in told if one.channel == channel}
    return VersionsView(
        component=name,
        channel=channel or None,
        versions=[
            TagVersion(
                tag=one.tag or None,
                version=one.version,
                told=known[one.version] if one.told else None,
            )
            for one in found[:_SHOWN_MAX]
        ],
        more=len(found) > _SHOWN_MAX,
        others=len(place.tags) - of_tags,
        image=place.image,
        silent=list(place.silent),
    )


@router.get("/release-components/{name}/versions/{version}")
def get_release_component_version(
    asked: Developer,
    name: str,
    version: str,
    *,
    channel: Annotated[str, Query(description="By this channel's rule.")] = "",
) -> ResolvedView:
    """What one version is now: the registry is asked, and all holds that holds for a release."""
    with asked.read() as tx:
        recipe = version_alone(tx, name, channel)
    return resolved_view(recipe, pick(recipe, registries_of(asked), {name: version}), name)


@router.post("/release-components/{name}/versions", status_code=201, response_model=ToldVersionView)
def post_release_component_version(asked: Developer, name: str, body: NewVersion) -> Response:
    """Say that a version of it is this image, which is resolved to its digest now, for good.

    For jobs whose tags are no versions. The same again changes nothing; another image is refused.
    """
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    with asked.read() as tx:
        component = find_component(tx, name)
    image = resolve_told(registries_of(asked), component, name, body.channel, body.image)

    def do(tx: Tx) -> ToldVersionView:
        origin = Origin(body.commit, body.build, body.url)
        told = tell_version(tx, name, body.version, image, channel=body.channel, origin=origin)
        return told_view(told)

    return asked.once(do, status=201)


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
