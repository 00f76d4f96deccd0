"""Components that are written in YAML: compiled ones, and those of the first version of the SDK."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from pipec.backends.kfp.reading.dsl import kinds, placeholders
from pipec.backends.kfp.reading.dsl.compiled import Compiled
from pipec.backends.kfp.reading.dsl.names import component_key, executor_label, input_name
from pipec.backends.kfp.reading.dsl.parts import Component, Container, Port
from pipec.backends.kfp.reading.dsl.problems import refused
from pipec.ir import Span


def load(text: str, span: Span) -> Component:
    """The component in a text."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise refused("a component", f"it is no YAML: {str(error).splitlines()[0]}") from None
    if not documents or not isinstance(documents[0], dict) or len(documents) > 2:
        raise refused("a component", "its YAML is no component")
    try:
        made = _first(documents[0]) if "implementation" in documents[0] else _compiled(*documents)
    except (KeyError, TypeError, AttributeError) as error:
        raise refused("a component", f"its YAML lacks {error}") from None
    made.span = span
    return made


def _compiled(spec: dict[str, Any], platform: dict[str, Any] | None = None) -> Component:
    name = spec["pipelineInfo"]["name"]
    definition = spec.get("components", {}).get(component_key(name), spec["root"])
    inputs = {key: _port(one) for key, one in _ports(definition, "inputDefinitions").items()}
    outputs = {key: _port(one) for key, one in _ports(definition, "outputDefinitions").items()}
    made = Component(name, inputs, outputs)
    executor = spec["deploymentSpec"]["executors"].get(executor_label(name))
    if executor is not None:
        container = executor["container"]
        env = {one["name"]: one.get("value", "") for one in container.get("env") or ()}
        made.container = Container(
            container["image"], list(container.get("command") or ()), list(container.get("args") or ()), env
        )
    else:
        made.graph = Compiled(spec, platform or {})
    return made


def _ports(definition: dict[str, Any], section: str) -> dict[str, Any]:
    found = definition.get(section, {})
    return {**found.get("parameters", {}), **found.get("artifacts", {})}


def _port(entry: dict[str, Any]) -> Port:
    if "parameterType" in entry:
        optional = entry.get("isOptional", "defaultValue" in entry)
        return Port(kinds.IN_MEMORY[entry["parameterType"]], entry.get("defaultValue"), optional)
    schema = entry["artifactType"]
    kind = kinds.bundled(schema["schemaTitle"], schema["schemaVersion"])
    return Port(kind, optional=entry.get("isOptional", False), is_list=entry.get("isArtifactList", False))


def _first(document: dict[str, Any]) -> Component:
    """Of the first version of the SDK."""
    container = document["implementation"].get("container")
    if container is None:
        raise refused("a component", "its YAML has no container")
    inputs: dict[str, Port] = {}
    for one in document.get("inputs") or ():
        kind = _kind(one.get("type"))
        optional = bool(one.get("optional", False)) or "default" in one
        default = _default(one.get("type"), one.get("default"))
        if kind == "PipelineTaskFinalStatus":
            default, optional = None, True
        inputs[input_name(one["name"])] = Port(kind, default, optional)
    outputs = {input_name(one["name"]): Port(_kind(one.get("type"))) for one in document.get("outputs") or ()}
    return Component(
        str(document.get("name", "name")),
        inputs,
        outputs,
        document.get("description"),
        Container(
            container["image"],
            [_placeholder(one, outputs) for one in container.get("command") or ()],
            [_placeholder(one, outputs) for one in container.get("args") or ()],
            {key: _placeholder(one, outputs) for key, one in (container.get("env") or {}).items()},
        ),
    )


def _kind(written: Any) -> str:
    """The type of a port."""
    kind = kinds.outer(written)
    if isinstance(kind, str):
        if kind == "PipelineTaskFinalStatus":
            return kind
        if kinds.is_parameter(kind):
            return kinds.IN_MEMORY[kinds.parameter_type(kind) or ""]
        if re.match(r"^google.[A-Za-z]+$", kind):
            return kinds.bundled(kind)
        if (artifact := kinds.artifact_word(kind)) is not None:
            return kinds.bundled(artifact.schema_title)
    return kinds.bundled("system.Artifact")


def _default(kind: Any, default: Any) -> Any:
    if default is None or not isinstance(kind, str):
        return default
    match kinds.parameter_type(kind):
        case "NUMBER_INTEGER":
            return int(default)
        case "NUMBER_DOUBLE":
            return float(default)
        case "STRING":
            return str(default)
        case "BOOLEAN":
            return default.lower() in ("y", "yes", "t", "true", "on", "1") if isinstance(default, str) else default
        case "STRUCT" | "LIST":
            try:
                return json.loads(default)
            except (TypeError, ValueError):
                return default
    return default


def _placeholder(element: Any, outputs: dict[str, Port]) -> Any:
    """An element of a command in the language of the launcher."""
    if isinstance(element, str):
        return element
    if not isinstance(element, dict) or len(element) != 1:
        raise refused("a component", f"{element!r} is no element of a command")
    ((key, value),) = element.items()
    match key:
        case "inputValue":
            return placeholders.parameter(input_name(value))
        case "inputPath" | "inputUri":
            return placeholders.artifact(input_name(value), key.removeprefix("input").lower())
        case "outputUri":
            return placeholders.artifact(input_name(value), "uri", output=True)
        case "outputPath":
            name = input_name(value)
            is_parameter = outputs[name].is_parameter
            return placeholders.output_file(name) if is_parameter else placeholders.artifact(name, output=True)
        case "executorInput":
            return "{{$}}"
        case "concat":
            return placeholders.Concat([_placeholder(one, outputs) for one in value])
        case "if":
            return placeholders.IfPresent(
                input_name(value["cond"]["isPresent"]),
                _several(value["then"], outputs),
                _several(value.get("else"), outputs),
            )
    raise refused("a component", f"`{key}` is no placeholder")


def _several(value: Any, outputs: dict[str, Port]) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_placeholder(one, outputs) for one in value]
    return _placeholder(value, outputs)
