"""Migrated from the compiled pipeline "static-loops"."""

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def pair(a: str, b: str):
    print(a, b)


@step(image="python:3.11", cache=True)
def work(n: int) -> int:
    return n


@step(image="python:3.11", cache=True)
def total(numbers: list) -> int:
    return sum(numbers)


@pipeline(name="static-loops")
def static_loops(rows: str = "1"):
    work_results = []
    for n in parallel([1, 2, 3], limit=2):
        pair_done = pair(a=f"item {n}", b=rows)
        done = work(n)
        work_results.append(done)
    total_result = total(work_results)
    # Shown as 'grid'.
    for row in [{"a": "x", "b": "1"}, {"a": "y", "b": "2"}]:
        for letter in ["u", "v"]:
            pair_3 = pair(a=letter, b=rows)
        pair_2 = pair(a=row["a"], b=row["b"])
