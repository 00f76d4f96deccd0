from kfp import dsl
from kfp.dsl import PipelineTaskFinalStatus


@dsl.component
def work(n: int) -> str:
    return str(n)


@dsl.component
def clean(text: str = "nothing"):
    print(text)


@dsl.component
def look(status: PipelineTaskFinalStatus):
    print(status.state)


@dsl.pipeline(name="cleaning")
def cleaning():
    first = work(n=1)
    clean(text=first.output).ignore_upstream_failure()
    look().after(first).ignore_upstream_failure()
