from kfp import dsl


@dsl.component(target_image="registry.example.com/train:3", base_image="python:3.10")
def train(n: int) -> int:
    return n + 3


@dsl.pipeline(name="in-an-image")
def in_an_image(n: int = 1):
    train(n=n)
