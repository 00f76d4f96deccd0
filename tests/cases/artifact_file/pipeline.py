"""Files travel under their base names: a step returns a path, and the next gets a path to a copy of its own."""

from pathlib import Path

from pipec import Dataset, pipeline, step


@step
def write(lines: int) -> Dataset:
    folder = Path("out")
    folder.mkdir()
    file = folder / "données 1.txt"
    file.write_text("\n".join(f"line {i}" for i in range(lines)), encoding="utf-8")
    return file


@step
def count(file: Path) -> list:
    return [file.name, len(file.read_text(encoding="utf-8").splitlines())]


@step
def spoil(file: Path) -> str:
    file.write_text("spoilt", encoding="utf-8")
    return "done"


@step
def count_after(file: Path, _: str) -> list:
    return [file.name, len(file.read_text(encoding="utf-8").splitlines())]


@pipeline
def artifact_file(lines: int = 3) -> list[object]:
    file = write(lines)
    first = count(file)
    return [first, count_after(file, spoil(file))]
