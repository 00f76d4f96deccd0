"""Tasks of native steps: what they are given, and what they hand on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from pipec.backends.kfp import sdk
from pipec.backends.kfp.given import settled
from pipec.backends.kfp.model import (
    ArtifactSpec,
    ArtifactType,
    ArtifactUri,
    ContainerSpec,
    Definitions,
    ExecutorSpec,
    ImporterSpec,
    ParameterSpec,
    ParameterType,
)
from pipec.backends.kfp.parts import Glue, parameter
from pipec.backends.kfp.program import UnwritableError, has_placeholder, quoted, runtime
from pipec.backends.kfp.references import give
from pipec.backends.kfp.scope import Handle, Scope, definitions
from pipec.backends.kfp.settings import Settings, caching, escaped_environment, resources, retry_policy
from pipec.backends.kfp.telling import tell
from pipec.backends.kfp.windows import keys
from pipec.compiler.capabilities import at_least
from pipec.ir import (
    Component,
    Const,
    Expr,
    ListOf,
    Native,
    NativePort,
    OptionalOf,
    Ref,
    Task,
    TaskPolicy,
    ValueId,
    ValueType,
)
from pipec.ir.literals import value_of

if TYPE_CHECKING:
    from pipec.backends.kfp.containers import Containers

KINDS: dict[str, tuple[type, ...]] = {
    "STRING": (str,), "NUMBER_INTEGER": (int,), "NUMBER_DOUBLE": (int, float), "BOOLEAN": (bool,),
    "LIST": (list, tuple), "STRUCT": (dict,),
}  # fmt: skip
"""Kubeflow's type -> what a constant has to be."""
SINCE = {"{{$.workspace_path}}": "2.15"}
"""Placeholder that servers have not always known -> first version."""


def native_task(containers: Containers, node: Task, step: Component, scope: Scope, after: tuple[str, ...]) -> None:
    """One call of a native step."""
    native = step.native
    assert native is not None
    words = sdk.read(native, containers.lowering.pipeline.definitions)
    if words.form == "value":
        for output in node.outputs:
            containers.lowering.define(output.id, Handle("raw", output.id, constant=words.text))
        return
    inputs = _inputs(containers, node, native, words, scope)
    if words.form == "importer" and "uri" in inputs and inputs["uri"].scope is None:
        # the server looks for it among the inputs of the DAG alone, where no constant is
        words = replace(words, given={"uri": inputs["uri"].constant})
    outputs = _outputs(native, words)
    inside = scope
    if words.form == "importer" and (scope.arm is not None or after or _waits(inputs, scope)):
        # the server's importers take no condition, wait for nothing, and find URIs only among the inputs of their DAG
        inside = Scope(containers.lowering.reserve(f"import-{node.id}"))
    more = keys(containers.lowering, node.policy) if words.form == "container" else {}
    settings = settled(containers, node, inside, node.policy, {name: name for name in inputs})
    interface = (_taken(native, words, inputs, more), _given(native, words))
    component = containers.lowering.parts.native(step, _executor(words, settings), interface, settings)
    name = containers.name(node.id)
    containers.lowering.names[name] = node.id
    if node.policy.cache:
        containers.lowering.cached.add(name)
    before = (*after, *settings.after) if inside is scope else ()
    task = inside.add(name, component, inputs | more, before, always=inside is not scope)
    give(containers.lowering, node, step, inside, name)
    task.caching_options = caching(node.policy)
    task.retry_policy = retry_policy(node.policy.retry)
    tell(containers, node, name, scope)
    handles = {key: replace(handle, scope=inside, task=name, key=key) for key, handle in outputs.items()}
    if inside is not scope:
        for key, handle in handles.items():
            inside.hand_out(key, handle)
        containers.lowering.close(inside, scope, after)
        handles = {key: replace(handle, scope=scope, task=inside.name) for key, handle in handles.items()}
    for output in node.outputs:
        if output.id in containers.forms.used and native.outputs:
            made = native.outputs[output.select if isinstance(output.select, int) else 0]
            _hand_on(containers, output.id, handles[made.name], scope)


def _hand_on(containers: Containers, value: str, handle: Handle, scope: Scope) -> None:
    """A number of the server's is a double, whose text has no `.0`: a small task makes a `float` of it again."""
    if handle.type == "NUMBER_DOUBLE":
        glue = Glue(f"number-of-{value}")
        glue.lines.append(f'kfp_save(task, "Output", float({glue.load(value, handle, opened=False)}), {quoted(value)})')
        glue.give("Output", "text", value)
        containers.place(glue, scope, ())
        return
    containers.lowering.define(value, handle)


def _waits(inputs: dict[str, Handle], scope: Scope) -> bool:
    return any(handle.scope is scope and handle.task for handle in inputs.values())


# --- what goes in


