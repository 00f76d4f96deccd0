from pipec import pipeline, step


@step
def start() -> str:
    way = "fan"
    return way


@step
def fan() -> list[str]:
    xs = ["a", "b"]
    return xs


@step
def one(item: str):
    up = item.upper()
    return up


@step
def fanned(ups) -> str:
    text = "".join(up for up in ups)
    return text


@step
def p() -> str:
    v = "p"
    return v


@step
def q() -> str:
    v = "q"
    return v


@step
def forked(p_v: str, q_v: str):
    text = p_v + q_v
    return text


@step
def end(text):
    print(text)


@pipeline
def arms():
    way = start()
    if way == "fan":
        xs = fan()
        ups = [one(item) for item in xs]
        text = fanned(ups)
    else:
        p_v = p()
        q_v = q()
        text = forked(p_v, q_v)
    end(text)
    return {"text": text}
