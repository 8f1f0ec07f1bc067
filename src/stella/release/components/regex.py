"""Regular expressions of strangers: in time that grows with the text alone, whatever they say.

Python's own would take for ever at ``(a|a)*b``. These are of Rust's crate ``regex``, which has no
look-around and no back-references.
"""

from collections.abc import Callable

_PROGRAM_BYTES_MAX = 1_000_000


def is_regex(text: str) -> bool:
    """Whether it is one, and none that becomes too large."""
    import jsonschema_rs

    try:
        found_in(text)
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


def found_in(text: str) -> Callable[[str], bool]:
    """Whether it is found anywhere in a tag. text: one that ``is_regex``."""
    import jsonschema_rs  # takes a moment, and few need it

    options = jsonschema_rs.RegexOptions(size_limit=_PROGRAM_BYTES_MAX)
    schema = {"type": "string", "pattern": text}
    return jsonschema_rs.validator_for(schema, pattern_options=options).is_valid
