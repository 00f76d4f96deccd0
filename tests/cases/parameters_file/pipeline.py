"""A parameter annotated as a file is one where a pipeline gives it, and the text of a path where a run does."""

from pathlib import Path

from pipec import Dataset, pipeline, step


@step
def make(lines: int) -> Dataset:
    path = Path("lines.txt")
    path.write_text("\n" * lines)
    return path


def count(data: Dataset) -> int:
    return Path(data).read_text().count("\n")


@step
def is_folder(folder: Path) -> bool:
    return isinstance(folder, str) and Path(folder).is_dir()


@pipeline
def counted(data: Dataset) -> int:
    return count(data)


@pipeline
def parameters_file(folder: Path, others: list[Path] = [], lines: int = 3) -> tuple[bool, int, int]:
    return is_folder(folder), len(others), counted(make(lines))
