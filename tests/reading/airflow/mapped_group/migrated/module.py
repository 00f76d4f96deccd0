"""A group of tasks for each item."""

from pipec import pipeline, step


@step
def add(x: int, y: int) -> int:
    return x + y


@step
def double(x: int) -> int:
    return x * 2


@step
def total(values):
    print(sum(values))


@pipeline
def both(y: int, x: int):
    add_result = add(x, y)
    double_result = double(add_result)
    return double_result


@pipeline
def mapped_group():
    both_result = [both(y=10, x=x_item) for x_item in [1, 2, 3]]
    total(both_result)
