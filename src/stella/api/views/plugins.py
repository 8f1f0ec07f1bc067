"""Plugins, as the API shows them."""

from collections.abc import Sequence
from typing import Any

from stella.api.services import Services
from stella.api.views.base import View
from stella.plugin.contract.core import Contribution, Need
from stella.plugin.store import Choice


class NeedView(View):
    """A capability that a plugin asks for."""

    capability: str
    hosts: list[str]


class CredentialView(View):
    """A secret that a connection needs, given by reference."""

    name: str
    title: str
    required: bool


class ContributionView(View):
    """One thing that a plugin brings. config_schema: JSON Schema of its configuration, of a step its
    inputs. output_schema: of what a step leaves; empty where there is none. schemes: what its endpoint
    may begin with; none where it has no endpoint. uses: of a step, the inputs that name an
    integration, and of which kind.
    """

    kind: str
    name: str
    title: str
    config_schema: dict[str, Any]
    output_schema: dict[str, Any]
    credentials: list[CredentialView]
    schemes: list[str]
    uses: dict[str, str]


class PackDocumentView(View):
    """One document of a policy pack, as ``stella apply`` takes it. name: of the file, for people."""

    pack: str
    name: str
    text: str


class PluginView(View):
    """An installed plugin.

    state: "loaded", "refused", or "off" for one that is not switched on. reasons: every one, where it
    is refused. version: the one that is used, or that was chosen last; null where none was chosen.
    versions: those that were installed as wheels, the newest last. runs: "here", in the server's
    process, or "apart", in processes of its own. granted: null where nobody has decided.
    """

    name: str
    state: str
    reasons: list[str]
    version: str | None = None
    publisher: str | None = None
    title: str | None = None
    sdk: int | None = None
    runs: str
    versions: Sequence[str] = ()
    granted: Sequence[NeedView] | None = None
    needs: Sequence[NeedView] = ()
    contributes: Sequence[ContributionView] = ()


def plugin_view(
    services: Services, name: str, choice: Choice | None, versions: Sequence[str]
) -> PluginView:
    """choice: what was decided; None where nothing was. versions: installed as wheels."""
    plugging = services.plugging
    is_beside = name in plugging.beside.loaded or not versions
    version = choice.version if choice else ""
    shown = version or ("" if is_beside else versions[-1])
    manifest = plugging.manifest(name, shown)
    reasons = next((one.reasons for one in services.plugins.refused if one.name == name), ())
    state = "refused" if reasons else "loaded" if name in services.plugins.loaded else "off"
    granted = None if choice is None or choice.granted is None else _needs(choice.granted)
    return PluginView(
        name=name,
        state=state,
        reasons=list(reasons),
        version=manifest.version if manifest and (is_beside or version) else None,
        publisher=manifest.publisher if manifest else None,
        title=manifest.title if manifest else None,
        sdk=manifest.sdk if manifest else None,
        runs="here" if is_beside else "apart",
        versions=list(versions),
        granted=granted,
        needs=_needs(manifest.needs) if manifest else [],
        contributes=[_contribution(one) for one in manifest.contributes] if manifest else [],
    )


def _needs(needs: Sequence[Need]) -> list[NeedView]:
    return [NeedView(capability=one.capability.value, hosts=list(one.hosts)) for one in needs]


def _contribution(value: Contribution) -> ContributionView:
    return ContributionView(
        kind=value.kind.value,
        name=value.name,
        title=value.title,
        config_schema=dict(value.config_schema),
        uses={name: kind.value for name, kind in value.uses.items()},
        output_schema=dict(value.output_schema),
        credentials=[
            CredentialView(name=one.name, title=one.title, required=one.required)
            for one in value.credentials
        ],
        schemes=list(value.schemes),
    )
