"""An arm in which nothing runs but what a further branch leaves out; what comes after both runs all the same."""

from pipec import pipeline, step


@step
def double(n: int) -> int:
    return 2 * n


@step
def note(n: int) -> None:
    print("negative", n)


@pipeline
def branch_ends_in_branch(n: int = 3) -> list[int]:
    if n > 0:
        if n > 5:
            unused = double(n)  # noqa: F841
    else:
        note(n)
    return [n]
