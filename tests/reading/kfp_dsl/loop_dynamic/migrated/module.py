"""Migrated from the compiled pipeline "dynamic-loops"."""

from typing import Dict, List

from pipec import parallel, pipeline, step


@step(image="python:3.11", cache=True)
def show(name: str, number: int = 0):
    print(name)


@step(image="python:3.11", cache=True)
def split(n: int) -> List[int]:
    return list(range(n))


@step(image="python:3.11", cache=True)
def work(n: int, label: str = "x") -> int:
    return n


@step(image="python:3.11", cache=True)
def total(numbers: List[int]) -> int:
    return sum(numbers)


@step(image="python:3.11", cache=True)
def tables() -> List[Dict[str, str]]:
    return [{"name": "a"}]


@pipeline(name="dynamic-loops")
def dynamic_loops(names: list, rows: list, n: int = 3) -> int:
    for name in names:
        for other in names:
            show_3 = show(name=other)
            show_4 = show(name=other)
        show_2 = show(name=name, number=n)
    for row in rows:
        for street in row["streets"]:
            show_7 = show(name=street)
        show_6 = show(name=row["city"])
    parts = split(n)
    work_results = []
    for part in parallel(parts, limit=1):
        worked = work(n=part, label=f"part {part}")
        work_results.append(worked)
        if worked > n:
            show_done = show(name="large", number=part)
    total_result = total(work_results)
    tables_result = tables()
    for table in tables_result:
        show_5 = show(name=table["name_of"])
    return total_result
