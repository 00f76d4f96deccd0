"""A comprehension over a list that is known only at run time, over `range` of a run-time number, and over a parameter."""

from pipec import pipeline, step


@step
def list_files(n: int) -> list[str]:
    return [f"part-{i}.csv" for i in range(n)]


@step
def size(file: str, scale: int) -> int:
    return len(file) * scale


@step
def total(sizes: list[int]) -> int:
    return sum(sizes)


@pipeline
def fanout_dynamic(n: int = 3, scales: list[int] = [1, 10]) -> list[object]:
    files = list_files(n)
    sizes = [size(f, 2) for f in files]
    scaled = [size("x", s) for s in scales]
    counted = [size("abc", i) for i in range(len(files))]
    return [sizes, total(sizes), scaled, counted]
