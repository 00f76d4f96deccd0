"""A folder is an artifact like a file, with everything below it; also from an absolute path."""

import tempfile
from pathlib import Path

from pipec import Model, pipeline, step


@step
def save(layers: int) -> Model:
    folder = Path(tempfile.mkdtemp()) / "model"
    (folder / "layers").mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "empty").mkdir()
    for i in range(layers):
        (folder / "layers" / f"{i}.bin").write_bytes(bytes(range(256)))
    return folder


@step
def listing(model: Path) -> list[str]:
    return [model.name] + sorted(p.relative_to(model).as_posix() for p in model.rglob("*") if p.is_file())


@pipeline
def artifact_folder(layers: int = 2) -> list[str]:
    return listing(save(layers))
