"""Does an OpenVEX document follow the format? Another question than whether it can be read.

Written after the specification, version 0.2.0, in our own words; a test compares the answers with those
of the published schema.
"""

from functools import cache
from typing import Any

import msgspec

_TEXT: dict[str, Any] = {"type": "string"}
_IRI: dict[str, Any] = {"type": "string", "format": "iri"}
_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
_REVISION: dict[str, Any] = {"type": "integer", "minimum": 1}
_HASHES = (
    *("md5", "sha1", "sha-256", "sha-384", "sha-512"),
    *("sha3-224", "sha3-256", "sha3-384", "sha3-512"),
    *("blake2s-256", "blake2b-256", "blake2b-512"),
)
_FAULTS_MAX = 20


def schema_faults(content: bytes) -> tuple[str, ...]:
    """Where the OpenVEX document breaks its format, "PLACE: what"; empty where it follows it.

    content: JSON that ``parse_vex`` has read.
    """
    found = []
    for error in _validator().iter_errors(msgspec.json.decode(content)):
        place = "".join(
            f"[{one}]" if isinstance(one, int) else f".{one}" for one in error.instance_path
        )
        found.append(f"{place.lstrip('.') or 'document'}: {error.message[:200]}")
        if len(found) == _FAULTS_MAX:
            break
    return tuple(sorted(set(found)))


@cache
def _validator() -> Any:
    import jsonschema_rs  # late: only who asks pays for it

    return jsonschema_rs.validator_for(_document(), validate_formats=True)


def _document() -> dict[str, Any]:
    return _closed(
        {
            "@context": {"type": "string", "format": "uri"},
            "@id": _IRI,
            "author": _TEXT,
            "role": _TEXT,
            "timestamp": _TIME,
            "last_updated": _TIME,
            "version": _REVISION,
            "tooling": _TEXT,
            "statements": {**_set_of(_statement()), "minItems": 1},
        },
        required=["@context", "@id", "author", "timestamp", "version", "statements"],
    ) | {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def _statement() -> dict[str, Any]:
    statement = _closed(
        {
            "@id": _IRI,
            "version": _REVISION,
            "vulnerability": _closed(
                {"@id": _IRI, "name": _TEXT, "description": _TEXT, "aliases": _set_of(_TEXT)},
                required=["name"],
            ),
            "timestamp": _TIME,
            "last_updated": _TIME,
            "products": _set_of(_component(has_parts=True)),
            "status": {"enum": ["not_affected", "affected", "fixed", "under_investigation"]},
            "supplier": _TEXT,
            "status_notes": _TEXT,
            "justification": {
                "enum": [
                    "component_not_present",
                    "vulnerable_code_not_present",
                    "vulnerable_code_not_in_execute_path",
                    "vulnerable_code_cannot_be_controlled_by_adversary",
                    "inline_mitigations_already_exist",
                ]
            },
            "impact_statement": _TEXT,
            "action_statement": _TEXT,
            "action_statement_timestamp": _TIME,
        },
        required=["vulnerability", "status"],
    )
    reasoned = {"anyOf": [{"required": ["justification"]}, {"required": ["impact_statement"]}]}
    statement["allOf"] = [
        _where_status("not_affected", reasoned),
        _where_status("affected", {"required": ["action_statement"]}),
    ]
    return statement


def _component(*, has_parts: bool) -> dict[str, Any]:
    identifiers = _closed({"purl": _TEXT, "cpe22": _TEXT, "cpe23": _TEXT})
    identifiers["minProperties"] = 1
    fields: dict[str, Any] = {
        "@id": _IRI,
        "identifiers": identifiers,
        "hashes": _closed(dict.fromkeys(_HASHES, _TEXT)),
    }
    if has_parts:
        fields["subcomponents"] = _set_of(_component(has_parts=False))
    component = _closed(fields)
    component["anyOf"] = [{"required": ["@id"]}, {"required": ["identifiers"]}]
    return component


def _where_status(status: str, then: dict[str, Any]) -> dict[str, Any]:
    is_so = {"properties": {"status": {"const": status}}, "required": ["status"]}
    return {"if": is_so, "then": then}


def _closed(fields: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    closed: dict[str, Any] = {"type": "object", "properties": fields, "additionalProperties": False}
    return closed | ({"required": required} if required else {})


def _set_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "uniqueItems": True, "items": items}
