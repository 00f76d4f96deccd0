"""Steps that say when they take long: a timer beside the call, in the step's own program."""

from __future__ import annotations

from pipec.backends.kfp.program import quoted
from pipec.ir import Component, Pipeline, Task


def watched(task: Task, line: str, pipeline: Pipeline) -> list[str]:
    """`line`, which calls the step of `task`, with the timer around it where there is one."""
    deadline = task.policy.deadline
    if deadline is None:
        return [line]
    arguments = [quoted(task.site.step), f"{deadline.after:.15g}", *hook_of(task, pipeline)]
    return [f"with kfp_watched({', '.join(arguments)}):", f"    {line}"]


def hook_of(task: Task, pipeline: Pipeline) -> tuple[str, ...]:
    """The function that is called, if there is one: no variable of the program may hide it."""
    tell = task.policy.deadline.tell if task.policy.deadline is not None else None
    return () if tell is None else (pipeline.component(tell).function or "",)


def with_hook(component: Component, task: Task, pipeline: Pipeline) -> Component:
    """The component with the code and packages of the function that it calls besides.

    The code stands in the order of the pipeline's definitions.
    """
    if task.policy.deadline is None or task.policy.deadline.tell is None:
        return component
    hook = pipeline.component(task.policy.deadline.tell)
    reached = {*component.code, *hook.code}
    packages = tuple(dict.fromkeys((*component.packages, *hook.packages)))
    code = dict.fromkeys(name for definition in pipeline.definitions for name in definition.names if name in reached)
    return component.model_copy(update={"code": tuple(code), "packages": packages})
