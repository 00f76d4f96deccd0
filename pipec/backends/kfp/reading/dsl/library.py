"""The functions of the SDK: decorators, blocks, placeholders, and what loads or compiles components."""

from __future__ import annotations

from typing import Any

from pipec.backends.kfp.reading.dsl import (
    channels,
    components,
    first_version,
    kinds,
    kubernetes,
    pipelines,
    placeholders,
)
from pipec.backends.kfp.reading.dsl.attributes import Instance
from pipec.backends.kfp.reading.dsl.calls import Call, Native
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.groups import Group, Recorder
from pipec.backends.kfp.reading.dsl.imported import Imported
from pipec.backends.kfp.reading.dsl.parts import Component, Container, check_plain
from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown, refused


def functions() -> dict[str, Native]:
    """Dotted name -> function."""
    found: dict[str, Native] = {f"kfp.dsl.{name}": function for name, function in _DSL.items()}
    found |= {f"kfp.components.{name}": function for name, function in components.LOADERS.items()}
    found |= {f"kfp.kubernetes.{name}": function for name, function in kubernetes.functions().items()}
    return found | first_version.FUNCTIONS | _OTHERS


def _decorator(make: Any, path: str) -> Native:
    """`@decorator` and `@decorator(settings)`."""

    def run(call: Call) -> Any:
        from pipec.backends.kfp.reading.dsl.invoking import Partial

        function, settings = (call.args[0], call.kwargs) if call.args else (call.kwargs.pop("func", None), call.kwargs)
        if function is None:
            return Partial(Imported(path), (), settings)
        if isinstance(function, Unknown):
            raise function.problem
        if not isinstance(function, Function):
            raise refused(f"`{path}`", "it is no function of this file that is decorated")
        for name, value in settings.items():
            # where the SDK itself comes from makes no difference to what a component does
            if isinstance(value, Unknown) and name != "kfp_package_path":
                raise value.problem
            if isinstance(value, Imported):
                raise Problem(f"`{name}`", f"`{value.path}` is not known when the file is read", value.advice)
        return make(call, function, settings)

    return run


def _pipeline(call: Call, function: Function, settings: dict[str, Any]) -> Component:
    return pipelines.define(call.machine, function, settings)


def _recorder(call: Call, word: str) -> Recorder:
    if call.recorder is None:
        raise refused(f"`dsl.{word}`", "it is used outside of a pipeline")
    return call.recorder


def _if(call: Call) -> Group:
    taken = call.take("dsl.If", "condition", "name", required=1)
    return _recorder(call, "If").condition("if", taken["condition"], taken.get("name"), call.span)


def _elif(call: Call) -> Group:
    taken = call.take("dsl.Elif", "condition", "name", required=1)
    return _recorder(call, "Elif").condition("elif", taken["condition"], taken.get("name"), call.span)


def _else(call: Call) -> Group:
    return _recorder(call, "Else").condition("else", None, call.take("dsl.Else", "name").get("name"), call.span)


def _parallel(call: Call) -> Group:
    taken = call.take("dsl.ParallelFor", "items", "name", "parallelism", required=1)
    if isinstance(taken.get("name"), int):  # version 1 had the limit second
        taken["parallelism"], taken["name"] = taken["name"], None
    recorder = _recorder(call, "ParallelFor")
    return recorder.loop(taken["items"], taken.get("name"), taken.get("parallelism"), call.span)


def _exit(call: Call) -> Group:
    taken = call.take("dsl.ExitHandler", "exit_task", "name", required=1)
    return _recorder(call, "ExitHandler").exit_handler(taken["exit_task"], taken.get("name"), call.span)


def _collected(call: Call) -> channels.Collected:
    (output,) = call.take("dsl.Collected", "output", required=1).values()
    if not isinstance(output, channels.Channel):
        raise refused("`dsl.Collected`", "it takes an output of a task")
    return channels.Collected(output)


def _one_of(call: Call) -> channels.OneOf:
    return _recorder(call, "OneOf").one_of(call.args)


def _container_spec(call: Call) -> Container:
    taken = call.take("dsl.ContainerSpec", "image", "command", "args", required=1)
    if not isinstance(taken["image"], placeholders.Placeholder):
        check_plain(taken["image"], "the image of a container")
    return Container(taken["image"], list(taken.get("command") or ()), list(taken.get("args") or ()))


def _concat(call: Call) -> placeholders.Concat:
    return placeholders.Concat(list(call.take("dsl.ConcatPlaceholder", "items", required=1)["items"]))


def _if_present(call: Call) -> placeholders.IfPresent:
    taken = call.take("dsl.IfPresentPlaceholder", "input_name", "then", "else_", required=2)
    return placeholders.IfPresent(taken["input_name"], taken["then"], taken.get("else_"))


