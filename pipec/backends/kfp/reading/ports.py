"""The interface of a lightweight component: which parameter of its function is which input or output."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLES = {"system.Dataset": "Dataset", "system.Model": "Model", "system.HTML": "HTML", "system.Markdown": "Markdown",
         "system.Metrics": "Metrics", "system.ClassificationMetrics": "ClassificationMetrics"}  # fmt: skip
"""Artifact type -> annotation; a path for all others."""
TYPES = {"STRING": "str", "NUMBER_INTEGER": "int", "NUMBER_DOUBLE": "float", "BOOLEAN": "bool", "LIST": "list",
         "STRUCT": "dict", "INT": "int", "DOUBLE": "float"}  # fmt: skip
TITLE = re.compile(r"(?:system|google)\.\w+@\d+\.\d+\.\d+\Z")


@dataclass(frozen=True)
class Output:
    """An output of the component."""

    name: str
    kind: str = ""
    """Of a parameter."""
    schema: str = ""
    """Of an artifact."""
    argument: str = ""
    """The parameter of the function that it is written by; "" where it is returned."""
    by_path: bool = False
    annotation: str = ""

    @property
    def artifact(self) -> bool:
        """Whether it is one."""
        return bool(self.schema)


@dataclass(frozen=True)
class Input:
    """An input that the body sees as an object of Kubeflow's."""

    name: str
    argument: str
    form: str
    """"artifact", "path", "status", "text" (a value that the function gets as a file with its text) or "value"."""
    schema: str = ""
    is_list: bool = False
    optional: bool = False


def parameter_type(parameter: Mapping[str, Any]) -> str:
    """Its type, in the words of today."""
    kind: str = parameter.get("parameterType") or parameter.get("type") or "STRING"
    return {"INT": "NUMBER_INTEGER", "DOUBLE": "NUMBER_DOUBLE"}.get(kind, kind)


def schema(artifact: Mapping[str, Any]) -> str:
    """Its type."""
    kind = artifact.get("artifactType") or {}
    return kind.get("schemaTitle") or kind.get("schemaUri") or "system.Artifact"


def file_role(artifact: Mapping[str, Any]) -> str:
    """The annotation of an artifact that is taken or given as a file, whatever it is."""
    found = ROLES.get(schema(artifact), "Path")
    found = "Path" if found.endswith("Metrics") else found
    return f"list[{found}]" if artifact.get("isArtifactList") else found


def titled(artifact: Mapping[str, Any]) -> str:
    """The annotation of an artifact that is a file of a type that pipec has no word for."""
    title, version = schema(artifact), (artifact.get("artifactType") or {}).get("schemaVersion", "0.0.1")
    if title == "system.Artifact" or not TITLE.match(f"{title}@{version}"):
        return "Path"
    mark = title if version == "0.0.1" else f"{title}@{version}"
    return f'Annotated[Path, "{mark}"]'


def role(artifact: Mapping[str, Any]) -> str:
    """The annotation of an artifact."""
    found = ROLES.get(schema(artifact), "Path")
    return f"list[{found}]" if artifact.get("isArtifactList") else found


