"""Tasks while a pipeline's function is evaluated, and the settings that are made on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import channels, kinds, placeholders
from pipec.backends.kfp.reading.dsl.calls import Call
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.names import TARGET, input_name
from pipec.backends.kfp.reading.dsl.parts import Component, check_plain
from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown, refused
from pipec.compiler.diagnostics.foreign import SettingNotKept
from pipec.ir import NOWHERE, Span

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.groups import Group, Recorder


class Task:
    """One call of a component."""

    def __init__(self, component: Component, inputs: dict[str, Any], recorder: Recorder | None) -> None:
        self.component = component
        self.inputs = inputs
        self.parent: Group | None = None
        self.sequence = 0
        self.name = recorder.add(self) if recorder else component.name
        self.container = component.container_copy()
        if self.container is not None:
            self.container.command = [placeholders.argument(one) for one in self.container.command]
            self.container.args = [placeholders.argument(one) for one in self.container.args]
        self.outputs: dict[str, Channel] = {
            name: channels.channel(name, port.type, self.name, recorder, port.is_list)
            for name, port in component.outputs.items()
        }
        direct = [one for one in inputs.values() if isinstance(one, Channel)]
        others = [one for one in inputs.values() if not isinstance(one, Channel)]
        self.channels: list[Channel] = [*direct, *channels.within(others, recorder)]
        """Every value of the run that it needs."""
        self.after: list[str] = []
        self.platform: dict[str, Any] = {}
        self.caching = True
        self.cache_key: str | None = None
        self.retry: dict[str, Any] | None = None
        self.label: str | None = None
        self.ignores_failure = False
        self.is_exit = False
        self.variable: str | None = None
        self.first_version = False
        """Whether it is written for version 1 of the SDK, whose tasks have other methods."""
        self.span: Span = NOWHERE
        self.spans: dict[tuple[str, ...], Span] = {}
        """Part of the task, as in the documents -> where it was written."""

    def register(self, found: list[Channel]) -> None:
        """Note that it needs further values."""
        for one in found:
            if one not in self.channels:
                self.channels.append(one)

    def attribute(self, name: str) -> Any:
        """`task.name`, with `task.output` among them."""
        if name == "output":
            if len(self.outputs) != 1:
                raise refused(f"`{self.name}.output`", f"the task has {len(self.outputs)} outputs")
            return next(iter(self.outputs.values()))
        if name == "outputs":
            return _Outputs(self.outputs, self.component.renamed)
        if name in ("inputs", "name"):
            return getattr(self, name)
        if self.first_version and name == "container":
            return self
        if name in TASK_METHODS or self.first_version:
            return TaskMethod(self, name)
        raise refused(f"`.{name}`", "a task has no such attribute")


class _Outputs(dict[str, Channel]):
    """The outputs of a task. Version 1 called some by other names."""

    def __init__(self, outputs: dict[str, Channel], renamed: dict[str, str]) -> None:
        super().__init__(outputs)
        self._renamed = renamed

    def __missing__(self, name: str) -> Channel:
        other = self._renamed.get(name) or input_name(name)
        if other.startswith("/"):
            reason = f"its image writes `{other}`, which its command does not name, so that it can be nowhere else"
            raise Problem(f"the output `{name}`", reason, "make the file's place an argument of the command")
        if other not in self:
            raise refused(
                f"`.outputs[{name!r}]`", f"the task has no such output, but {', '.join(self) or 'none at all'}"
            )
        return self[other]


class TaskMethod:
    """A method of a task before it is called."""

    def __init__(self, task: Task, name: str) -> None:
        self.task = task
        self.name = name

    @property
    def _methods(self) -> dict[str, Callable[[Task, Call], None]]:
        return TASK_METHODS | FIRST_VERSION_METHODS if self.task.first_version else TASK_METHODS

    @property
    def is_lost(self) -> bool:
        """Whether it is a setting of version 1 that the documents have no word for."""
        return self.name not in self._methods

    def lose(self, call: Call) -> Task:
        """Report that it is not kept; refuse the pipeline where the task cannot do without it."""
        if self.name in _DECISIVE:
            raise Problem(
                f"`.{self.name}` of `{self.task.name}`", "the documents of version 2 of the SDK have no word for it"
            )
        reason = "the documents of version 2 of the SDK have no word for it"
        call.machine.report.add(SettingNotKept(call.span, TARGET, self.task.name, self.name, reason))
        return self.task

    def __call__(self, call: Call) -> Task:
        """Call it; gives the task, so that calls are chained."""
        self._methods[self.name](self.task, call)
        if self.name.startswith("set_"):
            values = [one for one in [*call.args, *call.kwargs.values()] if not isinstance(one, Channel)]
            check_plain(values, f"`.{self.name}(...)`")
        path = _PLACES.get(self.name)
        if path is not None:
            self.task.spans[path] = call.span
        return self.task


def instantiate(component: Component, call: Call) -> Task:
    """A call of a component in a pipeline."""
    recorder = call.recorder
    if recorder is None:
        raise refused(f"`{component.name}`", "it is called outside of a pipeline")
    first_version = call.scope.module.first_version
    if first_version:
        call.kwargs = dict(zip(component.inputs, call.args)) | call.kwargs
    elif call.args:
        raise refused(f"`{component.name}`", "components take keyword arguments only")
    inputs: dict[str, Any] = {}
    for name, value in call.kwargs.items():
        name = component.renamed.get(name, name)
        if name not in component.inputs or kinds.is_final_status(component.inputs[name].type):
            raise refused(f"`{component.name}`", f"it has no input `{name}`").at(call.spans.get(name, call.span))
        if isinstance(value, Unknown):
            raise value.problem
        value = converted(value, component.inputs[name].type) if first_version else value
        inputs[name] = _argument(component, name, value, first_version)
    missing = [name for name, port in component.inputs.items() if not port.optional and name not in inputs]
    if missing:
        raise refused(f"`{component.name}`", f"its input `{missing[0]}` is missing")
    task = Task(component, inputs, recorder)
    task.first_version = first_version
    task.span = call.span
    for name, span in call.spans.items():
        name = component.renamed.get(name, name)
        kind = "parameters" if component.inputs[name].is_parameter else "artifacts"
        task.spans["task", "inputs", kind, name] = span
    return task


def _argument(component: Component, name: str, value: Any, first_version: bool) -> Any:
    """An argument, if it is of a kind that can be one at all."""
    if isinstance(value, Task):
        raise refused(f"`{name}` of `{component.name}`", "a task is no value; its `.output` is")
    if isinstance(value, Imported):
        reason = f"`{value.path}` is not known when the file is read"
        raise Problem(f"`{name}` of `{component.name}`", reason, value.advice)
    if not isinstance(value, (Channel, str, int, float, bool, dict, list)):
        shown = "None" if value is None else f"a {type(value).__name__}"
        raise refused(f"`{name}` of `{component.name}`", f"{shown} cannot be an argument")
    port = component.inputs[name]
    given = value.kind if isinstance(value, Channel) else kinds.PYTHON_NAMES[type(value)]
    if first_version and isinstance(value, Channel) and value.task_name is None and kinds.is_parameter(port.type):
        _retype(value, port.type)
        given = value.kind
    of_loop = isinstance(value, (channels.LoopParameter, channels.LoopField)) and given == "String"
    if not of_loop and not kinds.fits(given, getattr(value, "is_list", False), port.type, port.is_list):
        raise refused(f"`{name}` of `{component.name}`", f"it is of type `{port.type}`, not `{given}`")
    return value


def _retype(value: Channel, kind: Any) -> None:
    """A parameter of a pipeline of version 1 is text until something wants it otherwise."""
    ports = value.recorder.parameters if value.recorder is not None else {}
    port = ports.get(value.name)
    if port is not None and port.type in ("String", "Integer") and kinds.is_parameter(value.kind):
        value.kind = port.type = kind
        port.default = None if port.default is None else converted(port.default, kind)


def _container(task: Task, method: str) -> dict[str, Any]:
    if task.container is None:
        raise refused(f"`.{method}`", "it is for components that are one container")
    return task.container.resources


def _amount(field: str, pattern: str) -> Callable[[Task, Call], None]:
    """`.set_cpu_limit(...)` and its like."""

    def set_amount(task: Task, call: Call) -> None:
        name = f"set_{field}"
        resources = _container(task, name)
        (value,) = call.take(name, field.split("_")[0], required=1).values()
        if not isinstance(value, Channel) and not re.match(pattern, value):
            raise refused(f"`.{name}`", f"{value!r} is no amount")
        resources[field] = str(value)

    return set_amount


def _accelerator_limit(task: Task, call: Call) -> None:
    resources = _container(task, "set_accelerator_limit")
    (value,) = [*call.args, *call.kwargs.values()]
    if not isinstance(value, Channel) and not re.match(r"^\d+$", str(value)):
        raise refused("`.set_accelerator_limit`", f"{value!r} is no number of accelerators")
    resources["accelerator_count"] = str(value)


def _accelerator_type(task: Task, call: Call) -> None:
    resources = _container(task, "set_accelerator_type")
    (value,) = [*call.args, *call.kwargs.values()]
    resources["accelerator_type"] = str(value)
    resources.setdefault("accelerator_count", "1")


def _retry(task: Task, call: Call) -> None:
    names = ("num_retries", "backoff_duration", "backoff_factor", "backoff_max_duration")
    task.retry = call.take("set_retry", *names, required=1)


def _caching(task: Task, call: Call) -> None:
    taken = call.take("set_caching_options", "enable_caching", "cache_key", required=1)
    task.caching, task.cache_key = taken["enable_caching"], taken.get("cache_key")


def _label(task: Task, call: Call) -> None:
    task.label = call.take("set_display_name", "name", required=1)["name"]


def _env(task: Task, call: Call) -> None:
    _container(task, "set_env_variable")
    taken = call.take("set_env_variable", "name", "value", required=2)
    set_env(task, taken["name"], taken["value"])


def set_env(task: Task, name: str, value: Any) -> None:
    """One environment variable of a task."""
    if not isinstance(value, str):
        raise refused("`.set_env_variable`", f"the value of `{name}` is no text")
    assert task.container is not None
    task.container.env[name] = value


def _debug_pause(task: Task, call: Call) -> None:
    _container(task, "set_debug_pause")
    taken = {"before": False, "after": True, "on_error": False} | call.take(
        "set_debug_pause", "before", "after", "on_error"
    )
    if taken["before"]:
        set_env(task, "ARGO_DEBUG_PAUSE_BEFORE", "true")
    if taken["after"]:
        set_env(task, f"ARGO_DEBUG_PAUSE_{'ON_ERROR' if taken['on_error'] else 'AFTER'}", "true")


def _image(task: Task, call: Call) -> None:
    _container(task, "set_container_image")
    (value,) = call.take("set_container_image", "name", required=1).values()
    task.register(channels.within(value, call.recorder))
    assert task.container is not None
    task.container.image = str(value)


def _after(task: Task, call: Call) -> None:
    from pipec.backends.kfp.reading.dsl.groups import EXIT, Group

    for other in call.args:
        if not isinstance(other, Task) and not (isinstance(other, Group) and other.kind == EXIT):
            raise refused("`.after`", "it takes tasks and exit handlers")
        task.after.append(other.name)


def _ignore_failure(task: Task, call: Call) -> None:
    for name, port in task.component.inputs.items():
        value = task.inputs.get(name)
        if kinds.is_final_status(port.type) or port.optional or not isinstance(value, Channel):
            continue
        if value.task_name is not None:
            raise refused("`.ignore_upstream_failure`", f"`{name}` of `{task.name}` has no default")
    task.ignores_failure = True


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
    set_env(task, variable["name"], variable["value"])


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

_DECISIVE = {"add_volume", "add_volume_mount", "add_pvolumes", "add_sidecar", "add_init_container", "add_env_from"}
"""Methods of version 1 that decide what a task finds around it."""

_CPU, _MEMORY = r"([0-9]*[.])?[0-9]+m?$", r"^[0-9]+(E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki){0,1}$"
TASK_METHODS: dict[str, Callable[[Task, Call], None]] = {
    "set_cpu_request": _amount("cpu_request", _CPU),
    "set_cpu_limit": _amount("cpu_limit", _CPU),
    "set_memory_request": _amount("memory_request", _MEMORY),
    "set_memory_limit": _amount("memory_limit", _MEMORY),
    "set_accelerator_limit": _accelerator_limit,
    "set_gpu_limit": _accelerator_limit,
    "set_accelerator_type": _accelerator_type,
    "add_node_selector_constraint": _accelerator_type,
    "set_retry": _retry,
    "set_caching_options": _caching,
    "set_display_name": _label,
    "set_env_variable": _env,
    "set_debug_pause": _debug_pause,
    "set_container_image": _image,
    "after": _after,
    "ignore_upstream_failure": _ignore_failure,
}

_PLACES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "set_cpu_request", "set_cpu_limit", "set_memory_request", "set_memory_limit", "set_accelerator_limit",
            "set_gpu_limit", "set_accelerator_type", "add_node_selector_constraint",
        ),
        ("executor", "container", "resources"),
    ),
    "set_retry": ("task", "retryPolicy"),
    "set_caching_options": ("task", "cachingOptions"),
    "set_display_name": ("task", "taskInfo"),
    "set_env_variable": ("executor", "container", "env"),
    "set_container_image": ("executor", "container", "image"),
    "after": ("task", "dependentTasks"),
    "ignore_upstream_failure": ("task", "triggerPolicy"),
}  # fmt: skip
