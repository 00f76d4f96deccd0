"""A name that is merged three times over is read after each merge."""

from pipec import pipeline, step


@step
def plus(a: int, b: int) -> int:
    return a + b


@pipeline
def branch_merge_thrice(n: int = 3) -> tuple[int, int]:
    seen = 0
    if n > 1:
        if n > 2:
            if n > 3:
                found = plus(n, 100)
            else:
                found = plus(n, 200)
            seen = plus(found, 1)
        else:
            found = plus(n, 300)
        seen = plus(found, seen)
    else:
        found = plus(n, 400)
    return plus(found, 1000), seen
