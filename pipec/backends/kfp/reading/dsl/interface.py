"""The ports of a component that is made of a function: its signature and its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import docstring_parser

from pipec.backends.kfp.reading.dsl import kinds
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.names import SINGLE_OUTPUT, component_name, unique
from pipec.backends.kfp.reading.dsl.parts import Component, Port
from pipec.backends.kfp.reading.dsl.problems import refused

_MISSING = inspect.Parameter.empty


def component_of(
    function: Function, *, containerized: bool = False, name: str | None = None, description: str | None = None
) -> Component:
    """The component, without what runs."""
    inputs, outputs = _ports(function, containerized)
    text = inspect.cleandoc(function.doc) if function.doc else None
    parsed = docstring_parser.parse(text or "")
    _describe(inputs, parsed)
    for keyword in ("Returns:\n", "Returns\n", "Return:\n", "Return\n"):
        if text and keyword in text:
            _describe(outputs, docstring_parser.parse(text.replace(keyword.strip(), "Args:")))
            break
    return Component(
        name=name or component_name(function.name),
        inputs=inputs,
        outputs=outputs,
        description=description or _description(parsed),
        span=function.span,
        function=function,
    )


def _description(parsed: docstring_parser.Docstring) -> str | None:
    both = parsed.short_description and parsed.long_description
    text = f"{parsed.short_description}\n{parsed.long_description}" if both else parsed.short_description
    return text.strip() if text else None


def _describe(ports: Mapping[str, Port], parsed: docstring_parser.Docstring) -> None:
    found = {one.arg_name: one.description for one in parsed.params}
    for name, port in ports.items():
        if name in found:
            port.description = found[name]


def _ports(function: Function, containerized: bool) -> tuple[dict[str, Port], dict[str, Port]]:
    inputs: dict[str, Port] = {}
    outputs: dict[str, Port] = {}
    for name, parameter in function.parameters.items():
        if name == SINGLE_OUTPUT:
            raise refused(f"`{name}` of `{function.name}`", "this name is taken by the SDK").at(parameter.span)
        written = _annotation(function, name)
        annotation = kinds.without_optional(written)
        marks = getattr(annotation, "__metadata__", ())
        if marks and marks[0] is kinds.EmbeddedMark:
            continue
        is_output = annotation.output if isinstance(annotation, kinds.PathOf) else kinds.OutputMark in marks
        if is_output:
            outputs[name] = _output(annotation, name)
        else:
            if containerized and (kinds.is_artifact_class(annotation) or kinds.is_artifact_list(annotation)):
                raise refused(f"`{name}` of `{function.name}`", "artifacts are `Input[...]`").at(parameter.span)
            inputs[name] = _input(annotation, name, function.default(name), written)
        (outputs if is_output else inputs)[name].span = parameter.span
    if not containerized:
        _returned(function, outputs)
    return inputs, outputs


def _annotation(function: Function, name: str) -> Any:
    """The value of an annotation. Version 1 of the SDK needed none, and took any word for a text."""
    parameter = function.parameters[name]
    if not function.scope.module.first_version:
        return function.annotation(name)
    if parameter.annotation is None:
        default = function.defaults.get(name)
        return type(default) if type(default) in kinds.PYTHON_NAMES else str
    return _word(function.annotation(name))


def _word(written: Any) -> Any:
    """A type of version 1, where any word is a text."""
    if isinstance(written, (kinds.PathOf, type)) or getattr(written, "__origin__", None) is not None:
        return written
    word = getattr(written, "path", str(written)).rsplit(".", 1)[-1]
    return kinds.IN_MEMORY[kinds.parameter_type(word) or ""] if kinds.is_parameter(word) else str


def _returned(function: Function, outputs: dict[str, Port]) -> None:
    returned = function.returns
    if returned is None or returned is _MISSING:
        return
    if isinstance(returned, kinds.NamedTupleType):
        fields = returned.fields
    elif isinstance(returned, dict):
        fields = returned
    else:
        fields = {SINGLE_OUTPUT: returned}
    for name, annotation in fields.items():
        annotation = _word(annotation) if function.scope.module.first_version else annotation
        outputs[unique(name, outputs, "_")] = _output(annotation, name)


def _stripped(annotation: Any) -> Any:
    """Without `Input[...]`, `Output[...]`, `InputPath(...)`, `OutputPath(...)`."""
    if getattr(annotation, "__metadata__", ()):
        return annotation.__origin__
    return annotation.type if isinstance(annotation, kinds.PathOf) else annotation


def _typed(annotation: Any, name: str) -> tuple[Any, bool]:
    is_list = kinds.is_artifact_list(annotation)
    if is_list:
        annotation = annotation.__args__[0]
    if kinds.is_artifact_class(annotation):
        return kinds.bundled(annotation.schema_title, annotation.schema_version), is_list
    return kinds.checked(kinds.type_text(annotation), name), is_list


def _output(annotation: Any, name: str) -> Port:
    kind, is_list = _typed(_stripped(annotation), name)
    return Port(kind, is_list=is_list)


def _input(annotation: Any, name: str, default: Any, written: Any) -> Port:
    annotation = _stripped(annotation)
    kind, is_list = _typed(annotation, name)
    is_artifact = kinds.is_artifact_class(annotation)
    if (is_artifact or is_list) and default is not _MISSING and default is not None:
        raise refused(f"`{name}`", "an artifact has no default value but `None`")
    special = written in (kinds.FinalStatus, kinds.TaskConfig)
    return Port(
        kind,
        default=None if default is _MISSING or is_artifact else default,
        optional=default is not _MISSING or special,
        is_list=is_list,
    )
