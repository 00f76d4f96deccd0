"""A pipeline called inside a pipeline is a group; its parameters have defaults, and it may be called several times."""

from pipec import pipeline, step


@step
def add(a: int, b: int) -> int:
    return a + b


@step
def multiply(a: int, b: int) -> int:
    return a * b


@pipeline
def polynomial(x: int, scale: int = 2) -> int:
    """scale * x * x + x."""
    square = multiply(x, x)
    return add(multiply(square, scale), x)


@pipeline
def group_simple(x: int = 3) -> list[int]:
    first = polynomial(x)
    second = polynomial(add(x, 1), scale=10)
    return [first, second, add(first, second)]
