"""Components and templates of releases."""

from stella.api.views.base import View
from stella.release.components.model import Component, Rule, Template
from stella.release.components.told import ToldVersion


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
