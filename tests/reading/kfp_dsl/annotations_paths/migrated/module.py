"""Migrated from the compiled pipeline "paths"."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from pipec import HTML, Dataset, pipeline, step


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


@step(image="python:3.11", cache=True)
def measure() -> tuple[Annotated[Path, "system.Metrics"], HTML]:
    metrics = Artifact.new("metrics").path
    page = Artifact.new("page").path
    with open(metrics, "w") as file:
        file.write("{}")
    with open(page, "w") as file:
        file.write("<p>0.5</p>")
    return Path(metrics), Path(page)


@step(image="python:3.11", cache=True)
def write() -> tuple[str, Dataset, Path, int]:
    text = Artifact.new("text").path
    table = Artifact.new("table").path
    blob = Artifact.new("blob").path
    count = Artifact.new("count").path
    with open(text, "w") as file:
        file.write("hello")
    return Path(text).read_text(), Path(table), Path(blob), int(Path(count).read_text())


@step(image="python:3.11", cache=True)
def read(table: Dataset, blob: Path, name: str):
    table = str(table)
    blob = str(blob)
    print(table, blob, name)


@pipeline
def paths():
    metrics, page = measure()
    text, table, blob, count = write()
    read_done = read(table=table, blob=blob, name=text)