def _path_of(output: bool) -> Native:
    return lambda call: kinds.PathOf.of(output, call.take("a path", "type").get("type"))


def _instance(path: str, *names: str) -> Native:
    """A class of the SDK whose objects only carry what they were given."""
    return lambda call: Instance(path, call.take(path, *names, lenient=not names))


def _passthrough(call: Call) -> tuple[str, bool]:
    taken = call.take("dsl.TaskConfigPassthrough", "field", "apply_to_task", required=1)
    return taken["field"], bool(taken.get("apply_to_task"))


def _compile(call: Call) -> None:
    """`Compiler().compile(...)` and the calls of a client that run a pipeline."""
    values = [*call.args[1:2], *(call.kwargs.get(name) for name in ("pipeline_func", "pipeline"))]
    function = next((value for value in values if value is not None), None)
    if isinstance(function, Function):
        settings = {"name": call.kwargs.get("pipeline_name")}
        if all(attempt.function is not function for attempt in call.machine.attempts):
            pipelines.define(call.machine, function, settings)
    if isinstance(function, Component) and function.graph is None and function not in call.machine.alone:
        call.machine.alone.append(function)
    known = ("pipeline_name", "pipeline_display_name", "pipeline_parameters")
    overrides = {name: call.kwargs[name] for name in known if call.kwargs.get(name) is not None}
    for attempt in call.machine.attempts:
        if attempt.component is function or attempt.function is function:
            attempt.overrides.append(overrides)


def _named_tuple(call: Call) -> kinds.NamedTupleType:
    """`NamedTuple("Name", [("field", type), ...])`."""
    taken = call.take("NamedTuple", "typename", "fields", required=1, lenient=True)
    fields = dict(taken.get("fields") or ())
    fields |= {name: value for name, value in taken.items() if name not in ("typename", "fields")}
    for value in fields.values():
        if isinstance(value, Unknown):
            raise value.problem
    return kinds.NamedTupleType(taken["typename"], fields)


def _plain_tuple(call: Call) -> kinds.NamedTupleType:
    """`collections.namedtuple("Name", ["field", ...])`."""
    taken = call.take("namedtuple", "typename", "field_names", required=2)
    names = taken["field_names"]
    names = names.replace(",", " ").split() if isinstance(names, str) else names
    return kinds.NamedTupleType(taken["typename"], dict.fromkeys(names))


def _never(what: str, advice: str) -> Native:
    def run(call: Call) -> Any:
        raise Problem(f"`{what}`", "what it gives depends on something outside of this file", advice)

    return run


_DSL: dict[str, Native] = {
    "component": _decorator(components.component, "kfp.dsl.component"),
    "container_component": _decorator(components.container_component, "kfp.dsl.container_component"),
    "pipeline": _decorator(_pipeline, "kfp.dsl.pipeline"),
    "graph_component": _decorator(_pipeline, "kfp.dsl.pipeline"),
    "notebook_component": _never("dsl.notebook_component", "write the notebook's code as a component"),
    "importer": components.importer,
    "If": _if,
    "Condition": _if,
    "Elif": _elif,
    "Else": _else,
    "ParallelFor": _parallel,
    "ExitHandler": _exit,
    "Collected": _collected,
    "OneOf": _one_of,
    "ContainerSpec": _container_spec,
    "ConcatPlaceholder": _concat,
    "IfPresentPlaceholder": _if_present,
    "InputPath": _path_of(False),
    "OutputPath": _path_of(True),
    "TaskConfigPassthrough": _passthrough,
    "PipelineConfig": _instance(
        "kfp.dsl.PipelineConfig", "workspace", "ttl_seconds_after_finished", "ttl_seconds_after_success",
        "ttl_seconds_after_failure", "active_deadline_seconds",
    ),
    "WorkspaceConfig": _instance("kfp.dsl.WorkspaceConfig", "size", "kubernetes"),
    "KubernetesWorkspaceConfig": _instance("kfp.dsl.KubernetesWorkspaceConfig", "pvcSpecPatch"),
}  # fmt: skip
_OTHERS: dict[str, Native] = {
    "kfp.compiler.Compiler": _instance("kfp.compiler.Compiler"),
    "kfp.compiler.Compiler.compile": _compile,
    "kfp.Client": _instance("kfp.Client"),
    "kfp.client.Client": _instance("kfp.Client"),
    "kfp.Client.create_run_from_pipeline_func": _compile,
    "typing.NamedTuple": _named_tuple,
    "collections.namedtuple": _plain_tuple,
}
