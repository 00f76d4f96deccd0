from typing import Dict, List

from kfp import dsl


@dsl.component
def split(n: int) -> List[int]:
    return list(range(n))


@dsl.component
def tables() -> List[Dict[str, str]]:
    return [{"name": "a"}]


@dsl.component
def work(n: int, label: str = "x") -> int:
    return n


@dsl.component
def show(name: str, number: int = 0):
    print(name)


@dsl.component
def total(numbers: List[int]) -> int:
    return sum(numbers)


@dsl.pipeline(name="dynamic-loops")
def dynamic_loops(names: List[str], rows: List[dict], n: int = 3) -> int:
    parts = split(n=n)
    with dsl.ParallelFor(parts.output, parallelism=1) as part:
        worked = work(n=part, label=f"part {part}")
        with dsl.If(worked.output > n):
            show(name="large", number=part)
    with dsl.ParallelFor(items=names) as name:
        show(name=name, number=n)
        with dsl.ParallelFor(items=names) as other:
            show(name=other)
            show(name=name)
    with dsl.ParallelFor(tables().output) as table:
        show(name=table.name_of)
    with dsl.ParallelFor(rows) as row:
        show(name=row.city)
        with dsl.ParallelFor(row.streets) as street:
            show(name=street)
    return total(numbers=dsl.Collected(worked.output)).output
