"""A path may say which of Kubeflow's types its artifact has; everywhere it is a file or folder like any other."""

from pathlib import Path
from typing import Annotated

from pipec import pipeline, step

VertexModel = Annotated[Path, "google.VertexModel@0.0.0"]


@step
def measure(n: int) -> tuple[int, Annotated[Path, "system.Metrics"]]:
    file = Path("metrics.json")
    file.write_text('{"accuracy": 0.5}', encoding="utf-8")
    return n, file


@step
def export(n: int) -> VertexModel:
    folder = Path("model")
    folder.mkdir()
    Path(folder, "weights.txt").write_text("1" * n, encoding="utf-8")
    return folder


@step
def size(model: Path, metrics: Path | None = None) -> int:
    return len(Path(model, "weights.txt").read_text(encoding="utf-8"))


@pipeline
def artifact_titled(n: int = 3) -> int:
    count, unread = measure(n)
    return size(export(count))