class Ports:
    """Matches the parameters of `function` with the definitions of its component."""

    def __init__(self, function: ast.FunctionDef, component: Mapping[str, Any]) -> None:
        self.function = function
        inputs, outputs = component.get("inputDefinitions") or {}, component.get("outputDefinitions") or {}
        self.taken: dict[str, Any] = {**(inputs.get("parameters") or {}), **(inputs.get("artifacts") or {})}
        self.artifacts: Mapping[str, Any] = inputs.get("artifacts") or {}
        self.given: dict[str, Any] = {**(outputs.get("parameters") or {}), **(outputs.get("artifacts") or {})}
        self.given_artifacts: Mapping[str, Any] = outputs.get("artifacts") or {}
        self.inputs: list[Input] = []
        self.parameters: dict[str, str] = {}
        self.written: dict[str, Output] = {}
        self.wrong = ""
        arguments = function.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self._argument(argument)
        if arguments.vararg or arguments.kwarg:
            self.wrong = "its function takes `*` or `**`, which no component has"
        self.named = False
        self.by_name = False
        """The function returns an object that has its outputs as attributes."""
        self.results = self._results()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """In the order in which the function returns them."""
        return (*self.results, *self.written.values())

    @property
    def has_artifacts(self) -> bool:
        """Whether files go in or out."""
        return bool(self.artifacts or self.given_artifacts)

    @property
    def plain(self) -> bool:
        """Whether the function can stay as it is."""
        ordinary = all(one.form == "value" for one in self.inputs)
        return ordinary and not self.written and not self.named and not any(r.artifact for r in self.results)

    def _argument(self, argument: ast.arg) -> None:
        name, marker = argument.arg, _marker(argument.annotation)
        short = _short(name) if marker in ("InputPath", "OutputPath") else name
        key = name if name in self.taken or name in self.given else short
        if marker in ("OutputPath", "Output") or (key in self.given and key not in self.taken):
            if key not in self.given:
                self.wrong = f"its function has an output `{name}` that the component has not"
                return
            self.written[name] = self._output(key, name, marker == "OutputPath")
        elif key in self.taken and parameter_type(self.taken[key]) == "TASK_CONFIG":
            self.wrong = "its function takes the configuration of its own task, which only Kubeflow has"
        elif key in self.taken:
            by_key = marker == "InputPath" and key.isidentifier() and not keyword.iskeyword(key)
            self.parameters[key] = key if by_key else name
            self.inputs.append(self._input(key, name, marker))
        elif marker == "TaskConfig":
            self.wrong = "its function takes the configuration of its own task, which only Kubeflow has"
        else:
            self.wrong = f"its function has a parameter `{name}` that the component has not"

    def _output(self, key: str, argument: str = "", by_path: bool = False, annotation: str = "") -> Output:
        spec = self.given[key]
        if key in self.given_artifacts:
            kind = role(spec)
            if kind.endswith("Metrics") and (by_path or (not argument and not self._makes_metrics())):
                kind = "Path"
            kind = titled(spec) if kind == "Path" else kind
            return Output(key, "", schema(spec), argument, by_path, kind)
        kind = parameter_type(spec)
        return Output(key, kind, "", argument, by_path, annotation or TYPES.get(kind, "str"))

    def _makes_metrics(self) -> bool:
        """Whether the body makes metrics as an object, and not as the text of a file."""
        calls = (node for node in ast.walk(self.function) if isinstance(node, ast.Call))
        return any(_marker(call.func) in ("Metrics", "ClassificationMetrics") for call in calls)

    def _input(self, key: str, argument: str, marker: str) -> Input:
        spec = self.taken[key]
        optional = bool(spec.get("isOptional"))
        if key in self.artifacts:
            form = "path" if marker == "InputPath" else "artifact"
            return Input(key, argument, form, schema(spec), bool(spec.get("isArtifactList")), optional)
        form = {"PipelineTaskFinalStatus": "status", "InputPath": "text"}.get(marker, "value")
        return Input(key, argument, form, optional=optional)

    def _results(self) -> tuple[Output, ...]:
        written = {output.name for output in self.written.values()}
        left = [key for key in self.given if key not in written]
        if not left:
            return ()
        fields = _fields(self.function.returns)
        if fields is not None and {name for name, _ in fields} == set(left):
            self.named = True
            return tuple(self._output(name, annotation=text) for name, text in fields)
        if len(left) == 1:
            returns = self.function.returns
            text = ast.unparse(returns) if returns is not None else ""
            return (self._output(left[0], annotation=text),)
        if isinstance(self.function.returns, (ast.Name, ast.Attribute)) and all(key.isidentifier() for key in left):
            self.named = self.by_name = True
            return tuple(self._output(key) for key in left)
        self.wrong = "what its function returns does not match the outputs of the component"
        return ()

    # annotations

    def annotation(self, argument: ast.arg) -> str:
        """The annotation of a parameter in the result."""
        key = next((one.name for one in self.inputs if one.argument == argument.arg), argument.arg)
        if key in self.artifacts:
            text = role(self.artifacts[key])
            return f"{text} | None" if self.artifacts[key].get("isOptional") else text
        if _marker(argument.annotation) == "PipelineTaskFinalStatus":
            return "dict"
        if _marker(argument.annotation) == "InputPath":
            return TYPES.get(parameter_type(self.taken[key]), "str")
        return ast.unparse(argument.annotation) if argument.annotation is not None else ""

    def called(self, argument: ast.arg) -> str:
        """What a parameter is called in the result: the name of the input."""
        key = next((one.name for one in self.inputs if one.argument == argument.arg), argument.arg)
        return self.parameters.get(key, argument.arg)

    def returns(self) -> str:
        """The annotation of the result."""
        found = [output.annotation for output in self.outputs]
        if not found:
            return ast.unparse(self.function.returns) if self.function.returns is not None else ""
        return found[0] if len(found) == 1 else f"tuple[{', '.join(found)}]"


def _short(name: str) -> str:
    for ending in ("_path", "_file"):
        if name.endswith(ending) and name != ending:
            return name[: -len(ending)]
    return name


def _marker(annotation: ast.expr | None) -> str:
    """The class of Kubeflow's that an annotation begins with."""
    node = annotation
    while isinstance(node, (ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _fields(annotation: ast.expr | None) -> list[tuple[str, str]] | None:
    """The fields of `NamedTuple("Outputs", a=str)` or `NamedTuple("Outputs", [("a", str)])`."""
    if not isinstance(annotation, ast.Call) or _marker(annotation) != "NamedTuple":
        return None
    found = [(k.arg, ast.unparse(k.value)) for k in annotation.keywords if k.arg]
    listed = annotation.args[1] if len(annotation.args) > 1 else None
    if isinstance(listed, (ast.List, ast.Tuple)):
        for pair in listed.elts:
            if isinstance(pair, ast.Tuple) and len(pair.elts) == 2 and isinstance(pair.elts[0], ast.Constant):
                found.append((str(pair.elts[0].value), ast.unparse(pair.elts[1])))
    return found
