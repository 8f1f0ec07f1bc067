"""Lifecycles."""

from typing import Annotated

from fastapi import APIRouter, Query

from stella.api.asked import Viewer
from stella.api.looking import look
from stella.api.views.base import Page
from stella.api.views.lifecycles import LifecycleView, lifecycle_view
from stella.environment.lifecycles.store import find_lifecycle, list_lifecycles
from stella.release.store import find_release

router = APIRouter(prefix="/lifecycles", tags=["environments"])


@router.get("")
def get_lifecycles(asked: Viewer) -> Page[LifecycleView]:
    """Lifecycles, by name."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(
            items=[lifecycle_view(looking, name, one) for name, one in list_lifecycles(tx).items()]
        )


@router.get("/{name}")
def get_lifecycle(
    asked: Viewer,
    name: str,
    release: Annotated[
        str | None, Query(description="Say where this release stands: its id, or name@version.")
    ] = None,
) -> LifecycleView:
    """One lifecycle."""
    with asked.read() as tx:
        found = find_lifecycle(tx, name)
        wanted = None if release is None else find_release(tx, release)
        return lifecycle_view(look(asked, tx), name, found, wanted)
