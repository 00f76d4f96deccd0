"""Steps that run elsewhere than in the worker's process: which they are, and the module with their code.

It has no Airflow: the environment or container of a step has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipec.backends.airflow import contained
from pipec.backends.airflow.draft import FunctionDraft
from pipec.backends.airflow.emit import own_text
from pipec.backends.airflow.functions import Functions
from pipec.backends.airflow.imports import needed_imports
from pipec.backends.airflow.model import CodePiece, StepsFile, TaskFunction
from pipec.backends.airflow.native import is_isolated, isolation
from pipec.backends.airflow.pieces import helpers_of_steps
from pipec.compiler.pysource.lazy import user_code
from pipec.compiler.site import Site
from pipec.ir import Block, Branch, ForEach, Pipeline, Task, uses
from pipec.ir.graph import blocks, hooks, tasks


def left(pipeline: Pipeline) -> Pipeline:
    """`pipeline` with the definitions that the DAG file itself needs."""
    names = {task.component for task in tasks(pipeline) if not is_isolated(pipeline.policy, task.policy)}
    if all(task.component in names for task in tasks(pipeline)):
        return pipeline
    return _with_code_of(pipeline, names | hooks(pipeline.body, pipeline.policy))


def steps_file(pipeline: Pipeline, functions: Functions, version: tuple[int, int]) -> StepsFile | None:
    """The module with the code of the isolated steps; `None` where there are none."""
    drafts = {d.name: d for d in functions.drafts if d.isolated}
    if not drafts:
        return None
    own = {task.component for task in tasks(pipeline) if is_isolated(pipeline.policy, task.policy)}
    user = user_code(_with_code_of(pipeline, own))
    direct = {d.definition: d for d in drafts.values() if d.definition}
    code: list[CodePiece | TaskFunction] = []
    for name, source in user.sources.items():
        if name in direct:
            code.append(_of_steps(direct[name], source))
        else:
            code.append(CodePiece(name=name, source=source))
    code += [_of_steps(d, "") for d in drafts.values() if not d.definition]
    kinds = {isolation(pipeline.policy, task.policy) for task in tasks(pipeline)} - {"worker"}
    containers = not kinds.isdisjoint(contained.DECORATORS)
    places = ["virtual environments"] * ("virtualenv" in kinds) + ["containers"] * containers
    file = StepsFile(
        doc=f"Steps of {pipeline.name} that run in {' and '.join(places)} of their own.",
        imports=tuple(user.imports), typing_imports=tuple(user.typing_imports),
        helpers=helpers_of_steps(pipeline, functions), code=tuple(code), run_step=functions.helpers["run_step"],
        containers=containers,
    )  # fmt: skip
    return file.model_copy(update={"imports": (*file.imports, *needed_imports(own_text(file), version))})


def _of_steps(draft: FunctionDraft, definition: str) -> TaskFunction:
    made = draft.settled(isolated=False)
    return made.model_copy(
        update={"operator": "", "options": {}, "decorators": made.decorators[-1:], "definition": definition, "doc": ""}
    )


def _with_code_of(pipeline: Pipeline, components: set[str]) -> Pipeline:
    reached = {name for c in pipeline.components if c.name in components for name in c.code}
    kept = tuple(d for d in pipeline.definitions if reached & set(d.names) or d.source.startswith("from __future__"))
    return pipeline.model_copy(update={"definitions": kept})


def refusals(pipeline: Pipeline, site: Site) -> Iterator[tuple[Task, str]]:
    """Isolated steps that need Airflow in their own process, or do not reach what they need; and why."""
    yield from _refused(pipeline, pipeline.body, False, False)
    for task in tasks(pipeline):
        yield from ((task, reason) for reason in contained.refusals(pipeline, task, site))


def _refused(pipeline: Pipeline, block: Block, looped: bool, armed: bool) -> Iterator[tuple[Task, str]]:
    from pipec.backends.airflow.values import facts_of

    attempts = facts_of(pipeline).attempts
    for node in block.nodes:
        if isinstance(node, Task) and is_isolated(pipeline.policy, node.policy):
            if looped and armed:
                yield node, "a step in a branch in a loop decides itself whether it runs, which takes Airflow"
            if any(set(uses(expr)) & attempts for expr in node.args.values()):
                yield node, "`run.attempt` is known to Airflow alone"
        for inner in blocks(node):
            arm = armed or isinstance(node, Branch)
            yield from _refused(pipeline, inner, looped or isinstance(node, ForEach), arm)
