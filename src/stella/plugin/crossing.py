"""Refusals as data, and again as refusals: bounded, and never more than a connector may say."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from stella.kernel import Json, MalformedDigest, Remedy, StellaError
from stella.plugin import refusals
from stella.plugin.calls import Refused
from stella.plugin.refusals import PluginErrored

_TEXT_MAX = 2000
_FACTS_BYTES_MAX = 16 * 1024
_FACTS_DEPTH_MAX = 8
_SECRET_LENGTH_MIN = 4


def _crossing() -> Iterator[tuple[str, type[StellaError]]]:
    """What a connector may refuse with. What the host itself says of plugins is not among it."""
    for one in (*vars(refusals).values(), MalformedDigest):
        if not isinstance(one, type) or not issubclass(one, StellaError) or one is StellaError:
            continue
        if not one.code.startswith("ST-PLG-") or one is refusals.PluginBroken:
            yield one.code, one


_REFUSALS: Mapping[str, type[StellaError]] = dict(_crossing())


def refused(error: StellaError, *, echo: int | None = None) -> Refused:
    """A refusal as it crosses."""
    facts = error.problem()["facts"]
    assert isinstance(facts, dict)
    return Refused(
        error.code,
        bounded_text(str(error)),
        bounded_text(error.remedy.advice),
        None if error.remedy.command is None else bounded_text(error.remedy.command),
        bounded_facts(facts),
        echo,
    )


def refusal_of(said: Refused) -> StellaError | None:
    """The same refusal again; None where no connector may refuse with that."""
    kind = _REFUSALS.get(said.code)
    return None if kind is None else _made(kind, said)


def wordless(refusal: StellaError) -> StellaError:
    """The same refusal in our words: what a plugin that reads secrets says may hold one."""
    kind = type(refusal)
    meaning = (kind.__doc__ or kind.__name__).partition("\n")[0]
    return kind(meaning, remedy=Remedy("Test the integration; see that its credentials suffice."))


def host_refusal(said: Refused) -> StellaError:
    """A refusal of the host, in the child: also one that plugins do not know by name."""
    kind = _REFUSALS.get(said.code) or type("HostRefused", (StellaError,), {"code": said.code})
    error = _made(kind, said)
    error.__cause__ = Echo(said.echo)
    return error


class Echo(Exception):
    """Stands behind a refusal that came from the host, and says which one it is."""

    def __init__(self, number: int | None) -> None:
        super().__init__(number)
        self.number = number


def _made(kind: type[StellaError], said: Refused) -> StellaError:
    command = None if said.command is None else bounded_text(said.command)
    error = kind(bounded_text(said.message), remedy=Remedy(bounded_text(said.advice), command))
    error.facts = dict(bounded_facts(said.facts))
    return error


def errored(plugin: str, method: str, why: str) -> PluginErrored:
    """How a call ends that a plugin did not answer as agreed."""
    told = bounded_text(why, 300)
    return PluginErrored(
        f"the plugin {plugin} errored in {method}: {told}",
        remedy=Remedy("Try again; if it stays, ask its publisher, or take the version before."),
        plugin=plugin,
        method=method,
        why=told,
    )


def bounded_text(text: str, most: int = _TEXT_MAX) -> str:
    """The beginning of what a stranger says, without what would steer a terminal."""
    kept = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in kept)


def bounded_facts(facts: Mapping[str, Json]) -> Mapping[str, Json]:
    """The facts, or none where they are too many or too deep."""
    try:
        is_small = len(msgspec.json.encode(facts)) <= _FACTS_BYTES_MAX
    except (ValueError, TypeError, RecursionError):
        is_small = False
    return facts if is_small and _is_flat(facts, _FACTS_DEPTH_MAX) else {}


def _is_flat(value: Json, depth: int) -> bool:
    if not isinstance(value, Mapping | list | tuple):
        return True
    inside = value.values() if isinstance(value, Mapping) else value
    return depth > 0 and all(_is_flat(one, depth - 1) for one in inside)


def masked(text: str, secrets: Iterable[str]) -> str:
    """``text`` without the secrets that are long enough to be told from other text."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SECRET_LENGTH_MIN:
            text = text.replace(secret, "***")
    return text
