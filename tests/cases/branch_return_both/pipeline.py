"""Both arms return, each with tasks of its own; one of them returns nothing."""

from pipec import pipeline, step


@step
def read(n: int) -> int:
    return n


@step
def note(text: str) -> None:
    print(text)


@step
def double(n: int) -> int:
    return 2 * n


@pipeline
def branch_return_both(n: int = 1) -> int | None:
    value = read(n)
    if value > 0:
        return double(value)
    else:
        note("nothing to do")
        return None
