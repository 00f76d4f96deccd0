"""Parameters of every kind of value, required and not; values on the command line are read by the parameter's type."""

from pipec import pipeline, step


@step
def show(**values: object) -> list[str]:
    return [f"{k}={v!r}" for k, v in values.items()]


@pipeline
def parameters(
    rows: int,
    name: str,
    rate: float = 0.5,
    flag: bool = False,
    sizes: list[int] = [1, 2],
    options: dict[str, object] = {"a": {"b": None}},
    code: str = "007",
    note: str | None = None,
    pair: tuple[int, str] = (1, "x"),
) -> list[str]:
    return show(
        rows=rows, name=name, rate=rate, flag=flag, sizes=sizes, options=options, code=code, note=note, pair=pair
    )
