"""Tasks that tell somebody of the failure of a step, and the DAGs that steps with such a task need in loops."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import UnwritableError, quoted
from pipec.backends.kfp.references import texts
from pipec.backends.kfp.scope import RUN_ID, Handle, Scope
from pipec.backends.kfp.settings import Settings, caching
from pipec.ir import ListOf, Task, TaskPolicy

if TYPE_CHECKING:
    from pipec.backends.kfp.containers import Containers

FORMS = ("items", "text", "true", "uri")
"""The further forms of a value that the program of a step hands out."""


def tell(containers: Containers, node: Task, name: str, scope: Scope) -> None:
    """Where `node` wants it, put a task into the DAG that tells how the task `name` has ended if it has failed."""
    if node.policy.on_failure is None:
        return
    hook, lowering = containers.steps[node.policy.on_failure], containers.lowering
    glue = Glue(f"{node.site.step}-failed", hook.function or hook.name)
    run = glue.load("run", Handle("raw", "run", constant=RUN_ID), opened=False)
    glue.inputs["status"] = Handle("status", "status", scope, name)
    message = f"step {node.site.step} has failed (run {{{run}}})"
    glue.lines += ['if kfp_has_failed(task, "status"):', f"    {hook.function}(f{quoted(message)})"]
    plain = Settings(TaskPolicy())
    made = lowering.parts.container(glue, hook, plain)
    task = scope.add_exit(containers.name(f"{node.id}-failed"), made, glue.inputs, name)
    task.caching_options = caching(plain.policy)
    lowering.told.add(task.task_info.name)


def apart(containers: Containers, node: Task, scope: Scope, after: tuple[str, ...]) -> None:
    """A step and the task that tells of its failure, in a DAG of their own: for a body of a loop.

    The server looks for the end of a task without the index of the iteration, so that in a DAG that iterates the task
    that tells never finds the other one, and nobody would be told.
    """
    lowering, component = containers.lowering, containers.steps[node.component]
    lists = [port.name for port in component.native.inputs if isinstance(port.type, ListOf)] if component.native else []
    if lists:
        reason = f"in a loop `on_failure` needs a DAG around it, and its list {lists[0]!r} does not get into one"
        raise UnwritableError(reason, node.span, node.site.step)
    inner = Scope(lowering.reserve(f"told-{node.id}"))
    containers.task(node, inner, ())
    keys: dict[tuple[object, ...], str] = {}

    def outside(handle: Handle, wanted: str) -> Handle:
        """Where the DAG around has what `inner` has as `handle`."""
        if handle.scope is not inner:
            return handle
        key = keys.setdefault(handle.place, wanted)
        if key == wanted:
            inner.hand_out(key, handle)
        return replace(handle, scope=scope, task=inner.name, key=key, direct=False)

    for value in (output.id for output in node.outputs):  # nobody is told of a step in a `try`
        if value in lowering.handles:
            lowering.handles[value] = outside(lowering.handles[value], value)
        for form in FORMS:
            if (value, form) in lowering.extra:
                lowering.extra[value, form] = outside(lowering.extra[value, form], f"{value}-{form}")
    for name in texts(component):
        lowering.given[node.site.step, name] = outside(lowering.given[node.site.step, name], f"{node.id}-{name}")
    lowering.close(inner, scope, after)
