"""Native settings that take what another step gives: a claim that `kubernetes.CreatePVC` makes, mounted elsewhere.

The setting names the step and its output, the run has the value: `{"taskOutputParameter": {"producerTask": "claim",
"outputParameterKey": "name"}}`. The step has one call, which stands above, in the same block or around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.native import OfTask, of_tasks
from pipec.backends.kfp.scope import Handle, Scope
from pipec.backends.kfp.sdk import UnknownWordsError, kind_of, read
from pipec.backends.kfp.settings import Settings
from pipec.ir import Block, Branch, Component, Pipeline, Statement, Task, TaskPolicy
from pipec.ir.graph import blocks, tasks, walk

if TYPE_CHECKING:
    from pipec.backends.kfp.lower import Lowering


@dataclass(frozen=True)
class Reference:
    """One that can be followed, or why it cannot be."""

    task: Task
    """With the setting."""
    wanted: OfTask
    problem: str = ""


def references(pipeline: Pipeline) -> Iterator[Reference]:
    """All of them."""
    if not any(of_tasks(task.policy) for task in tasks(pipeline)):
        return
    calls: dict[str, list[Task]] = {}
    for task in tasks(pipeline):
        calls.setdefault(task.site.step, []).append(task)
    arms = {task for node in walk(pipeline.body) if isinstance(node, Branch) for arm in blocks(node)
            for inner in arm.nodes for task in _own(inner)}  # fmt: skip
    for task, above in _walk(pipeline.body, ()):
        for wanted in of_tasks(task.policy):
            found = calls.get(wanted.producer_task, [])
            problem = ""
            if len(found) != 1:
                problem = (
                    f"the step {wanted.producer_task!r} is called {len(found)} times in the pipeline, and not once"
                )
            elif found[0].id not in above:
                problem = f"the call of {wanted.producer_task!r} does not stand above, in the same block or around it"
            elif found[0].id in arms and _is_claim(pipeline.component(found[0].component), pipeline):
                problem = (
                    f"{wanted.producer_task!r} stands in a branch: where that is not taken, its claim has no name, and "
                )
                problem += (
                    "mounts are looked up all the same; let the branch call a function under `@pipeline` with both"
                )
            elif wanted.output_parameter_key not in texts(pipeline.component(found[0].component)):
                problem = (
                    f"{wanted.producer_task!r} has no output {wanted.output_parameter_key!r} that is a `str` of a "
                )
                problem += "native or container step"
            yield Reference(task, wanted, problem)


def _is_claim(component: Component, pipeline: Pipeline) -> bool:
    try:
        return component.native is not None and read(component.native, pipeline.definitions).form == "claim"
    except UnknownWordsError:  # which is told elsewhere
        return False


def _walk(block: Block, above: tuple[str, ...]) -> Iterator[tuple[Task, tuple[str, ...]]]:
    """The tasks, each with those that stand above it or above what is around it."""
    for node in block.nodes:
        if isinstance(node, Task):
            yield node, above
        for inner in blocks(node):
            yield from _walk(inner, above)
        above = (*above, *_own(node))


def _own(node: Statement) -> Iterator[str]:
    """The tasks that `node` puts into the DAG of its block."""
    if isinstance(node, Task):
        yield node.id
    elif node.kind == "parallel":
        for inner in blocks(node):
            for each in inner.nodes:
                yield from _own(each)


def texts(component: Component) -> list[str]:
    """The outputs that are plain text."""
    if component.native is not None:
        return [port.name for port in component.native.outputs if kind_of(port.type) == "STRING"]
    return [output.name for output in component.container.outputs if output.is_text] if component.container else []


def give(lowering: Lowering, node: Task, component: Component, scope: Scope, task: str) -> None:
    """Note where native settings of other steps can have the texts that `node` gives."""
    for name in texts(component):
        lowering.given[node.site.step, name] = Handle("raw", name, scope, task, name)


def step_settings(lowering: Lowering, scope: Scope, policy: TaskPolicy) -> Settings:
    """The settings of a task of `scope`, with what other steps give to them."""
    bindings: dict[tuple[str, str], dict[str, Any]] = {}
    after: list[str] = []
    for wanted in of_tasks(policy):
        key = (wanted.producer_task, wanted.output_parameter_key)
        binding = scope.parameter(lowering.given[key])
        bindings[key] = binding.model_dump(by_alias=True, exclude_none=True)
        if binding.task_output_parameter is not None:
            after.append(binding.task_output_parameter.producer_task)
    return Settings(policy, policy.cache.version if policy.cache else "", bindings, tuple(after))
