from pipec import pipeline, step


@step
def start() -> str:
    trail = "s"
    return trail


@step
def a(trail: str):
    trail += "a"
    return trail


@step
def c(trail):
    trail += "c"
    return trail


@step
def d(trail):
    trail += "d"
    return trail


@step
def inner(d_trail, c_trail):
    trail = c_trail + "|" + d_trail
    return trail


@step
def b(trail: str):
    trail += "b"
    return trail


@step
def outer(b_trail, inner_trail):
    trail = inner_trail + "+" + b_trail
    return trail


@step
def end(trail):
    print(trail)


@pipeline
def nested():
    trail = start()
    a_trail = a(trail)
    c_trail = c(a_trail)
    d_trail = d(a_trail)
    inner_trail = inner(d_trail, c_trail)
    b_trail = b(trail)
    trail = outer(b_trail, inner_trail)
    end(trail)
    return {"trail": trail}
