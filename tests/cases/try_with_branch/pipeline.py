"""A branch in a `try`, an early return out of one, and one in an arm."""

from pipec import pipeline, step


@step
def check(n: int) -> int:
    if n == 3:
        raise ValueError("three")
    return n


@step
def deep(n: int) -> int:
    if n == 5:
        raise ValueError("five")
    return n * 10


@pipeline
def try_with_branch(n: int = 1) -> str:
    try:
        found = check(n)
        if found > 3:
            found = deep(found)
        elif found == 1:
            return "early"
        text = f"found {found}"
    except Exception as e:
        text = f"not found: {e}"
    if n > 4:
        try:
            text = text + f", {deep(n - 1)}"
        except Exception:
            return "never"
    return text
