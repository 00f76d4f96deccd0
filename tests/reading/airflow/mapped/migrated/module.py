"""One task for each item."""

from pipec import parallel, pipeline, step


@step
def names() -> list:
    return ["a", "b", "c"]


@step
def size(name: str, factor: int) -> int:
    return len(name) * factor


# PC507: `total` does not do quite the same: where `size` has no items, Airflow skips it, and here it runs
@step
def total(sizes) -> int:
    return sum(sizes)


@step
def pair(left: int, right: str):
    print(left, right)


@pipeline
def mapped():
    with parallel():
        names_result = names()
        sizes = [size(factor=3, name=name) for name in names_result]
        [pair(left=left, right=right) for left, right in [(1, "x"), (1, "y"), (2, "x"), (2, "y")]]
        total(sizes)
