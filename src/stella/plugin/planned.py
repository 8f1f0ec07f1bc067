"""Whether a plugin that a plan names is still what it was when the plan was approved."""

from collections.abc import Iterator, Mapping

from stella.kernel import Remedy
from stella.plugin.contract.core import Capability
from stella.plugin.manifest import covers
from stella.plugin.order import PluginReference
from stella.plugin.refusals import PluginNotAsPlanned
from stella.plugin.store import Choice, list_choices, list_versions
from stella.record.transaction import Tx


def refuse_unplanned(tx: Tx, planned: PluginReference, *, exactly: bool = False) -> None:
    """Return where it may do today what was planned: it is switched on, the version is here and from
    the same wheel, and it is granted all that the plan says. Another version may be used by now.

    exactly: and nothing more. Raises PluginNotAsPlanned with every reason.
    """
    choice = list_choices(tx).get(planned.name)
    wheels = {one.version: one.wheel for one in list_versions(tx, planned.name)}
    reasons = [*_reasons(choice, wheels, planned), *_grant_reasons(choice, planned, exactly)]
    if reasons:
        raise PluginNotAsPlanned(
            f"the plugin {planned.name} {planned.version} is not what was planned: "
            f"{'; '.join(reasons)}",
            remedy=Remedy(
                "See what was decided about it; then promote again.",
                f"stella plugin show {planned.name}",
            ),
            plugin=planned.name,
            version=planned.version,
            reasons=reasons,
        )


def _reasons(
    choice: Choice | None, wheels: Mapping[str, str], planned: PluginReference
) -> Iterator[str]:
    if choice is None or not choice.is_enabled:
        yield "it is switched off"
    wheel = wheels.get(planned.version)
    if wheel is None:
        yield "that version was removed"
    elif wheel != planned.wheel.text:
        yield "that version comes from another wheel now"


def _grant_reasons(choice: Choice | None, planned: PluginReference, exactly: bool) -> Iterator[str]:
    now: dict[Capability, tuple[str, ...]] = {
        one.capability: one.hosts for one in (choice.granted if choice else None) or ()
    }
    for need in planned.granted:
        name, hosts = need.capability.value, now.get(need.capability)
        if hosts is None:
            yield f"it is not granted {name} any more"
        elif exactly and set(hosts) != set(need.hosts):
            yield f"it is granted {name} for other hosts now"
        elif hosts and not need.hosts:
            yield f"it is granted {name} for fewer hosts now"
        elif hosts:
            lost = [one for one in need.hosts if one not in hosts and not _is_covered(one, hosts)]
            if lost:
                yield f"it is not granted {name} to {', '.join(lost[:10])} any more"


def _is_covered(host: str, hosts: tuple[str, ...]) -> bool:
    return any(covers(one, host) for one in hosts)
