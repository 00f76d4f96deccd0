from pipec import pipeline, step


@step
def start(size: int) -> str:
    kind = "large" if size > 50 else "small"
    return kind


@step
def sample(size: int) -> tuple[object, str]:
    used = size // 2
    method = "sampled"
    return used, method


@step
def train(used) -> str:
    model = f"model of {used}"
    return model


@step
def end(model: str):
    print(model)


@pipeline
def switch(size: int = 70):
    kind = start(size)
    if kind == "large":
        used, method = sample(size)
    else:
        used = size
        method = None
    model = train(used)
    end(model)
    return {"kind": kind, "used": used, "method": method, "model": model}
