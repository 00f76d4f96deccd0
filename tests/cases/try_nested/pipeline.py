"""A `try` in a `try`: the inner handler first; what it cannot handle, the outer one does."""

from pipec import pipeline, step


@step
def first(n: int) -> int:
    if n >= 1:
        raise ValueError("first")
    return n


@step
def second(n: int) -> int:
    if n >= 2:
        raise ValueError("second")
    return n + 100


@step
def last(text: str) -> str:
    return text + "!"


@pipeline
def try_nested(n: int = 0) -> str:
    try:
        try:
            value = first(n)
        except Exception:
            value = second(n)
        more = value + 1
        result = last(f"{more}")
    except Exception as outer:
        result = last(f"outer {outer}")
    return result
