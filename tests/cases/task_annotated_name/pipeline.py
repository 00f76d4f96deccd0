"""`x: T = f()` binds like `x = f()`; docstrings and `pass` mean nothing."""

from pipec import pipeline, step


@step
def read() -> int:
    """A docstring with "quotes", a \\ backslash and {braces}."""
    return 41


@step
def increment(n: int) -> int:
    """Two lines.

    Indented like this.
    """
    return n + 1


@pipeline
def task_annotated_name() -> int:
    """A pipeline's docstring is its description: it says "hello", 100 %."""
    number: int = read()
    pass
    result: int = increment(number)
    return result
