"""A comprehension over constants: one call for each, results in order."""

from pipec import pipeline, step


@step
def train(c: float, name: str) -> dict:
    return {"c": c, "name": name}


@pipeline
def fanout_static() -> list[dict[str, object]]:
    return [train(c, name=f"model-{c}") for c in (0.1, 1.0, 10.0)]
