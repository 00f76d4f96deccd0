"""Nothing more is done where there is nothing new."""

from pipec import pipeline, step


@step
def rows() -> int:
    return 3


@step
def anything(n: int) -> bool:
    return n > 0


@step
def train(n: int) -> int:
    return n + 1


@step
def publish(n: int):
    print("published", n)


@pipeline
def short_circuit():
    n = rows()
    anything_result = anything(n)
    if anything_result:
        model = train(n)
        publish(model)
