"""Branches beside one another, each on a step of its own; what else reads a decision, or waits for it, keeps it a task."""

from pipec import parallel, pipeline, step


@step
def is_odd(n: int) -> bool:
    return n % 2 == 1


@step
def is_large(n: int) -> bool:
    return n > 5


@step
def is_small(n: int) -> bool:
    return n < 3


@step
def count(n: int) -> int:
    return n % 3


@step
def note(text: str) -> None:
    return None


@pipeline
def branch_on_steps_beside(n: int = 7):
    with parallel():
        odd = is_odd(n)
        large = is_large(n)
        if odd:
            note("odd")
        if large:
            note("large")
            note("very")
        small = is_small(n)
        if small:
            note("small")
        note(f"small: {small}")
        left = count(n)
        if left:
            note(f"{left} are left")
        done = is_odd(n + 1)
        with parallel(after=done):
            note("after it")
        if done:
            note("even")
