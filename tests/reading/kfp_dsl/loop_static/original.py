from kfp import dsl


@dsl.component
def work(n: int) -> int:
    return n


@dsl.component
def pair(a: str, b: str):
    print(a, b)


@dsl.component
def total(numbers: list) -> int:
    return sum(numbers)


GRID = [{"a": "x", "b": "1"}, {"a": "y", "b": "2"}]


def field_of(row):
    """A helper that only picks a field."""
    return row.b


@dsl.pipeline(name="static-loops")
def static_loops(rows: str = "1"):
    with dsl.ParallelFor([1, 2, 3], parallelism=2) as n:
        done = work(n=n)
        pair(a=f"item {n}", b=rows)
    total(numbers=dsl.Collected(done.output))
    with dsl.ParallelFor(items=GRID, name="grid") as row:
        pair(a=row.a, b=field_of(row))
        with dsl.ParallelFor(items=("u", "v")) as letter:
            pair(a=letter, b=rows)
