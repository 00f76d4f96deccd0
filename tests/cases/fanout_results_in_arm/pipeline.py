"""Results of a loop, and of a step that gives several, which only the arms of a branch take."""

from pipec import pipeline, step


@step
def train(name: str) -> str:
    return name.upper()


@step
def evaluate(model: str) -> int:
    return len(model)


@step
def split(name: str) -> tuple[str, int]:
    return name, len(name)


@step
def ship(model: str) -> str:
    return f"shipped {model}"


@pipeline
def fanout_results_in_arm(n: int = 5, names: list[str] = ["mean", "max", "median"]) -> dict:
    models = []
    scores = []
    for name in names:
        model = train(name)
        models.append(model)
        scores.append(evaluate(model))
    i = scores.index(max(scores))
    if n > 3:
        shipped = ship(models[i])
    else:
        shipped = "none"
    first, length = split(names[0])
    if n > 4:
        if n > 6:
            shipped_first = ship(first)
        else:
            shipped_first = ship(f"{first} of {length}")
    else:
        shipped_first = "none"
    return {"shipped": shipped, "first": shipped_first, "scores": scores}
