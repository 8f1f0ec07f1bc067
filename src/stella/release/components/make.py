"""Make a release of what a template says: versions are picked outside, the number is given inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from stella.blob import Blobs
from stella.kernel import Remedy
from stella.record.transaction import Tx
from stella.release.components.choose import Version, choose, rule_of
from stella.release.components.model import COUNTER, HOLES, Component, Pick, Template
from stella.release.components.places import (
    Found,
    OpenTagged,
    images_of,
    refuse_other_digests,
    tags_at,
)
from stella.release.components.platforms import refuse_missing_platforms
from stella.release.components.store import (
    count_so_far,
    find_component,
    find_template,
    list_components,
    next_count,
)
from stella.release.components.told import ToldVersion, told_among, told_versions
from stella.release.create import checked_release, create_release, resolve_components, taken
from stella.release.errors import MalformedRelease
from stella.release.model import Release, ReleaseComponent
from stella.release.store import exists

_TRIES_MAX = 1000
_HOLE = "{" + COUNTER + "}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A template with the components that it is of, as they were read in one transaction.

    told: component -> the versions that were told of it.
    """

    name: str
    template: Template
    components: dict[str, Component]
    told: dict[str, tuple[ToldVersion, ...]]

    def told_for(self, name: str) -> list[Version]:
        """Those of a component that count by the rule by which it is picked."""
        component, chosen = self.components[name], self.template.components[name]
        images = images_of(component, rule_of(component, chosen, name))
        return told_among(self.told[name], chosen.channel, images)


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked of each component, and what that names."""

    versions: dict[str, Version]
    components: tuple[ReleaseComponent, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """How a release would be called. channel: empty for none."""

    version: str
    channel: str


def read_recipe(tx: Tx, name: str) -> Recipe:
    """Raises UnknownComponent."""
    template = find_template(tx, name)
    known = list_components(tx)
    components = {one: known[one] for one in template.components}
    return Recipe(name, template, components, {one: told_versions(tx, one) for one in components})


def pick(recipe: Recipe, open_registry: OpenTagged, by_hand: Mapping[str, str]) -> Picked:
    """The newest version of each component that the template allows. No transaction is open.

    by_hand: component -> version or tag, in place of the newest. Raises MalformedRelease for a name
    that the template has not, NoSuchVersion, PlatformMissing, PlacesDiffer, and what a registry
    refuses.
    """
    strange = sorted(set(by_hand) - set(recipe.components))
    if strange:
        raise MalformedRelease(
            f"{recipe.name} has no component {strange[0][:80]!r}",
            remedy=Remedy(f"It has {', '.join(sorted(recipe.components))}."),
            components=sorted(recipe.components),
        )
    versions, places, references = dict[str, Version](), dict[str, Found](), dict[str, str]()
    for name, component in sorted(recipe.components.items()):
        wanted = recipe.template.components[name]
        images = images_of(component, rule_of(component, wanted, name))
        places[name] = found = tags_at(open_registry, images)
        told, asked_for = recipe.told_for(name), by_hand.get(name, "")
        versions[name] = one = choose(component, wanted, name, found.tags, asked_for, told=told)
        references[name] = one.told or f"{found.image}:{one.tag}"
    components = resolve_components(open_registry, references)
    refuse_missing_platforms(components, recipe.components)
    for image in components:
        if image.tag is None:
            continue  # told by its digest
        component, found = recipe.components[image.name], places[image.name]
        rule = rule_of(component, recipe.template.components[image.name], image.name)
        asked = {found.image, *found.silent}
        others = [one for one in images_of(component, rule) if one not in asked]
        refuse_other_digests(open_registry, image, others)
    return Picked(versions, components)


def make_release(
    tx: Tx, blobs: Blobs, recipe: Recipe, picked: Picked, *, channel: str = ""
) -> Release:
    """Seal what was picked under the template's name and its next version.

    channel: in place of the template's; empty for that.
    Raises MalformedRelease, ReleaseExists.
    """
    form, channel = _named(tx, recipe, picked, channel)
    version = form
    if _HOLE in form:
        for _ in range(_TRIES_MAX):  # a version that was given by hand is passed over
            number = next_count(tx, f"{recipe.name}@{form}")
            version = form.replace(_HOLE, str(number))
            if not exists(tx, recipe.name, version):
                break
    return create_release(
        tx,
        blobs,
        name=recipe.name,
        version=version,
        components=picked.components,
        channel=channel,
    )


def preview_release(tx: Tx, recipe: Recipe, picked: Picked, *, channel: str = "") -> Preview:
    """What ``make_release`` would seal now; no number is taken, so that somebody else may get it.

    Raises MalformedRelease, ReleaseExists.
    """
    form, channel = _named(tx, recipe, picked, channel)
    version = form
    if _HOLE in form:
        first = count_so_far(tx, f"{recipe.name}@{form}") + 1
        for number in range(first, first + _TRIES_MAX):
            version = form.replace(_HOLE, str(number))
            if not exists(tx, recipe.name, version):
                break
    if exists(tx, recipe.name, version):
        raise taken(recipe.name, version)
    return Preview(version, channel)


def version_alone(tx: Tx, name: str, channel: str) -> Recipe:
    """As if a template took this component alone, by the rule of ``channel`` or its own.

    Raises UnknownComponent.
    """
    template = Template({name: Pick(channel=channel)})
    return Recipe(name, template, {name: find_component(tx, name)}, {name: told_versions(tx, name)})


def _named(tx: Tx, recipe: Recipe, picked: Picked, channel: str) -> tuple[str, str]:
    """The version but for its counter, and the channel. Raises MalformedRelease."""
    channel = channel or recipe.template.channel_of_releases
    form = _filled(recipe.template.version, picked, tx.now)
    checked_release(
        recipe.name, form.replace(_HOLE, "1"), {one.name: "" for one in picked.components}, channel
    )
    return form, channel


def _filled(text: str, picked: Picked, now: datetime) -> str:
    """The version, but for its counter."""
    known = {
        **{name: one.version for name, one in picked.versions.items()},
        "year": f"{now.year}",
        "month": f"{now.month}",
        "day": f"{now.day}",
        COUNTER: _HOLE,
    }
    return HOLES.sub(lambda hole: known[hole[1]], text)
