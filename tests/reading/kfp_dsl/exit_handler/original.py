from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component
def notify(channel: str, status: PipelineTaskFinalStatus):
    print(channel, status.state)


@dsl.component
def work(n: int) -> int:
    return n


@dsl.component
def fail(n: int):
    raise ValueError(n)


@dsl.pipeline(name="with-exit")
def with_exit(channel: str = "ops", n: int = 1):
    ready = work(n=n)
    told = notify(channel=channel)
    with dsl.ExitHandler(told, name="watch"):
        done = work(n=ready.output)
        fail(n=done.output)
    with dsl.ExitHandler(exit_task=notify(channel="dev")) as second:
        work(n=2)
    work(n=3).after(second)
