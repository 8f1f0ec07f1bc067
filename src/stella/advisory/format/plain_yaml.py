"""YAML of strangers, as plain texts, lists and mappings: no tags, no aliases, no depths."""

from typing import Any

import yaml

_BYTES_MAX = 1 << 20
_DEPTH_MAX = 20
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class UnreadableYaml(ValueError):
    """Not YAML, or more than a feed's document needs."""


def plain_yaml(content: bytes) -> object:
    """The document; every scalar is a text. Raises UnreadableYaml."""
    if len(content) > _BYTES_MAX:
        raise UnreadableYaml(f"more than {_BYTES_MAX} bytes")
    depth = 0
    try:
        # An alias of a list of aliases has no bounds; nor has what is composed by recursion.
        for event in yaml.parse(content, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                raise UnreadableYaml("aliases are not followed")
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH_MAX:
                raise UnreadableYaml(f"deeper than {_DEPTH_MAX}")
        return yaml.load(content, Loader=_Loader)  # noqa: S506 - BaseLoader makes texts alone
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableYaml(" ".join(str(error).split())[:120]) from None
