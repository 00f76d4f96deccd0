"""Steps that are called like the tasks and components that targets need themselves: loops, conditions, imports."""

from pathlib import Path

from pipec import pipeline, step


@step
def for_loop_for_n(n: int) -> int:
    return n


@step
def condition(n: int) -> int:
    return n + 1


@step
def condition_if_n(n: int) -> int:
    return n + 2


@step
def each_for_n(n: int) -> int:
    return n + 3


@step
def export_b(n: int) -> int:
    return n + 4


@step
def artifact_at(n: int) -> Path:
    Path("at.txt").write_text("1" * n)
    return Path("at.txt")


@step
def import_c(n: int) -> Path:
    Path("import.txt").write_text("12" * n)
    return Path("import.txt")


@step
def report(numbers: list[int], file: Path) -> str:
    return f"{sum(numbers)} {len(file.read_text())}"


@pipeline
def names_of_tasks(n: int = 3, ns: list[int] = [1, 2]) -> str:
    b = condition(n)
    c = artifact_at(n)
    numbers = [condition_if_n(n), each_for_n(n), export_b(n)]
    if n > 2:
        b = condition_if_n(b)
        c = import_c(n)
    found = [for_loop_for_n(n) for n in ns]
    return report([b, *numbers, *found], c)
