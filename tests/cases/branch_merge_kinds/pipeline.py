"""A file of one kind in one arm of a branch, and of another kind, or perhaps none, in the other."""

from pathlib import Path
from typing import Annotated

from pipec import Model, pipeline, step


@step
def train(n: int) -> Model:
    Path("model.txt").write_text("new" * n)
    return Model("model.txt")


@step
def champion(n: int) -> Path:
    Path("champion.txt").write_text("old" * n)
    return Path("champion.txt")


@step
def table(n: int) -> Annotated[Path, "google.BQTable"]:
    Path("table.txt").write_text("rows" * n)
    return Path("table.txt")


@step
def perhaps(n: int) -> Path | None:
    return None


@step
def report(model: Path, other: Path | None) -> str:
    return f"{model.read_text()} {other and other.read_text()}"


@pipeline
def branch_merge_kinds(n: int = 3) -> str:
    if n > 2:
        model = train(n)
        other = table(n)
    else:
        model = champion(n)
        other = perhaps(n)
    return report(model, other)
