"""Settings that the items of fan-outs over constants give: each of these is a task with settings of its own."""

from pipec import Argument, pipeline, step


@step
def load(n: int) -> int:
    return n


@step(memory=Argument("memory"), timeout=Argument("limit"))
def train(d: int, memory: str, limit: str = "1h") -> str:
    return f"{d} {memory}"


@pipeline
def settings_argument_items(n: int = 3) -> list:
    d = load(n)
    models = [train(d, memory=f"{n}Gi") for n in (2, 4)]
    named = {k: train(d, v) for k, v in {"a": "1Gi", "b": "512Mi"}.items()}
    out = []
    for i, size in enumerate(["1Gi", "2Gi"]):
        text = size
        if n > 2:
            text = train(d + i, size, f"{i + 1}h")
        out.append(text)
    for m in ("1Gi", "2Gi"):
        train(d, m)
    return [models, named, out]
