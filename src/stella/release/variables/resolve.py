"""Which variable counts at a place, which others it beat, and what a configuration becomes by it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stella.kernel import Json
from stella.release.variables.model import NAME_FORM, ORDER, Variable

# ``$${{`` stands for itself; whatever else begins so has to be a whole placeholder.
_PLACEHOLDER = re.compile(
    r"\$\$\{\{|\$\{\{[ ]*vars\.(?P<name>" + NAME_FORM + r")[ ]*\}\}|(?P<broken>\$\{\{)"
)
_SERVICES = "services"
FILLED_MAX = 1 << 20
"""Characters that variables bring into one configuration."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is wanted. target, component: empty where it is for no one in particular.

    channel: of the release, empty for none.
    """

    release: str
    environment: str
    target: str = ""
    labels: frozenset[str] = frozenset()
    component: str = ""
    channel: str = ""

    def has(self, variable: Variable) -> bool:
        """Whether the variable counts here."""
        when = variable.when
        return (
            (not when.release or self.release in when.release)
            and (not when.environment or self.environment in when.environment)
            and (not when.target or self.target in when.target)
            and (not when.label or not self.labels.isdisjoint(when.label))
            and (not when.component or self.component in when.component)
            and (not when.channel or self.channel in when.channel)
        )


def label_texts(labels: Mapping[str, Json]) -> frozenset[str]:
    """A target's labels as scopes name them: ``key=value``."""
    return frozenset(f"{key}={value}" for key, value in labels.items())


@dataclass(frozen=True, slots=True)
class Answer:
    """What one name stands for at a place. beaten: what counts there too, the most exact first.

    rivals: others as exact as ``won`` that say something else; then nothing is used.
    """

    name: str
    won: Variable
    beaten: tuple[Variable, ...] = ()
    rivals: tuple[Variable, ...] = ()

    @property
    def why(self) -> str:
        """Why it won, or why nothing did."""
        if self.rivals:
            groups = ", ".join(sorted({one.group for one in (self.won, *self.rivals)}))
            return f"as exact as each other, and unlike: {scope_text(self.won)} of {groups}"
        if not self.beaten:
            return f"the only one that counts here: {scope_text(self.won)}"
        other = self.beaten[0]
        return f"{scope_text(self.won)} is more exact than {scope_text(other)}"


@dataclass(slots=True)
class Filled:
    """A configuration with its values. missing: names that stand for nothing; unlike: see ``Answer``.

    torn: placeholders that cannot be read, and secrets that do not stand alone. size: characters that
    were filled in; what goes beyond ``FILLED_MAX`` is left as it stands, and is a fault.
    """

    config: dict[str, Json] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    unlike: set[str] = field(default_factory=set)
    torn: set[str] = field(default_factory=set)
    size: int = 0

    @property
    def faults(self) -> list[str]:
        """Each reason why it cannot be used."""
        return [
            *(f"no variable {name} counts there" for name in sorted(self.missing)),
            *(f"variables {why}" for why in sorted(self.unlike)),
            *sorted(self.torn),
        ]


def answers(variables: Sequence[Variable], place: Place) -> dict[str, Answer]:
    """What every name stands for at ``place``, by name; a name that stands for nothing is left out."""
    found: dict[str, list[Variable]] = {}
    for one in variables:
        if place.has(one):
            found.setdefault(one.name, []).append(one)
    return {name: _answer(name, found[name]) for name in sorted(found)}


def fill(config: Mapping[str, Json], variables: Sequence[Variable], place: Place) -> Filled:
    """``config`` with each ``${{ vars.NAME }}`` replaced, below ``services.NAME`` by component."""
    filled = Filled()
    known: dict[str, dict[str, Answer]] = {}

    def at(component: str) -> dict[str, Answer]:
        if component not in known:
            known[component] = answers(variables, replace(place, component=component))
        return known[component]

    def walk(value: Json, component: str, path: tuple[str, ...]) -> Json:
        if isinstance(value, str):
            return _replaced(value, at(component), filled)
        if isinstance(value, Mapping):
            inside = bool(path) and path[-1] == _SERVICES
            return {
                key: walk(one, key if inside and not component else component, (*path, key))
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [walk(one, component, (*path, "")) for one in value]
        return value

    filled.config = {key: walk(value, place.component, (key,)) for key, value in config.items()}
    return filled


def torn_places(value: Json, path: str = "config") -> Iterator[str]:
    """Where something begins like a placeholder and is none."""
    if isinstance(value, str):
        if any(hit["broken"] for hit in _PLACEHOLDER.finditer(value)):
            yield f"{path}: ${{{{ begins a placeholder: write ${{{{ vars.NAME }}}}, or $${{{{"
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from torn_places(one, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from torn_places(one, f"{path}[{number}]")


def scope_text(variable: Variable) -> str:
    """Where it counts, for people."""
    parts = [
        f"{key} {' or '.join(listed)}" for key in ORDER if (listed := getattr(variable.when, key))
    ]
    return ", ".join(parts) or "everywhere"


def _answer(name: str, found: Iterable[Variable]) -> Answer:
    ordered = sorted(found, key=lambda one: one.rank, reverse=True)
    won, *rest = ordered
    rivals = tuple(one for one in rest if one.rank == won.rank and one.text != won.text)
    return Answer(name, won, tuple(one for one in rest if one.rank != won.rank), rivals)


def _replaced(text: str, known: Mapping[str, Answer], filled: Filled) -> str:
    def one(hit: re.Match[str]) -> str:
        name = hit["name"]
        if name is None:
            if hit["broken"]:
                filled.torn.add("a placeholder begins with ${{ and is none")
                return hit[0]
            return "${{"
        answer = known.get(name)
        if answer is None:
            filled.missing.add(name)
        elif answer.rivals:
            filled.unlike.add(f"{name} are {answer.why}")
        elif answer.won.secret is not None and hit[0] != text:
            filled.torn.add(f"{name} is a secret, and stands for a whole value alone")
        elif filled.size + len(answer.won.text) > FILLED_MAX:
            filled.torn.add(f"with its variables it has more than {FILLED_MAX >> 20} Mi characters")
        else:
            filled.size += len(answer.won.text)
            return answer.won.text
        return hit[0]

    return _PLACEHOLDER.sub(one, text)
