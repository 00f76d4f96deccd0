"""A pipeline whose name is no name of a file, and no id on any target, is still called that where people look."""

from pipec import pipeline, step


@step
def work(n: int) -> int:
    return n + 1


def tell(message: str) -> None:
    print(message)


@pipeline(name="../Größen/nightly: {all} of them", on_success=tell)
def names_shown(n: int = 3) -> int:
    return work(n)
