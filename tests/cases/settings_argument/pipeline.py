"""Settings that calls give: the argument, its default, an item of a loop that is unrolled, what a group is called with."""

from pipec import GPU, Argument, Secret, pipeline, step


@step(
    memory=Argument("memory"),
    gpu=GPU("a100", count=Argument("gpus")),
    env={"MODE": Argument("mode"), "LEVEL": "info"},
    secrets={"TOKEN": Secret(Argument("secret"), key="TOKEN")},
)
def train(rows: int, memory: str = "4Gi", gpus: int = 1, *, mode: str = "fast", secret: str = "registry") -> str:
    return f"{rows} rows in {memory}, {mode}"


@step(cpu=Argument("cores"), memory=Argument("memory"))
def count(text: str, memory: str | None, cores: int = 2) -> str:
    return f"{len(text)} letters, {cores} cores"


@pipeline
def sized(rows: int, memory: str) -> str:
    return train(rows, memory)


@pipeline
def settings_argument(rows: int = 3) -> tuple[str, str]:
    text = count(train(rows), None)
    for size in ["2GB", "512Mi"]:
        text = count(text, size)
    return text, count(sized(rows, "16GB"), memory="1Gi", cores=4)
