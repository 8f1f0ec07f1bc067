"""Where the images of a component lie: one repository, then its mirrors, which hold the same ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stella.hub.errors import TooManyRequests
from stella.image import ImageSource, parse_reference, resolve
from stella.kernel import Fault, Remedy, StellaError
from stella.plugin.refusals import ImageNotFound
from stella.release.components.model import Component, Rule
from stella.release.errors import PlacesDiffer
from stella.release.model import ReleaseComponent

_SILENT = frozenset({Fault.UNAVAILABLE, Fault.TIMED_OUT})


def _is_silence(refusal: StellaError) -> bool:
    """Our own limit of requests is no silence of theirs: whoever uses it up would choose the mirror."""
    return refusal.fault in _SILENT and not isinstance(refusal, TooManyRequests)


class Tagged(ImageSource, Protocol):
    """A registry that says which tags a repository has."""

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag, sorted; empty where the repository does not exist."""
        ...


OpenTagged = Callable[[str], Tagged]
"""Registry host -> connector."""


@dataclass(frozen=True, slots=True)
class Found:
    """image: the first repository that answered, and all of its ``tags``. silent: those before it."""

    image: str
    tags: tuple[str, ...]
    silent: tuple[str, ...] = ()


def images_of(component: Component, rule: Rule) -> tuple[str, ...]:
    """The repositories in which ``rule`` looks, in the order in which they are asked."""
    if rule.image:
        return rule.image, *rule.mirrors
    return component.image, *component.mirrors


def tags_at(open_registry: OpenTagged, images: Sequence[str]) -> Found:
    """The tags of the first that answers, whatever it answers. Raises what the last one refuses."""
    silent = list[str]()
    for image in images:
        place = parse_reference(image)
        try:
            return Found(image, open_registry(place.host).tags(place.repository), tuple(silent))
        except StellaError as refusal:
            if not _is_silence(refusal) or image == images[-1]:
                raise
            silent.append(image)
    raise AssertionError("a component has a repository")


def refuse_other_digests(
    open_registry: OpenTagged, taken: ReleaseComponent, others: Sequence[str]
) -> None:
    """Return where no other repository names another image by that tag. Raises PlacesDiffer.

    One that has not the tag yet, or does not answer, says nothing against it: what is sealed is the
    digest, and a digest is the same image wherever it is pulled from.
    """
    for image in others:
        reference = parse_reference(f"{image}:{taken.tag}")
        try:
            other = resolve(open_registry(reference.host), reference).digest.text
        except ImageNotFound:
            continue
        except StellaError as refusal:
            if _is_silence(refusal):
                continue
            raise
        if other != taken.digest:
            raise PlacesDiffer(
                f"{taken.reference} is {taken.digest[:19]}, and {reference} is {other[:19]}",
                remedy=Remedy("Find out which was pushed over; mirrors hold the same images."),
                component=taken.name,
                digests={taken.reference: taken.digest, str(reference): other},
            )
