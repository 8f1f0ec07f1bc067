"""The JSON Schema of a workflow's specification: editors complete and check by it."""

from typing import Any

import msgspec

from stella.workflow.definition.model import KIND, Workflow

_ID = "https://stella-ops.org/schemas/workflow-1.json"


def workflow_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of ``spec``. What it cannot say - circles, types of expressions - is said by
    ``check_workflow``.
    """
    schema, parts = msgspec.json.schema_components([Workflow], ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID,
        "title": KIND,
        **schema[0],
        "$defs": dict(sorted(parts.items())),
    }
