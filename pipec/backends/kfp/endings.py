"""Functions that are called at the end of a run: an exit handler around the whole pipeline.

The final status that a server gives of a whole DAG is not to be trusted, since only launchers write it. It stays
RUNNING where the last tasks were taken from the cache, skipped or killed, and before 2.17 also where a task of a DAG
inside has failed; it stays FAILED where a later attempt went well. So the exit task asks for an output of the body
instead: that of its last task, where that has run, else that of its first, selected as a branch selects its arm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.backends.kfp import native
from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import local, quoted
from pipec.backends.kfp.scope import RUN_ID, Handle, Scope
from pipec.backends.kfp.settings import Settings, caching
from pipec.ir import Component, TaskPolicy
from pipec.ir.graph import tasks

if TYPE_CHECKING:
    from pipec.backends.kfp.lower import Lowering

BODY = "exit-handler-1"
"""What the SDK calls it."""
ENDED = "ended"
"""What the body hands out of its end, and what the exit task gets."""
OTHERWISE = '# the exit task gets this, unless "run-succeeded" has run too: a server takes the first that has'
PLAIN = Settings(TaskPolicy())


def with_exit_task(lowering: Lowering, root: Scope) -> None:
    """Put the pipeline into `root`, and a task that runs when it has ended, well or not."""
    body = lowering.whole = Scope(lowering.reserve(BODY))
    for name in sorted({name for task in tasks(lowering.pipeline) for name, _ in native.of_run(task.policy)}):
        body.take(lowering.handles[name], name)  # the platform document names inputs of the DAG around a task
    started = _says(lowering, body, "run-started", "failed", (), OTHERWISE)
    lowering.body(body)
    for name, task in body.tasks.items():
        if name != started.task and not task.dependent_tasks:
            task.dependent_tasks = [started.task]
    waited = {before for name in body.order for before in body.tasks[name].dependent_tasks or ()}
    last = [name for name in body.order if name not in waited]
    body.hand_out(ENDED, _says(lowering, body, "run-succeeded", "succeeded", last), started)
    lowering.close(body, root, ())
    if "Output" in body.kinds:
        root.hand_out("Output", replace(body.kinds["Output"], scope=root, task=body.name, key="Output"))
    _tell(lowering, root, Handle("raw", ENDED, root, body.name, ENDED))


def _says(lowering: Lowering, body: Scope, name: str, end: str, after: Iterable[str], why: str = "") -> Handle:
    """A task that hands out how the run ends where it is the last one that has run."""
    glue = Glue(name)
    glue.lines += [why] if why else []
    glue.lines.append(f'kfp_result(task, "Output", {quoted(end)})')
    glue.give("Output", "raw", "")
    component = lowering.parts.container(glue, None, PLAIN)
    task = lowering.unique(name)
    body.add(task, component, {}, after).caching_options = caching(PLAIN.policy)
    return replace(glue.outputs["Output"], scope=body, task=task)


def _tell(lowering: Lowering, root: Scope, ended: Handle) -> None:
    """The exit task, which calls the function for this end of the run."""
    pipeline = lowering.pipeline
    named = {"succeeded": pipeline.policy.on_success, "failed": pipeline.policy.on_failure}
    hooks = {end: pipeline.component(hook) for end, hook in named.items() if hook is not None}
    functions = {hook.function or hook.name for hook in hooks.values()}
    glue = Glue("run-ended")
    inputs = {ENDED: ended, "run": Handle("raw", "run", constant=RUN_ID)}
    variables = {port: local(port, functions.__contains__) for port in inputs}
    for port, handle in inputs.items():
        glue.inputs[port] = handle
        glue.lines.append(f"{variables[port]} = {glue.source(port, handle, opened=False)}")
    title = pipeline.name.replace("{", "{{").replace("}", "}}")
    for end, hook in hooks.items():
        message = quoted(f"{title} has {end} (run {{{variables['run']}}})")
        glue.lines += [f"if {variables[ENDED]} == {quoted(end)}:", f"    {hook.function}(f{message})"]
    component = lowering.parts.container(glue, _together(list(hooks.values())), PLAIN)
    task = root.add_exit(lowering.unique(glue.name), component, glue.inputs, ended.task)
    task.caching_options = caching(PLAIN.policy)
    lowering.told.add(task.task_info.name)


def _together(hooks: list[Component]) -> Component:
    """The code of all of them, for one program."""
    code = tuple(dict.fromkeys(name for hook in hooks for name in hook.code))
    return hooks[0].model_copy(update={"name": "run-ended", "code": code})
