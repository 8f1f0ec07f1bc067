"""Components and templates of releases."""

from stella.api.views.base import View
from stella.api.views.releases import ReleaseRef, release_ref
from stella.release.components.make import Picked, Preview, Recipe
from stella.release.components.model import Component, Rule, Template
from stella.release.components.told import ToldVersion
from stella.release.model import Release


class VersionRuleView(View):
    """Which tags are versions. range: of node-semver, empty for all. regex: what has to be found in a
    tag, empty for any. image, mirrors: of a channel whose images lie elsewhere.
    """

    tag: str
    range: str
    prereleases: bool
    regex: str
    image: str | None
    mirrors: list[str]


class ComponentDocument(View):
    """One component as it was applied. platforms: empty for any. mirrors: with the same images."""

    name: str
    image: str
    mirrors: list[str]
    versions: VersionRuleView
    channels: dict[str, VersionRuleView]
    platforms: list[str]


class ToldVersionView(View):
    """A version that was told. image: by digest. by: a user's id. commit, build, url: where it was built,
    as who told it says.
    """

    component: str
    channel: str | None
    version: str
    image: str
    digest: str
    commit: str | None
    build: str | None
    url: str | None
    by: str
    at: str


class TagVersion(View):
    """A tag that is a version, or a version that was ``told``, which has no tag."""

    tag: str | None
    version: str
    told: ToldVersionView | None


class VersionsView(View):
    """What a component's registry has of it. others: how many of its tags are no such version.

    image: the repository that was asked. silent: those before it, which did not answer.
    """

    component: str
    channel: str | None
    versions: list[TagVersion]
    more: bool
    others: int
    image: str
    silent: list[str]


class ResolvedView(View):
    """What one version is now, as a release would take it. tag: null where it was ``told``.

    image: the reference that was resolved. platforms: of the image.
    """

    component: str
    version: str
    tag: str | None
    told: ToldVersionView | None
    image: str
    digest: str
    platforms: list[str]


class PickedView(ResolvedView):
    """One component of a release that would be made. before: its digest in the release before."""

    before: str | None


class ReleasePreview(View):
    """What making a release by a template would seal now. Its number is given when it is made.

    before: the last release of that name, null for none. gone: components of that one that it has not.
    """

    name: str
    version: str
    channel: str
    components: list[PickedView]
    before: ReleaseRef | None
    gone: list[str]


class PickView(View):
    """Which version of a component a release takes; both empty for its own rule."""

    component: str
    channel: str
    range: str


class TemplateDocument(View):
    """How releases of that name are made."""

    name: str
    version: str
    channel: str
    components: list[PickView]


def component_document(name: str, component: Component) -> ComponentDocument:
    """A component as the API shows it."""
    return ComponentDocument(
        name=name,
        image=component.image,
        mirrors=list(component.mirrors),
        versions=_rule(component.versions),
        channels={channel: _rule(rule) for channel, rule in sorted(component.channels.items())},
        platforms=list(component.platforms),
    )


def told_view(told: ToldVersion) -> ToldVersionView:
    """A version that was told as the API shows it."""
    return ToldVersionView(
        component=told.component,
        channel=told.channel or None,
        version=told.version,
        image=f"{told.image}@{told.digest}",
        digest=told.digest,
        commit=told.commit or None,
        build=told.build or None,
        url=told.url or None,
        by=told.by,
        at=told.at,
    )


def resolved_view(recipe: Recipe, picked: Picked, name: str) -> ResolvedView:
    """What was picked of a component as the API shows it."""
    version = picked.versions[name]
    image = next(one for one in picked.components if one.name == name)
    channel = recipe.template.components[name].channel
    told = next(
        (
            one
            for one in recipe.told[name]
            if version.told and (one.version, one.channel) == (version.version, channel)
        ),
        None,
    )
    return ResolvedView(
        component=name,
        version=version.version,
        tag=version.tag or None,
        told=None if told is None else told_view(told),
        image=image.reference,
        digest=image.digest,
        platforms=[one.platform for one in image.platforms],
    )


def preview_view(
    recipe: Recipe, picked: Picked, preview: Preview, before: Release | None
) -> ReleasePreview:
    """What would be sealed as the API shows it, beside the release before."""
    digests = {} if before is None else {one.name: one.digest for one in before.components}
    return ReleasePreview(
        name=recipe.name,
        version=preview.version,
        channel=preview.channel,
        components=[
            PickedView(**resolved_view(recipe, picked, name).model_dump(), before=digests.get(name))
            for name in sorted(picked.versions)
        ],
        before=None if before is None else release_ref(before),
        gone=sorted(set(digests) - set(picked.versions)),
    )


def template_document(name: str, template: Template) -> TemplateDocument:
    """A template as the API shows it."""
    return TemplateDocument(
        name=name,
        version=template.version,
        channel=template.channel_of_releases,
        components=[
            PickView(component=component, channel=pick.channel, range=pick.range)
            for component, pick in sorted(template.components.items())
        ],
    )


def _rule(rule: Rule) -> VersionRuleView:
    return VersionRuleView(
        tag=rule.tag,
        range=rule.range,
        prereleases=rule.prereleases,
        regex=rule.regex,
        image=rule.image or None,
        mirrors=list(rule.mirrors),
    )
