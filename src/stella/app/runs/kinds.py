"""The types of steps of this server: the engine's own, the release's, and those of plugins."""

from collections.abc import Callable

from stella.app.runs.acts.table import ACTS
from stella.deployment.plan import PluginOf
from stella.kernel import Json
from stella.plugin import Plugins
from stella.plugin.contract.core import Kind
from stella.workflow.definition.kinds import NATIVE, Kinds, StepKind, Way

_OURS: Kinds = {**NATIVE, **{name: act.kind for name, act in ACTS.items()}}


def kinds_of(plugins: Callable[[], Plugins], plugin_of: PluginOf) -> Kinds:
    """All that there are at this moment. plugin_of: the wheel and the grants of who brings one.

    A plugin's step that has the name of one of ours is not seen: what a workflow says stays true.
    """
    used = plugins()
    found = {
        contribution.name: StepKind(
            contribution.name,
            Way.CALL,
            contribution.title,
            input_schema=contribution.config_schema,
            output_schema=contribution.output_schema,
            pin=_pin(used, plugin_of, contribution.name),
            attempts_max=used.owner(Kind.STEP, contribution.name).limits.attempts_max,
            can_undo=True,
            comes_with=used.owner(Kind.STEP, contribution.name).name,
        )
        for (kind, _), contribution in used.brought().items()
        if kind is Kind.STEP
    }
    return {**found, **_OURS}


def _pin(used: Plugins, plugin_of: PluginOf, name: str) -> dict[str, Json]:
    owner, wheel = used.owner(Kind.STEP, name), plugin_of(Kind.STEP, name)
    if wheel is None:
        return {"plugin": owner.name, "version": owner.version}
    granted = {one.capability.value: [*one.hosts] for one in wheel.granted}
    return {
        "plugin": owner.name,
        "version": wheel.version,
        "wheel": wheel.wheel.text,
        "granted": granted,
    }
