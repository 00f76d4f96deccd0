"""What the driver puts into the pod of a task from the platform document, and from amounts that are inputs of the task."""

from __future__ import annotations

import re
from typing import Any

from tests.support.pipelinespec import resolve
from tests.support.pipelinespec.errors import DriverError
from tests.support.pipelinespec.metadata import Execution, Spec, Store
from tests.support.pipelinespec.values import kind_of, plain

AMOUNT = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")
STRUCTURES = {
    "nodeSelectorJson": ("struct",),
    "nodeAffinityJson": ("struct",),
    "tolerationJson": ("struct", "list"),
}


def settings(store: Store, execution: Execution, task: Spec, container: Spec, config: Spec) -> Spec:
    """The settings of a pod, with what the run gives in the places of what names it."""
    return {
        **{key: _resolved(store, execution, task, value) for key, value in config.items()},
        "resources": {key: _amount(execution, key, value) for key, value in container.get("resources", {}).items()},
    }


def _resolved(store: Store, execution: Execution, task: Spec, value: Any) -> Any:
    if isinstance(value, list):
        return [_resolved(store, execution, task, item) for item in value]
    if not isinstance(value, dict):
        return value
    found: Spec = {}
    for key, inner in value.items():
        if key.endswith("Parameter") and isinstance(inner, dict):
            found[key.removesuffix("Parameter")] = _text(_given(store, execution, task, inner), inner)
        elif key in STRUCTURES:
            found[key] = _structure(key, _given(store, execution, task, inner))
        else:
            found[key] = _resolved(store, execution, task, inner)
    return found


def _given(store: Store, execution: Execution, task: Spec, binding: Spec) -> Any:
    assert execution.parent is not None
    return resolve.parameter(store, execution.parent, task, binding)


def _text(value: Any, binding: Spec) -> str:
    if not isinstance(value, str) or not value:
        raise DriverError(f"resolving input parameter with spec {binding}: expected a non-empty string, got {value!r}")
    return value


def _structure(key: str, value: Any) -> Any:
    """The server takes a selector or an affinity of another kind for an empty one, without a word: here it fails."""
    if value is not None and kind_of(value) not in STRUCTURES[key]:
        raise DriverError(f"{key} is a {kind_of(value)}, and no {' or '.join(STRUCTURES[key])}")
    return plain(value)


def _amount(execution: Execution, key: str, value: Any) -> Any:
    found = AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if isinstance(value, dict):
        return {inner: _amount(execution, inner, one) for inner, one in value.items()}
    if found is None:
        return value
    if found[1] not in execution.inputs:
        raise DriverError(f"executorInput did not contain container input parameter {found[1]!r}")
    text = execution.inputs[found[1]]
    if not isinstance(text, str) or not text:  # `GetStringValue` of anything else is empty: no quantity
        raise DriverError(f"{key} is {text!r}, which is no quantity")
    return text
