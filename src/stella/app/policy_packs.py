"""The documents of a plugin's policy packs, as it gives them now."""

from collections.abc import Callable
from dataclasses import dataclass

from stella.app.plugin_host import PluginHost
from stella.kernel import Remedy
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.core import Kind, Manifest
from stella.plugin.contract.policy_pack import PackDocument
from stella.plugin.crossing import errored
from stella.plugin.refusals import UnknownPlugin

_DOCUMENTS_MAX = 100
_BYTES_MAX = 1024 * 1024
_NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class PackReader:
    """Asks packs for their documents. connect: to the hosts that a manifest names."""

    host: PluginHost
    connect: Callable[[Manifest], Connect]

    def __call__(self, plugin: str) -> tuple[tuple[str, PackDocument], ...]:
        """(pack, document), in order. Raises UnknownPlugin where it is not used, PluginErrored."""
        used = self.host.current()
        manifest = used.loaded.get(plugin)
        if manifest is None:
            raise UnknownPlugin(
                f"there is no plugin {plugin[:80]!r} that is switched on",
                remedy=Remedy("Switch it on.", f"stella plugin enable {plugin[:80]}"),
                plugin=plugin[:80],
            )
        found: list[tuple[str, PackDocument]] = []
        for one in manifest.contributes:
            if one.kind is Kind.POLICY_PACK:
                pack = used.connected(one.kind, one.name)(Connection("", self.connect(manifest)))
                found += [(one.name, document) for document in pack.documents()]
        faults = _fault(found)
        if faults:
            raise errored(plugin, "documents", faults)
        return tuple(found)


def _fault(found: list[tuple[str, PackDocument]]) -> str:
    if len(found) > _DOCUMENTS_MAX:
        return f"it has more than {_DOCUMENTS_MAX} documents"
    if sum(len(document.text.encode()) for _, document in found) > _BYTES_MAX:
        return f"its documents have more than {_BYTES_MAX >> 20} MiB"
    for _, document in found:
        if not document.name.isprintable() or not 0 < len(document.name) <= _NAME_MAX:
            return "a document has a name that cannot be shown"
    return ""
