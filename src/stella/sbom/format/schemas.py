"""The schemas and grammars that documents are checked against, read when they are first needed."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator, ValidationError

JSON_VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
XML_VERSIONS = ("1.4", "1.5", "1.6", "1.7")
_SHARED = ("spdx", "jsf-0.82", "cryptography-defs")


@cache
def schema_table(name: str) -> Any:
    """The package's file ``name``.json as plain values; nobody changes them."""
    return msgspec.json.decode(
        files("stella.sbom.format.schema").joinpath(f"{name}.json").read_bytes()
    )


@cache
def json_validator(version: str) -> "Draft7Validator":
    """What judges CycloneDX JSON of ``version``, formats (uri, date-time) included. Asks no network."""
    from jsonschema_rs import Draft7Validator, Registry

    shared = [schema_table(name) for name in _SHARED]
    registry = Registry([(one["$id"], one) for one in shared])
    return Draft7Validator(
        schema_table(f"cyclonedx-{version}"),
        registry=registry,
        validate_formats=True,
        mask="the value",
    )


def fault_text(fault: "ValidationError") -> str:
    """What is wrong, and where; the document's own values stay out of it."""
    place = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in fault.instance_path
    )
    return f"{fault.message[:300]} - at `${place}`"
