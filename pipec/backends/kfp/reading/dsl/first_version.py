"""Version 1 of the SDK, as far as it says the same as version 2.

Its components are containers that get everything as text, its outputs are files at fixed places, and its functions
need no annotations. What the documents have no word for is reported.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from pipec.backends.kfp.reading.dsl import channels, components, kinds, placeholders
from pipec.backends.kfp.reading.dsl.attributes import Instance
from pipec.backends.kfp.reading.dsl.calls import Call, Native
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.names import TARGET, input_name, unique
from pipec.backends.kfp.reading.dsl.parts import Component, Container, Port
from pipec.backends.kfp.reading.dsl.problems import Problem, refused
from pipec.backends.kfp.reading.dsl.tasks import Task, instantiate
from pipec.backends.kfp.reading.ports import TYPES
from pipec.compiler.diagnostics.foreign import SettingNotKept

_IMAGE = "python:3.7"
_FUNCTION = ("func", "output_component_file", "base_image", "packages_to_install", "annotations")
_OP = (
    "name", "image", "command", "arguments", "init_containers", "sidecars", "container_kwargs",
    "artifact_argument_paths", "file_outputs", "output_artifact_paths", "is_exit_handler", "pvolumes",
)  # fmt: skip


def lost(call: Call, task: str, setting: str, reason: str) -> None:
    """Report a setting that the documents have no word for."""
    call.machine.report.add(SettingNotKept(call.span, TARGET, task, setting, reason))


def _from_function(names: tuple[str, ...]) -> Native:
    """`create_component_from_func(func, ...)` and `func_to_container_op(func, ...)`."""

    def run(call: Call) -> Component:
        taken = call.take("a component", *names, required=1, lenient=True)
        function = taken["func"]
        if not isinstance(function, Function):
            raise refused("a component", "it is not made of a function of this file")
        settings = {name: taken[name] for name in ("packages_to_install",) if taken.get(name)}
        settings["base_image"] = taken.get("base_image") or _IMAGE
        made = components.component(call, function, settings)
        made.source = _with_types(made.source)
        for name in [*made.inputs, *made.outputs]:
            made.renamed[re.sub(r"_(path|file)$", "", name)] = name
            made.renamed.setdefault(re.sub(r"\W+", "_", name).lower(), name)  # as version 1 calls it in Python
        return made

    return run


def _with_types(source: str) -> str:
    """A function whose annotations are Python's: version 1 took words such as "Integer" and "GCSPath"."""
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    written: list[ast.expr] = [
        one.annotation for one in ast.walk(node.args) if isinstance(one, ast.arg) and one.annotation
    ]
    if isinstance(node.returns, ast.Call):
        written += [one.elts[1] for one in ast.walk(node.returns) if isinstance(one, ast.Tuple) and len(one.elts) == 2]
    elif node.returns is not None:
        written.append(node.returns)
    lines = source.split("\n")
    words = [one for one in written if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    for one in sorted(words, key=lambda one: (one.lineno, one.col_offset), reverse=True):
        line = lines[one.lineno - 1].encode()
        type_name = TYPES.get(kinds.parameter_type(one.value) or "", "str")
        lines[one.lineno - 1] = (line[: one.col_offset] + type_name.encode() + line[one.end_col_offset :]).decode()
    return "\n".join(lines)


def _container_op(call: Call) -> Task:
    """`dsl.ContainerOp(...)`: a component of its own, with an input for each value of the run in its command."""
    taken = call.take("dsl.ContainerOp", *_OP, required=2)
    name = str(taken["name"])
    for setting in ("init_containers", "sidecars", "container_kwargs", "pvolumes"):
        if taken.get(setting):
            raise Problem(f"`{setting}` of `{name}`", "the documents of version 2 of the SDK have no word for it")
    if taken.get("output_artifact_paths"):
        lost(call, name, "output_artifact_paths", "only the UI of version 1 reads them")
    if taken.get("artifact_argument_paths"):
        raise Problem(f"`artifact_argument_paths` of `{name}`", "the files of its image are at fixed places")
    command, arguments = _several(taken.get("command")), _several(taken.get("arguments"))
    given: dict[str, Channel] = {}
    for one in channels.within([command, arguments], call.recorder):
        given[unique(input_name(one.full_name.replace("-", "_")), given, "_")] = one
    outputs, fixed = _outputs(taken.get("file_outputs") or {}, [*command, *arguments])
    container = Container(taken["image"], _filled(command, given, outputs), _filled(arguments, given, outputs))
    inputs = {key: Port(one.kind, is_list=getattr(one, "is_list", False)) for key, one in given.items()}
    made = Component(
        name, inputs, {key: Port("String") for key in outputs}, container=container, span=call.span, renamed=fixed
    )
    return instantiate(made, Call(call.machine, call.scope, [], dict(given), call.span))


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _outputs(files: dict[str, str], words: list[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Output -> its file: those that the command names, which the launcher gives another place, and the others."""
    named: dict[str, str] = {}
    fixed: dict[str, str] = {}
    for name, path in files.items():
        if any(isinstance(word, str) and path in word for word in words):
            named[input_name(name)] = path
        else:
            fixed[name] = path
    return named, fixed


def _filled(words: list[Any], inputs: dict[str, Channel], outputs: dict[str, str]) -> list[str]:
    """Arguments with placeholders for values of the run and for the files of outputs."""
    found = []
    for word in words:
        text = word.pattern if isinstance(word, Channel) else str(word)
        for name, one in inputs.items():
            value = placeholders.artifact(name) if isinstance(one, channels.Artifact) else placeholders.parameter(name)
            text = text.replace(one.pattern, str(value))
        for name, path in outputs.items():
            text = re.sub(rf"(?<![\w./]){re.escape(path)}(?![\w./])", str(placeholders.output_file(name)), text)
        found.append(text)
    return found


def _variable(call: Call) -> Instance:
    return Instance("kubernetes.client.V1EnvVar", call.take("V1EnvVar", "name", "value", "value_from"))


def _default(call: Call) -> Any:
    """`dsl.PipelineParam("name", value=...)` as the default of a parameter."""
    return call.take("dsl.PipelineParam", "name", "op_name", "value", "param_type", required=1).get("value")


def _configuration(call: Call) -> Instance:
    """`dsl.get_pipeline_conf()`, whose methods are settings of the whole pipeline."""
    return Instance("kfp.dsl.PipelineConf")


FUNCTIONS: dict[str, Native] = {
    "kfp.components.create_component_from_func": _from_function(_FUNCTION),
    "kfp.components.func_to_container_op": _from_function(("func", "output_component_file", *_FUNCTION[2:])),
    "kfp.dsl.ContainerOp": _container_op,
    "kfp.dsl.PipelineParam": _default,
    "kfp.dsl.get_pipeline_conf": _configuration,
    "kubernetes.client.V1EnvVar": _variable,
}
