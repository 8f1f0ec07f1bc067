"""Has each image the platforms that its component asks for?"""

from collections.abc import Iterable, Mapping

from stella.image import covers
from stella.kernel import Remedy
from stella.release.components.model import Component
from stella.release.errors import PlatformMissing
from stella.release.model import ReleaseComponent


def refuse_missing_platforms(
    images: Iterable[ReleaseComponent], known: Mapping[str, Component]
) -> None:
    """Return where none lacks one. known: by name; of others nothing is asked.

    Raises PlatformMissing with every image that does.
    """
    told, first = [], None
    for one in images:
        wanted = known[one.name].platforms if one.name in known else ()
        offered = [each.platform for each in one.platforms]
        missing = [each for each in wanted if not any(covers(each, other) for other in offered)]
        if missing:
            has = ", ".join(offered) or "none"
            told.append(f"{one.reference} has no {', '.join(missing)}; it has {has}")
            first = first or (one.name, missing, offered)
    if first is not None:
        name, missing, offered = first
        raise PlatformMissing(
            "; ".join(told[:20]),
            remedy=Remedy("Build it for every platform that the component needs."),
            component=name,
            missing=missing,
            offered=offered,
        )
