"""Migrated from the compiled pipeline "first-version"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import parallel, pipeline, step


class Artifact:
    """A file or folder as the components were written for: with a path, a name, and metadata that travels with it."""

    def __init__(self, uri: "str | Path" = "", name: str = "", metadata: "dict | None" = None) -> None:
        self.name = name
        self.metadata = dict(metadata or {})
        self.path = str(uri)
        self.custom_path = None
        described = Path(uri, "metadata.json")
        if uri and Path(uri, "content").exists() and described.exists():
            self.path = str(Path(uri, "content"))
            self.metadata = json.loads(described.read_text())

    @classmethod
    def new(cls, name: str) -> "Artifact":
        """An output that is still to be written."""
        return cls(Path(tempfile.mkdtemp(), name), name)

    @classmethod
    def kept(cls, value: object, name: str) -> "Path":
        """The file of a result: an artifact, or the content of one."""
        if not isinstance(value, Artifact):
            content, value = value, cls.new(name)
            Path(value.path).write_text(content if isinstance(content, str) else json.dumps(content))
        return value.file()

    @property
    def uri(self) -> str:
        """Where it lies: a local path."""
        return self.path

    def set_path(self, path: str) -> None:
        """Write it elsewhere."""
        self.path = self.custom_path = path

    def log_metric(self, metric: str, value: float) -> None:
        """Keep a metric."""
        self.metadata[metric] = value

    def log_confusion_matrix(self, categories: list, matrix: list) -> None:
        """Keep a confusion matrix."""
        rows = [{"row": list(row)} for row in matrix]
        specs = [{"displayName": category} for category in categories]
        self.metadata["confusionMatrix"] = {"annotationSpecs": specs, "rows": rows}

    def log_roc_curve(self, fpr: list, tpr: list, threshold: list) -> None:
        """Keep the points of a ROC curve."""
        self.metadata["confidenceMetrics"] = [
            {"confidenceThreshold": float(t), "falsePositiveRate": float(f), "recall": float(r)}
            for f, r, t in zip(fpr, tpr, threshold)
        ]

    def file(self) -> "Path":
        """What the next step gets: the file, in a folder with its metadata where it has some."""
        path = Path(self.path)
        if not path.exists():
            path.touch()
        if not self.metadata:
            return path
        folder = Path(tempfile.mkdtemp(), self.name or path.name)
        folder.mkdir()
        shutil.move(path, folder / "content")
        (folder / "metadata.json").write_text(json.dumps(self.metadata))
        return folder


@step(
    image="python:3.8",
    cpu_limit=1,
    memory_limit="1GB",
    cache=True,
    env={"MODE": "fast"},
    targets={"kfp": {"imagePullPolicy": "Always"}},
)
def add(a: float, b: float = 1) -> float:
    # both are numbers
    return a + b


@step(image="python:3.8", cache=True, labels={"team": "ml"})
def add_2(a: float, b: float = 1) -> float:
    # both are numbers
    return a + b


@step(image="python:3.7", cache=True, packages=["pandas"])
def write(rows: int) -> tuple[int, str, Path]:
    table_path = Artifact.new("table_path").path
    with open(table_path, "w") as table:
        table.write("1,2\n" * rows)
    return (returned := (rows, "x"))[0], returned[1], Path(table_path)


@step(image="python:3.7", cache=True)
def split(text_path: Path, parts) -> str:
    text_path = str(text_path)
    head_path = Artifact.new("head_path").path
    with open(text_path) as text, open(head_path, "w") as head:
        head.write(text.readline() * int(parts))
    return Path(head_path).read_text()


@pipeline(name="first-version")
def old(a: float = 1.0, b: float = 7.0, rows: int = 3):
    """Written for version 1 of the SDK."""
    total = add(a=a, b=4.0)
    add_2_result = add_2(a=total, b=b)
    lines, word, table_path = write(5)
    head_path = split(text_path=table_path, parts="3")
    with parallel(after=lines):
        lines_2, word_2, table_path_2 = write(rows)
