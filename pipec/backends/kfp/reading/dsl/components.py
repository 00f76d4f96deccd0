"""What makes components: the decorators, `dsl.importer`, and the loaders of components that are written in YAML."""

from __future__ import annotations

import ast
from pathlib import Path, PurePath
from typing import Any

from pipec.backends.kfp.reading.dsl import channels, interface, kinds, lightweight, placeholders, yaml_components
from pipec.backends.kfp.reading.dsl.calls import Call, Native
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.names import DEFAULT_IMAGE, TARGET, unique
from pipec.backends.kfp.reading.dsl.parts import Component, Container, Importer, Port
from pipec.backends.kfp.reading.dsl.problems import Problem, Unknown, refused
from pipec.backends.kfp.reading.dsl.tasks import Task, instantiate
from pipec.compiler.diagnostics.foreign import ChangedMeaning

_SETTINGS = {
    "base_image", "target_image", "packages_to_install", "pip_index_urls", "output_component_file",
    "install_kfp_package", "kfp_package_path", "pip_trusted_hosts", "use_venv", "additional_funcs",
    "embedded_artifact_path", "task_config_passthroughs",
}  # fmt: skip


def component(call: Call, function: Function, settings: dict[str, Any]) -> Component:
    """`@dsl.component(...)` on a function."""
    for name in settings:
        if name not in _SETTINGS:
            raise refused("`dsl.component`", f"it has no setting `{name}`").at(call.spans.get(name, call.span))
    if settings.get("embedded_artifact_path"):
        raise Problem(
            "`embedded_artifact_path`", "the files would have to go into the document", "put them into the image"
        )
    settings = {name: value for name, value in settings.items() if not isinstance(value, Unknown)}
    made = interface.component_of(function)
    additional = [one.function if isinstance(one, Component) else one for one in settings.get("additional_funcs") or ()]
    target = settings.get("target_image")
    if target:
        command = lightweight.built_in(function)
    else:
        command = lightweight.program(function, _artifact_imports(function), additional)
    image = target or settings.get("base_image") or DEFAULT_IMAGE
    made.container = Container(image, [*lightweight.install(settings), *command], lightweight.arguments(function))
    made.passthroughs = [
        one if isinstance(one, tuple) else (one, False) for one in settings.get("task_config_passthroughs") or ()
    ]
    made.additional = additional
    made.source = lightweight.own_source(function)
    if not target and not lightweight.definition(function).startswith("def"):
        difference = (
            "as compiled it has no source, for a text at the margin keeps the SDK from dedenting it; here it has"
        )
        call.machine.report.add(ChangedMeaning(function.span, TARGET, made.name, difference))
    return made


def _artifact_imports(function: Function) -> list[str]:
    """The import statements for artifact classes that are not the SDK's: each by the name that the annotation says."""
    found: list[str] = []
    node = function.node
    annotated = [
        (function.annotation(name), one.annotation) for name, one in function.parameters.items() if one.annotation
    ]
    if isinstance(node, ast.FunctionDef) and node.returns is not None and kinds.is_artifact_class(function.returns):
        annotated.append((function.returns, node.returns))
    for annotation, written in annotated:
        kind = kinds.without_optional(annotation)
        kind = kind.__origin__ if getattr(kind, "__metadata__", ()) else kind
        kind = kind.__args__[0] if kinds.is_artifact_list(kind) else kind
        if not kinds.is_artifact_class(kind) or kind in kinds.ARTIFACTS.values() or written is None:
            continue
        path = f"{kind.__module__}.{kind.__name__}".split(".")
        named = [one.id for one in ast.walk(written) if isinstance(one, ast.Name) and one.id in path]
        if not named:
            raise refused(
                f"`{ast.unparse(written)}`", "an artifact class is called by the name that it was defined with"
            )
        *module, name = path[: path.index(named[-1]) + 1]
        line = f"from {'.'.join(module)} import {name}" if module else f"import {name}"
        found += [line] if line not in found else []
    return found


def container_component(call: Call, function: Function, settings: dict[str, Any]) -> Component:
    """`@dsl.container_component` on a function."""
    made = interface.component_of(function, containerized=True)
    ports = [placeholders.port(name, kinds.without_optional(function.annotation(name))) for name in function.parameters]
    spec = call.machine.call_function(function, ports, function.span)
    if not isinstance(spec, Container):
        raise refused(f"`{function.name}`", "it does not return a `dsl.ContainerSpec`").at(function.span)
    made.container = spec
    for one in [*spec.command, *spec.args]:
        placeholders.argument(one)
    return made


def importer(call: Call) -> Task:
    """`dsl.importer(...)`."""
    names = ("artifact_uri", "artifact_class", "reimport", "metadata", "download_to_workspace")
    taken = call.take("dsl.importer", *names, required=2)
    kind = taken["artifact_class"]
    if not kinds.is_artifact_class(kind):
        raise refused("`dsl.importer`", "its `artifact_class` is no class of artifacts")
    values: dict[str, Any] = {}
    metadata = _metadata(taken.get("metadata"), values)
    schema = kinds.bundled(kind.schema_title, kind.schema_version)
    made = Component(
        "importer",
        {"uri": Port("String"), **{name: Port(one.kind) for name, one in values.items()}},
        {"artifact": Port(schema)},
        importer=Importer(
            taken["artifact_uri"],
            schema,
            bool(taken.get("reimport")),
            metadata,
            bool(taken.get("download_to_workspace")),
        ),
        span=call.span,
    )
    return instantiate(made, Call(call.machine, call.scope, [], {"uri": taken["artifact_uri"], **values}, call.span))


def _metadata(value: Any, inputs: dict[str, Any]) -> Any:
    """Metadata whose values of the run have become inputs of the importer."""
    if isinstance(value, channels.Channel):
        name = next((name for name, one in inputs.items() if one == value), None) or unique("metadata", inputs)
        inputs[name] = value
        return str(placeholders.parameter(name))
    if isinstance(value, dict):
        return {_metadata(key, inputs): _metadata(one, inputs) for key, one in value.items()}
    if isinstance(value, list):
        return [_metadata(one, inputs) for one in value]
    if isinstance(value, str):
        for channel in channels.within(value):
            value = value.replace(channel.pattern, _metadata(channel, inputs))
    return value


def _from_text(call: Call) -> Component:
    (text,) = call.take("load_component_from_text", "text", required=1).values()
    return yaml_components.load(text, call.span)


def _from_file(call: Call) -> Component:
    (given,) = call.take("load_component_from_file", "file_path", required=1).values()
    source = call.scope.module.source
    path = Path(PurePath(given))
    for candidate in (path, source.path.parent / path, source.root / path):
        if candidate.is_file():
            return yaml_components.load(candidate.read_text(encoding="utf-8"), call.span)
    raise Problem(f"the component in `{given}`", "there is no such file beside this one or in the project")


def _from_url(call: Call) -> Component:
    raise Problem(
        "`load_component_from_url(...)`",
        "reading loads nothing from the network",
        "save the component beside this file and load it with `load_component_from_file`",
    )


LOADERS: dict[str, Native] = {
    "load_component_from_text": _from_text,
    "load_component_from_file": _from_file,
    "load_component_from_url": _from_url,
    "load_component": lambda call: _from_url(call) if "url" in call.kwargs else _from_file(call),
}
