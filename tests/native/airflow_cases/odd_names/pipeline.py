"""Steps, parameters and values under names that TaskFlow, the DAG file and Python use."""

import time
from time import time as now

from pipec import pipeline, step


@step
def task(dag: int, ti: int = 2) -> int:
    return dag + ti + (0 if now() > 0 and time.time() > 0 else 1)


@step
def stored(fetch: int) -> tuple[int, int]:
    return (fetch, fetch * 2)


def to_xcom(x):
    return x * 2


@step
def sent(params: dict) -> list:
    return [to_xcom(p) for p in params]


@step
def with_kw(*args: int, **kw: int) -> list[int]:
    return [*args, *kw.values()]


@step
def filter(map: list[int]) -> list[int]:
    return [m for m in map if m > 1]


@step
def DAG(os: str) -> str:
    return os


@pipeline
def odd_names(json: int = 1) -> list[object]:
    a = task(json)
    b, conf = stored(a)
    c = sent({"x": 1, "y": 2})
    run_id = with_kw(a, b, z=conf)
    k = [filter(map=run_id), DAG("{{ ds }} {% x %}"), [task(dag=i, ti=json) for i in range(2)]]
    return [a, b, conf, c, run_id, k]
