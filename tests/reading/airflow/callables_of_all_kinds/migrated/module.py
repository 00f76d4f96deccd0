"""What a Python operator may call."""

from math import sqrt

from pipec import parallel, pipeline, step


def power(base: int, exponent: int) -> int:
    return base**exponent


@step
def cubed(base: int, exponent: int) -> int:
    return base**exponent


@step
def squared(base) -> int:
    return power(base, exponent=2)


@step
def root(argument_1):
    return sqrt(argument_1)


@step(targets={"airflow": {"task_id": "show-it"}})
def show_it(text, mark="!"):
    return print(text + mark)


@pipeline
def callables_of_all_kinds():
    squared(3)
    cubed(base=3, exponent=3)
    with parallel():
        root(2.0)
        show_it("x")
