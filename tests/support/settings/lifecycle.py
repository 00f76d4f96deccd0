"""How long a bucket keeps the artifacts of a pipeline, by the rule beside an output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def kept(files: Mapping[str, str]) -> dict[str, Any]:
    """The retention in seconds, where there is a rule."""
    texts = [text for name, text in files.items() if name.endswith(".lifecycle.json")]
    if not texts:
        return {}
    (rule,) = json.loads(texts[0])["Rules"]
    return {"pipeline.retention": rule["Expiration"]["Days"] * 86400.0}
