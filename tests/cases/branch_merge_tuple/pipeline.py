"""A tuple that both arms bind is read as a whole, and element by element."""

from pipec import pipeline, step


@step
def double(n: int) -> int:
    return 2 * n


@step
def describe(pair: tuple[int, str]) -> str:
    return f"{pair[1]} of {pair[0]}"


@pipeline
def branch_merge_tuple(n: int = 3, same: bool = False) -> tuple[str, tuple[int, str], int]:
    if n > 2:
        found = (double(n), "many")
        limits = (n, 0.5)
    else:
        found = (n, "few")
        limits = (n, 0.5)
    count, _ = found
    return describe(found), found, count + limits[0]
