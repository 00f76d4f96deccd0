"""What tasks of version 1 of the SDK had and said otherwise than those of version 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import kinds
from pipec.backends.kfp.reading.dsl.calls import Call
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.problems import Problem

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.tasks import Task


def converted(value: Any, kind: Any) -> Any:
    """A constant argument of version 1, which gave all as text and read it again, in the type of its input."""
    wanted = kinds.parameter_type(kind) if kinds.is_parameter(kind) else None
    if isinstance(value, Channel) or wanted is None:
        return value
    match wanted:
        case "STRING":
            return value if isinstance(value, str) else str(value)
        case "NUMBER_INTEGER":
            return int(value)
        case "NUMBER_DOUBLE":
            return float(value)
        case "BOOLEAN" if isinstance(value, str):
            return value.lower() in ("true", "1", "yes", "y", "t")
    return value


def _pod(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = task.platform.setdefault("kubernetes", {})
    return found


def _env_object(task: Task, call: Call) -> None:
    variable = getattr(call.args[0], "values", {})
    if task.container is None or not isinstance(variable.get("value"), str):
        raise Problem("`.add_env_variable`", "only variables whose value is a text can be read")
    task.container.env[variable["name"]] = variable["value"]


def _pod_metadata(group: str) -> Callable[[Task, Call], None]:
    def add(task: Task, call: Call) -> None:
        name, value = call.take(f"add_pod_{group[:-1]}", "name", "value", required=2).values()
        _pod(task).setdefault("podMetadata", {}).setdefault(group, {})[name] = value

    return add


def _node_label(task: Task, call: Call) -> None:
    name, value = call.take("add_node_selector_constraint", "label_name", "value", required=2).values()
    _pod(task).setdefault("nodeSelector", {}).setdefault("labels", {})[name] = value


def _pull_policy(task: Task, call: Call) -> None:
    _pod(task)["imagePullPolicy"] = call.args[0]


def _timeout(task: Task, call: Call) -> None:
    _pod(task)["activeDeadlineSeconds"] = str(call.args[0])


FIRST_VERSION_METHODS: dict[str, Callable[[Task, Call], None]] = {
    "add_env_variable": _env_object,
    "add_pod_label": _pod_metadata("labels"),
    "add_pod_annotation": _pod_metadata("annotations"),
    "add_node_selector_constraint": _node_label,
    "set_image_pull_policy": _pull_policy,
    "set_timeout": _timeout,
}
"""What tasks of version 1 had besides. Their other methods are reported as settings that are not kept."""

DECISIVE = {"add_volume", "add_volume_mount", "add_pvolumes", "add_sidecar", "add_init_container", "add_env_from"}
"""Methods of version 1 that decide what a task finds around it."""
