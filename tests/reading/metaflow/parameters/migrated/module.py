from pipec import pipeline, step

DEFAULT_NAME = "ada"


@step
def start(
    alpha: float,
    flag: bool,
    grid: dict,
    words: list[str],
    nothing: int | None,
    who: str,
) -> tuple[object, object]:
    seen = [alpha, flag, grid["c"], list(words), nothing, who]
    kind = type(alpha).__name__
    return seen, kind


@step
def end(seen):
    print(seen)


@pipeline
def parameters(
    alpha: float = 1.0,
    use_flag: bool = True,
    user: str = DEFAULT_NAME,
    grid: dict = {"c": [1, 2]},
    words: list[str] = ["x", "y"],
    nothing: int | None = None,
):
    """Args:
    alpha: A number.
    """
    seen, kind = start(alpha, use_flag, grid, words, nothing, user)
    end(seen)
    return {"seen": seen, "kind": kind}
