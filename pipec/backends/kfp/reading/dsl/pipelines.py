"""The pipelines of a file: their functions are evaluated and put into documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.dsl import channels, interface, kinds
from pipec.backends.kfp.reading.dsl.assembly import assemble
from pipec.backends.kfp.reading.dsl.channels import Channel
from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.groups import Recorder
from pipec.backends.kfp.reading.dsl.names import SINGLE_OUTPUT
from pipec.backends.kfp.reading.dsl.parts import Component, check_plain
from pipec.backends.kfp.reading.dsl.problems import PYTHON_ERRORS, Problem, refused

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
    compiled: bool = False
    """Whether the file compiles or runs it by itself."""


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
