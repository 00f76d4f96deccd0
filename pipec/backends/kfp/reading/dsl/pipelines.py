"""The pipelines of a file: their functions are evaluated and put into documents."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import channels, interface, kinds
from pipec.backends.kfp.reading.dsl.assembly import assemble
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.compiled import Compiled
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.groups import Recorder
from pipec.backends.kfp.reading.dsl.names import SINGLE_OUTPUT, TARGET
from pipec.backends.kfp.reading.dsl.parts import Component, check_plain, constant
from pipec.backends.kfp.reading.dsl.problems import PYTHON_ERRORS, Problem, Unknown, refused
from pipec.backends.kfp.reading.dsl.tasks import Task
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import ChangedMeaning

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.dsl.machine import Machine


@dataclass
class Attempt:
    """A pipeline that has been met."""

    function: Function
    component: Component | None = None
    """It as a component, where it could be read."""
    problem: Problem | None = None
    used: bool = False
    """Whether another pipeline calls it."""
    overrides: list[dict[str, Any]] = field(default_factory=list)
    """What each call says that compiles or runs it."""


def define(machine: Machine, function: Function, settings: dict[str, Any]) -> Component:
    """`@dsl.pipeline(...)` on a function."""
    attempt = Attempt(function)
    machine.attempts.append(attempt)
    outer, machine.recorder = machine.recorder, None
    try:
        attempt.component = _define(machine, function, settings)
    except Problem as problem:
        attempt.problem = problem.at(function.span)
        raise
    except PYTHON_ERRORS as error:
        attempt.problem = refused(f"`{function.name}`", f"{type(error).__name__}: {error}").at(function.span)
        raise attempt.problem from None
    finally:
        machine.recorder = outer
    return attempt.component


def _define(machine: Machine, function: Function, settings: dict[str, Any]) -> Component:
    component = interface.component_of(function, name=settings.get("name"), description=settings.get("description"))
    if not component.name or not component.name[0].isalnum() or len(component.name) > 128:
        raise refused(f"the name `{component.name}`", "pipelines have names of letters, digits and dashes")
    recorder = machine.recorder = Recorder(component.name)
    recorder.parameters = component.inputs
    parameters: list[Any] = []
    for name in function.parameters:
        if name not in component.inputs:
            raise refused(f"`{name}` of `{function.name}`", "a pipeline takes values and returns its results")
        port = component.inputs[name]
        parameters.append(channels.channel(name, port.type, None, recorder, port.is_list))
    results = _results(machine.call_function(function, parameters, function.span))
    if not recorder.tasks:
        raise refused(f"`{function.name}`", "the pipeline has no task")
    made = assemble(recorder, component, results)
    if root := function.attributes.get("pipeline_root") or settings.get("pipeline_root"):
        made.spec["defaultPipelineRoot"] = root
    if settings.get("display_name") is not None:
        made.spec["pipelineInfo"]["displayName"] = settings["display_name"]
    if (config := settings.get("pipeline_config")) is not None:
        _configure(made.platform, config.values)
    check_plain([made.spec, made.platform], f"`{function.name}`")
    component.graph = made
    return component


def alone(component: Component) -> Compiled:
    """A component that is compiled by itself: a pipeline of one task, with its inputs and outputs."""
    recorder = Recorder(component.name)
    given = {
        name: channels.channel(name, port.type, None, recorder, port.is_list) for name, port in component.inputs.items()
    }
    task = Task(component, dict(given), recorder)
    task.span = component.span
    shell = Component(component.name, component.inputs, component.outputs, span=component.span)
    return assemble(recorder, shell, dict(task.outputs))


def overridden(attempt: Attempt, report: Report) -> Compiled:
    """A pipeline as the file's one call compiles it, where the call says more than the function."""
    assert attempt.component is not None and attempt.component.graph is not None
    made = attempt.component.graph
    wanted = [one for index, one in enumerate(attempt.overrides) if one and one not in attempt.overrides[:index]]
    if len(wanted) != 1 or any(isinstance(value, Unknown) for value in wanted[0].values()):
        if wanted:
            difference = "the file compiles it with other names or defaults as well; here it is as its function says"
            report.add(ChangedMeaning(attempt.function.span, TARGET, attempt.component.name, difference))
        return made
    spec = copy.deepcopy(made.spec)
    for name, key in (("pipeline_name", "name"), ("pipeline_display_name", "displayName")):
        if name in wanted[0]:
            spec["pipelineInfo"][key] = wanted[0][name]
    ports = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, value in wanted[0].get("pipeline_parameters", {}).items():
        if name in ports and value is not None:
            ports[name]["defaultValue"] = constant(value)
    return replace(made, spec=spec)


def _results(returned: Any) -> dict[str, Channel]:
    if returned is None:
        return {}
    if isinstance(returned, Channel):
        return {SINGLE_OUTPUT: returned}
    if isinstance(returned, kinds.NamedTupleValue):
        return dict(returned.values)
    if isinstance(returned, dict):
        return returned
    raise refused("the result of the pipeline", f"it is a {type(returned).__name__}, not an output of a task")


def _configure(platform: dict[str, Any], config: dict[str, Any]) -> None:
    """`pipeline_config=`."""
    found: dict[str, Any] = {}
    if (workspace := config.get("workspace")) is not None:
        patch = workspace.values.get("kubernetes")
        found["workspace"] = {
            "size": str(workspace.values["size"]).strip(),
            "kubernetes": {"pvcSpecPatch": (patch.values.get("pvcSpecPatch") or {}) if patch is not None else {}},
        }
    keys = {
        "ttl_seconds_after_finished": "resourceTtlOnCompletion",
        "ttl_seconds_after_success": "resourceTtlOnSuccess",
        "ttl_seconds_after_failure": "resourceTtlOnFailure",
        "active_deadline_seconds": "activeDeadlineSeconds",
    }
    found |= {key: config[name] for name, key in keys.items() if config.get(name)}
    if found:
        platform.setdefault("platforms", {}).setdefault("kubernetes", {})["pipelineConfig"] = found
