"""Components and templates of releases."""

from stella.api.views.base import View
from stella.release.components.model import Component, Rule, Template


class VersionRuleView(View):
    """Which tags are versions. range: of node-semver, empty for all."""

    tag: str
    range: str
    prereleases: bool


class ComponentDocument(View):
    """One component as it was applied. platforms: empty for any."""

    name: str
    image: str
    versions: VersionRuleView
    channels: dict[str, VersionRuleView]
    platforms: list[str]


class TagVersion(View):
    """A tag that is a version."""

    tag: str
    version: str


class VersionsView(View):
    """What a component's registry has of it. others: how many of its tags are no such version."""

    component: str
    channel: str | None
    versions: list[TagVersion]
    more: bool
    others: int


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
        versions=_rule(component.versions),
        channels={channel: _rule(rule) for channel, rule in sorted(component.channels.items())},
        platforms=list(component.platforms),
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
    return VersionRuleView(tag=rule.tag, range=rule.range, prereleases=rule.prereleases)