def _inputs(containers: Containers, node: Task, native: Native, words: sdk.Words, scope: Scope) -> dict[str, Handle]:
    """Input of the component -> what it gets: directly, or from a small task that gives it Kubeflow's own type."""
    wanted: dict[str, tuple[Expr | None, str]] = {}
    types = {port.name: port.type for port in native.inputs}
    if words.form == "container":
        wanted = {name: (node.args.get(name), sdk.kind_of(type_)) for name, type_ in types.items()}
    found: dict[str, Handle] = {}
    for name, value in words.given.items():
        if isinstance(value, sdk.Input):
            wanted[name] = (node.args.get(value.name), sdk.kind_of(types[value.name]))
        else:
            kind = _kind(value)
            found[name] = Handle("raw", name, constant=value if kind == "STRING" else json.dumps(value), type=kind)
    glue = Glue(f"arguments-of-{node.id}")
    for name, (expr, text) in wanted.items():
        if expr is None or (isinstance(expr, Const) and expr.source == "None"):
            continue
        direct = _direct(containers, expr, text)
        if isinstance(types.get(name), ListOf) and "." in text:
            # the server keeps one artifact for each input of a DAG, and no component but a loop gives a list of them
            if direct is None or direct.kind != "artifacts" or direct.scope is not scope:
                reason = f"its input {name!r} is a list of artifacts, which only a loop beside it can give"
                raise UnwritableError(reason, node.span, node.site.step)
        if direct is not None:
            found[name] = direct
            continue
        source = containers.operand(glue, expr, scope)
        if "." in text:
            glue.lines.append(f"kfp_store(task, {quoted(name)}, {source}, kfp_found)")
            glue.give(name, "artifact", "", text)
            continue
        hint = quoted(f"the input {name!r} of {node.site.step!r}")
        made = f"kfp_word({source}, " if text == "STRING" else f"kfp_typed({source}, {quoted(text)}, "
        glue.lines.append(f"kfp_result(task, {quoted(name)}, {made}{hint}))")
        glue.give(name, "raw", "")
        glue.outputs[name] = replace(glue.outputs[name], type=cast(ParameterType, text))
    if glue.outputs:
        outputs = dict(glue.outputs)
        task = containers.place(glue, scope, ())
        found |= {name: replace(handle, label=name, scope=scope, task=task) for name, handle in outputs.items()}
    order = [*words.given] if words.given else [*types]
    return {name: found[name] for name in order if name in found}


def _kind(value: Any) -> ParameterType:
    return "STRING" if isinstance(value, str) else "LIST" if isinstance(value, (list, tuple)) else "STRUCT"


def _direct(containers: Containers, expr: Expr, kind: str) -> Handle | None:
    """What can go in as it is: constants, artifacts, text, and what another native step gives in the same type."""
    if isinstance(expr, Const):
        value = value_of(expr.source)
        text = str(value) if kind == "STRING" else json.dumps(value)
        return Handle("raw", "constant", constant=text, type=cast(ParameterType, kind))
    if not isinstance(expr, Ref):
        return None
    handle = containers.lowering.handles[expr.value]
    if "." in kind:
        return handle if handle.stored and not handle.path else None
    if handle.path or handle.kind not in ("raw", "text"):
        return None
    same = handle.kind == "raw" if kind == "STRING" else handle.type == kind
    return handle if same else None


def _taken(native: Native, words: sdk.Words, inputs: dict[str, Handle], more: dict[str, Handle]) -> Definitions | None:
    """The inputs of the component: all that are declared and `more`, or what the server's own task is given."""
    if words.form == "claim":  # of all of them a server keeps the first interface, since their containers are equal
        name = sdk.claim_of(words.image)
        optional = {key: None if key in sdk.REQUIRED[name] else True for key in sdk.ARGUMENTS[name]}
        kinds = {key: cast(ParameterType, kind) for key, kind in sdk.ARGUMENTS[name].items()}
        return definitions({k: ParameterSpec(parameter_type=kinds[k], is_optional=optional[k]) for k in kinds}, {})
    if words.form == "importer":
        return definitions({name: ParameterSpec() for name in inputs}, {})
    parameters = {
        port.name: ParameterSpec(
            parameter_type=cast(ParameterType, sdk.kind_of(port.type)), is_optional=_optional(port)
        )
        for port in native.inputs
        if isinstance(port.type, ValueType)
    }
    parameters |= {name: parameter(handle) for name, handle in more.items()}
    artifacts = {
        port.name: ArtifactSpec(
            artifact_type=ArtifactType(schema_title=sdk.kind_of(port.type)),
            is_artifact_list=True if isinstance(port.type, ListOf) else None,
            is_optional=_optional(port),
        )
        for port in native.inputs
        if not isinstance(port.type, ValueType)
    }
    return definitions(parameters, artifacts)


