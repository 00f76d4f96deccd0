"""Migrated from the compiled pipeline "values-as-files"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import pipeline, step


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


@step(image="python:3.9", cache=True)
def make(text: str) -> str:
    out_path = Artifact.new("out_path").path
    with open(out_path, "w") as out:
        out.write(text)
    return Path(out_path).read_text()


@step(image="python:3.7", cache=True)
def count(src_path: str) -> tuple[int, Path]:
    src_path = str(Artifact.kept(src_path, "src_path"))
    table_path = Artifact.new("table_path").path
    with open(src_path) as src, open(table_path, "w") as table:
        text = src.read()
        table.write(text * 2)
    return len(text), Path(table_path)


@step(image="python:3.7", cache=True)
def show(table_path: Path, n_file: int, rate_path: float = 0.5) -> str:
    table_path = str(table_path)
    n_file = str(Artifact.kept(n_file, "n_file"))
    rate_path = None if rate_path is None else str(Artifact.kept(rate_path, "rate_path"))
    return open(table_path).read() + open(n_file).read() + open(rate_path).read()


@pipeline(name="values-as-files")
def values(text: str = "x"):
    """Texts and numbers that functions get as files."""
    made = make(text)
    count_result, table_path = count(made)
    count_2_result, table_path_2 = count(made)
    show_result = show(table_path=table_path, n_file=count_2_result)
