"""A function without `@step` is a step with default settings."""

from pipec import pipeline


def load() -> list[int]:
    return [3, 1, 2]


def largest(numbers: list[int]) -> int:
    return max(numbers)


@pipeline
def task_without_decorator() -> int:
    return largest(load())
