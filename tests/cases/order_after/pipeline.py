"""Order without data: crossing edges, a branch, a loop and a sub-pipeline that something waits for by name."""

from pathlib import Path

from pipec import parallel, pipeline, step


@step
def prepare(name: str) -> None:
    """Nothing that is handed on."""


@step
def load(name: str) -> str:
    return name


@step
def publish(name: str) -> Path:
    Path("name.txt").write_text(name)
    return Path("name.txt")


@pipeline
def checks(name: str) -> None:
    prepare(name)
    prepare(name + "!")


@pipeline
def order_after(big: bool = True, names: list[str] = ["x", "y"]) -> list[str]:
    with parallel():
        a = prepare("a")
        b = prepare("b")
        with parallel(after=a):
            c = prepare("c")
        with parallel(after=(a, b)):
            d = prepare("d")
            checked = checks("e")
        with parallel(after=[c, d]):
            f = load("f")
        if big:
            size = load("big")
        else:
            size = load("small")
        loaded = [load(name) for name in names]
        with parallel(after=(size, loaded, checked)):
            page = publish("page")
        with parallel(after=(page, c)):
            last = load("last")
    return [f, size, last]
