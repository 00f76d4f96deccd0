"""Steps, values and parameters under names that mean something to an orchestrator."""

from pipec import pipeline, step


@step
def start(input: int) -> int:
    return input


@step
def next(self: int, index: int = 1) -> int:
    return self + index


@step
def end(name: int, cmd: int) -> list[int]:
    return [name, cmd]


@step
def join(inputs: list[int], context: int) -> int:
    return sum(inputs) * context


@pipeline
def names_reserved(dag: int = 1, run_id: int = 2, params: int = 3, task: int = 4) -> list[int]:
    self = start(dag)
    input = next(self, index=run_id)
    name = next(input, params)
    foreach_stack = end(name, cmd=task)
    merge_artifacts = join(foreach_stack, context=dag)
    return [self, input, name, merge_artifacts]
