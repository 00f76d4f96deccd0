"""Resources that only the run knows: its parameters, what a step gives, an item of a loop, in a branch and in a group."""

from pipec import GPU, Argument, pipeline, step


@step(memory=Argument("memory"), memory_limit=Argument("memory"), gpu=Argument("gpus"))
def train(rows: int, memory: str = "4Gi", gpus: int = 1) -> str:
    return f"{rows} rows in {memory} with {gpus}"


@step(cpu="500m", cpu_limit=Argument("cores"), gpu=GPU("a100", count=Argument("gpus")))
def tune(text: str, cores: float, gpus: str) -> str:
    return f"{text}; {cores} cores, {gpus} devices"


def size_for(rows: int) -> str:
    return f"{rows}Gi"


def devices() -> str:
    return "2"


@pipeline
def sized(rows: int, memory: str) -> str:
    return train(rows, memory)


@pipeline
def settings_argument_run(
    rows: int = 3, memory: str = "2Gi", gpus: int = 1, cores: float = 0.5, sizes: list[str] = ["1Gi", "512Mi"]
) -> list[object]:
    size = size_for(rows)
    texts = [train(rows, memory, gpus), train(rows, size), train(rows, memory=f"{rows}00Mi")]
    if rows > 1:
        more = tune(texts[0], cores, devices())
    else:
        more = sized(rows, size)
    each = [train(rows, one) for one in sizes]
    return [texts, more, each]
