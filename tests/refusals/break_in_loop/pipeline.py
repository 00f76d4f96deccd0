"""Iterations are independent: no `break`, `continue` or `return` inside a loop."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 3) -> list[int]:
    out = []
    for i in range(n):
        if i > 1:
            break  # PC107
        out.append(work(i))
    return out
