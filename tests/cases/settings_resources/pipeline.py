"""CPU, memory, GPUs, time limit, image, packages: settings of the cluster that change nothing in a local run."""

from pipec import GPU, pipeline, step


@step(cpu=2, cpu_limit=4, memory="4Gi", memory_limit="6Gi", timeout="2h")
def prepare(n: int) -> int:
    return n + 1


@step(cpu="500m", memory="512Mi", gpu=1)
def train(n: int) -> int:
    return n * 2


@step(gpu=GPU("a100", count=2), memory="32Gi", retries=2)
def tune(n: int) -> int:
    return n * 3


@step(image="python:3.12", packages=["humanize==4.9.0"], memory="16GB")
def report(a: int, b: int) -> str:
    return f"{a} {b}"


@pipeline
def settings_resources(n: int = 1) -> str:
    rows = prepare(n)
    return report(train(rows), tune(rows))
