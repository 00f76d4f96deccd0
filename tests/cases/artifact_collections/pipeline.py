"""Lists and dicts of artifacts from one step: indexed, counted, iterated over, and passed whole."""

from pathlib import Path

import numpy as np

from pipec import pipeline, step


@step
def models(n: int) -> list[np.ndarray]:
    return [np.full(i + 1, i) for i in range(n)]


@step
def files(names: list[str]) -> dict[str, Path]:
    for name in names:
        Path(f"{name}.txt").write_text(name * 2, encoding="utf-8")
    return {name: Path(f"{name}.txt") for name in names}


@step
def size(model: np.ndarray) -> int:
    return model.size


@step
def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@step
def joined(files: dict[str, Path]) -> str:
    return " ".join(f"{k}={v.read_text(encoding='utf-8')}" for k, v in files.items())


@pipeline
def artifact_collections(n: int = 3) -> list[object]:
    several = models(n)
    named = files(["a", "b"])
    return [
        size(several[1]),
        len(several),
        [size(m) for m in several],
        read(named["b"]),
        joined(named),
        {name: read(file) for name, file in named.items()},
    ]