def _optional(port: NativePort) -> bool | None:
    text = port.type.annotation if isinstance(port.type, ValueType) else ""
    return True if isinstance(port.type, OptionalOf) or "None" in text or "Optional[" in text else None


# --- what comes out


def _outputs(native: Native, words: sdk.Words) -> dict[str, Handle]:
    kinds = words.outputs or {port.name: sdk.kind_of(port.type) for port in native.outputs}
    return {name: _handle(name, kind) for name, kind in kinds.items()}


def _handle(name: str, kind: str) -> Handle:
    if "." in kind:
        return Handle("file", name, key=name, schema=kind)
    return Handle("raw" if kind == "STRING" else "text", name, key=name, type=cast(ParameterType, kind))


def _given(native: Native, words: sdk.Words) -> Definitions | None:
    handles = _outputs(native, words)
    parameters = {n: ParameterSpec(parameter_type=h.type or "STRING") for n, h in handles.items() if not h.stored}
    artifacts = {
        n: ArtifactSpec(artifact_type=ArtifactType(schema_title=h.schema)) for n, h in handles.items() if h.stored
    }
    return definitions(parameters, artifacts)


def _executor(words: sdk.Words, settings: Settings) -> ExecutorSpec:
    if words.form == "importer":
        uri = words.given["uri"]
        where = ArtifactUri(runtime_parameter="uri") if isinstance(uri, sdk.Input) else ArtifactUri(constant=uri)
        importer = ImporterSpec(
            artifact_uri=where,
            metadata=dict(words.metadata) or None,
            reimport=words.reimport or None,
            type_schema=ArtifactType(schema_title=words.outputs["artifact"]),
        )
        return ExecutorSpec(importer=importer)
    container = ContainerSpec(
        image=words.image,
        command=words.command or None,
        args=words.args or None,
        env=escaped_environment(settings.policy),
        resources=resources(settings),
    )
    return ExecutorSpec(container=container)


# --- refusals


def refusals(task: Task, native: Native, words: sdk.Words, read: set[ValueId], version: str) -> Iterator[str]:
    """What keeps a call of a native step from running on Kubeflow, in words; `read`: values that somebody reads."""
    if not at_least(version, SINCE.get(words.text, "")):
        yield f"it needs Kubeflow Pipelines {SINCE[words.text]} or later; this is for {version}"
    if not native.outputs and any(output.id in read for output in task.outputs):
        yield 'what it gives has to be declared, as in `outputs={"name": str}`'
    if task.caught is not None:
        yield "a component of Kubeflow's own that fails ends the run: nothing in a `try` can catch it"
    bare = TaskPolicy(cache=task.policy.cache, spans=task.policy.spans)
    if words.form in ("claim", "importer") and task.policy != bare:
        yield "the server does it itself, in no pod of its own: of all settings it has `cache` alone"
    if words.form in ("claim", "importer") and task.policy.cache is not None:
        cache = task.policy.cache
        if cache.version or cache.ttl is not None:
            yield "the server does it itself, and has no version or age of what it made before: `cache=True` is all"
    if task.policy.deadline is not None:
        yield "nothing of pipec's runs in its container, so that nobody could see its `deadline` pass"
    if words.form == "value":
        if task.policy != TaskPolicy(spans=task.policy.spans) or native.inputs:
            yield "a placeholder is filled in by the server: there is no task that could have inputs or settings"
        return
    for text in task.policy.env.values() if words.form == "container" else ():
        if has_placeholder(text):
            yield f"KFP or Argo would replace {json.dumps(text)} in a variable"
    for port in native.inputs:
        expr = task.args.get(port.name)
        kind = sdk.kind_of(port.type)
        if isinstance(expr, Const) and expr.source != "None" and "." not in kind:
            yield from _wrong(port.name, value_of(expr.source), expr.source, kind)


def _wrong(name: str, value: Any, source: str, kind: str) -> Iterator[str]:
    """Why a constant cannot be an input of this type."""
    if not isinstance(value, KINDS.get(kind, ())) or (isinstance(value, bool) and kind != "BOOLEAN"):
        yield f"{name} = {source} is no {kind}, which the input is declared to be"
        return
    try:
        runtime()["kfp_word"](value, name) if kind == "STRING" else runtime()["kfp_typed"](value, kind, name)
    except (TypeError, ValueError) as error:
        yield f"{name} = {source} cannot travel to a component of Kubeflow's: {error}"
        return
    if not _has_text_keys(value):
        yield f"{name} = {source} is no JSON, which is all that a component of Kubeflow's takes"


def _has_text_keys(value: Any) -> bool:
    """Whether all dicts in `value` have keys that JSON keeps."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_text_keys(inner) for key, inner in value.items())
    return all(map(_has_text_keys, value)) if isinstance(value, (list, tuple)) else True
