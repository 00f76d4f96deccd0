"""The JSON schema of a pipeline, for other programs that read or write it; `schema.json` is a copy of it."""

from __future__ import annotations

import json

from pipec.ir.nodes import Pipeline


def schema_text() -> str:
    """The schema of `Pipeline.model_dump_json()`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Pipeline.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
