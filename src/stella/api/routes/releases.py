"""Releases."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Developer, Limit, after_of, look, page
from stella.api.routes.components import registries_of
from stella.api.views.base import Body, Page
from stella.api.views.components import ReleasePreview, preview_view
from stella.api.views.releases import ReleaseDiff, ReleaseView, diff_releases, release_view
from stella.record import Tx
from stella.release.components.make import make_release, pick, preview_release, read_recipe
from stella.release.create import checked_release, create_release, resolve_components
from stella.release.store import find_release, list_releases
from stella.release.withdraw import withdraw_release

router = APIRouter(prefix="/releases", tags=["releases"])


class NewRelease(Body):
    """A release to seal. components: name -> image reference, by tag or digest. channel: "" for none."""

    name: str
    version: str
    components: dict[str, str]
    channel: str = ""


class FromTemplate(Body):
    """A release to make of the newest that a template allows. versions: component -> by hand.

    channel: in place of the template's.
    """

    template: str
    versions: dict[str, str] = Field(default_factory=dict)
    channel: str = ""


class Reason(Body):
    """Why."""

    reason: str


@router.get("")
def get_releases(
    asked: Viewer,
    *,
    name: str | None = None,
    q: Annotated[str | None, Query(description="Part of a name and version.")] = None,
    component: Annotated[str | None, Query(description="Name of one that it holds.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReleaseView]:
    """Releases, the newest first."""
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_releases(
            tx, name=name, part=q, component=component, after=after_of(cursor), limit=limit
        )
        return page(rows, limit, lambda one: release_view(looking, one), lambda one: one.id)


@router.post("", status_code=201, response_model=ReleaseView)
def post_release(asked: Developer, body: NewRelease) -> Response:
    """Resolve each reference to a digest, once, and seal the set."""
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    checked_release(body.name, body.version, body.components, body.channel)
    components = resolve_components(registries_of(asked), body.components)

    def do(tx: Tx) -> ReleaseView:
        made = create_release(
            tx,
            asked.services.blobs,
            name=body.name,
            version=body.version,
            components=components,
            channel=body.channel,
        )
        return release_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/from-template", status_code=201, response_model=ReleaseView)
def post_from_template(asked: Developer, body: FromTemplate) -> Response:
    """Pick a version of each component, resolve it to a digest, and seal the set under the next version."""
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    with asked.read() as tx:
        recipe = read_recipe(tx, body.template)
    picked = pick(recipe, registries_of(asked), body.versions)

    def do(tx: Tx) -> ReleaseView:
        made = make_release(tx, asked.services.blobs, recipe, picked, channel=body.channel)
        return release_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/from-template/preview")
def preview_from_template(asked: Developer, body: FromTemplate) -> ReleasePreview:
    """What making it now would seal: versions, digests, and what is new. Nothing is stored."""
    with asked.read() as tx:
        recipe = read_recipe(tx, body.template)
    picked = pick(recipe, registries_of(asked), body.versions)
    with asked.read() as tx:
        preview = preview_release(tx, recipe, picked, channel=body.channel)
        before = next(iter(list_releases(tx, name=recipe.name, limit=1)), None)
    return preview_view(recipe, picked, preview, before)


@router.get("/{release}")
def get_release(asked: Viewer, release: str) -> ReleaseView:
    """One release, by id or name@version."""
    with asked.read() as tx:
        return release_view(look(asked, tx), find_release(tx, release))


@router.post("/{release}/withdraw", response_model=ReleaseView)
def post_withdrawal(asked: Developer, release: str, body: Reason) -> Response:
    """Let it be promoted no more."""

    def do(tx: Tx) -> ReleaseView:
        return release_view(look(asked, tx), withdraw_release(tx, release, body.reason))

    return asked.once(do)


@router.get("/{release}/diff/{other}")
def get_diff(asked: Viewer, release: str, other: str) -> ReleaseDiff:
    """What changes from one release to the other: digests, packages, findings."""
    with asked.read() as tx:
        return diff_releases(look(asked, tx), find_release(tx, release), find_release(tx, other))
