from typing import NamedTuple

from kfp import dsl, kubernetes
from kfp.dsl import Input, Model, Output


@dsl.component
def add(a: int, b: int) -> int:
    return a + b


@dsl.component
def negate(n: int) -> int:
    return -n


@dsl.component
def fit(n: int, model: Output[Model]):
    open(model.path, "w").close()


@dsl.component
def show(model: Input[Model]):
    print(model.uri)


class Made(NamedTuple):
    total: int
    model: Model


@dsl.pipeline(name="inner")
def inner(a: int, b: int = 2) -> Made:
    total = add(a=a, b=b)
    with dsl.If(total.output > 3):
        kubernetes.set_timeout(negate(n=total.output), 60)
    model = fit(n=total.output)
    return Made(total=total.output, model=model.outputs["model"])


@dsl.pipeline(name="outer")
def outer(n: int = 1) -> int:
    one = add(a=n, b=n)
    first = inner(a=one.output).set_display_name("the first")
    second = inner(a=first.outputs["total"], b=5)
    second.set_caching_options(False)
    show(model=second.outputs["model"])
    with dsl.ParallelFor([1, 2]) as item:
        inner(a=item)
    return add(a=first.outputs["total"], b=second.outputs["total"]).output
