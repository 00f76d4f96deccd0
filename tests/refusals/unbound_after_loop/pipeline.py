"""The loop variable, and what the body binds, are unbound after the loop."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> list[int]:
    out = []
    for i in range(n):
        x = work(i)
        out.append(x)
    return [work(x), i]  # PC202 PC202
