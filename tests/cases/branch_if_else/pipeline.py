"""Only the chosen arm runs; a name that both bind is usable after the `if`."""

from pipec import pipeline, step


@step
def measure(n: int) -> int:
    return n * n


@step
def large(n: int) -> str:
    return f"large {n}"


@step
def small(n: int) -> str:
    return f"small {n}"


@step
def shout(text: str) -> str:
    return text.upper()


@pipeline
def branch_if_else(n: int = 3) -> str:
    size = measure(n)
    if size > 5:
        label = large(size)
    else:
        label = small(size)
    return shout(label)
