from kfp import dsl


@dsl.component
def Train_Model(n: int) -> int:
    return n


@dsl.component(base_image="python:3.12")
def train(n: int) -> int:
    return n


@dsl.pipeline(name="My Pipeline: the second!")
def names(n: int = 1):
    first = Train_Model(n=n)
    second = Train_Model(n=first.output)
    train(n=second.output)
    train(n=2)
