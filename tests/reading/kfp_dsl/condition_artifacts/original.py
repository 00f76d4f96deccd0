from kfp import dsl
from kfp.dsl import Input, Model, Output


@dsl.component
def size() -> int:
    return 10


@dsl.component
def small(model: Output[Model]):
    open(model.path, "w").close()


@dsl.component
def large(model: Output[Model]):
    open(model.path, "w").close()


@dsl.component
def deploy(model: Input[Model]):
    print(model.uri)


@dsl.pipeline(name="choose-a-model")
def choose_a_model(limit: int = 5) -> Model:
    rows = size()
    with dsl.If(rows.output < limit):
        one = small()
    with dsl.Else():
        other = large()
    best = dsl.OneOf(one.outputs["model"], other.outputs["model"])
    deploy(model=best)
    return best
