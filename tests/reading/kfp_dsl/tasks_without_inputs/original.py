from kfp import dsl
from kfp.dsl import *  # noqa: F403


@component  # noqa: F405
def one(model: Output[Model]):  # noqa: F405
    open(model.path, "w").close()


@component  # noqa: F405
def two(model: Input[Model]) -> bool:  # noqa: F405
    return True


@dsl.pipeline()
def star():
    made = one()
    checked = two(model=made.output)
    with If(checked.output == True):  # noqa: E712,F405
        two(model=made.output)
