"""Comprehensions and generator expressions without step calls are plain expressions."""

from pipec import pipeline, step


@step
def numbers() -> list[int]:
    return [5, 3, 8, 1]


@pipeline
def expression_comprehensions(limit: int = 4) -> list[object]:
    xs = numbers()
    return [
        [x * x for x in xs if x > limit],
        {str(x): [y for y in range(x) if y % 2] for x in xs},
        sorted({x % 3 for x in xs}),
        [(i, x) for i, x in enumerate(xs)],
        sum(x for x in xs if x != limit),
        [[a + b for b in xs] for a in xs[:2]],
    ]
