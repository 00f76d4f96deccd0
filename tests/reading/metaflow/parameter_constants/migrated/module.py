from pipec import pipeline, step

ROWS = 5
NAMES = ["a", "b"]
FACTOR = ROWS * 2
PREFIX: str = "x"
TEXT = '{"a": [1, 2]}'

OWN = 7


@step
def start(rows: int, factor: int):
    x = rows * factor + ROWS
    return x


@step
def end(x, names: list, text: dict, typed: float, own: int, both: int, pre: str, listed: list[str]):
    print(x, names, text, typed, own, both, pre, listed)


@pipeline
def constants(
    rows: int = ROWS,
    factor: int = FACTOR,
    names: list = NAMES,
    text: dict = {"a": [1, 2]},
    typed: float = 5.0,
    own: int = 7,
    both: int = 12,
    pre: str = PREFIX + "-y",
    listed: list[str] = ["x"],
):
    """Args:
    rows: how many
    """
    x = start(rows, factor)
    end(x, names, text, typed, own, both, pre, listed)
    return {"x": x}
