from typing import List

from kfp import dsl
from kfp.dsl import Dataset, Input, Model, Output


@dsl.component
def part(n: int, data: Output[Dataset]):
    open(data.path, "w").close()


@dsl.component
def fit(data: Input[Dataset], model: Output[Model]):
    open(model.path, "w").close()


@dsl.component
def best(models: Input[List[Model]]) -> int:
    return len(models)


@dsl.pipeline
def parts_pipeline(count: int) -> List[Dataset]:
    with dsl.ParallelFor([1, 2]) as n:
        made = part(n=n)
    return dsl.Collected(made.outputs["data"])


@dsl.pipeline(name="over-artifacts")
def over_artifacts():
    parts = parts_pipeline(count=2)
    with dsl.ParallelFor(items=parts.output) as data:
        fitted = fit(data=data)
    best(models=dsl.Collected(fitted.outputs["model"]))
