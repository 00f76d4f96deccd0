"""Migrated from the compiled pipeline "artifacts"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import HTML, ClassificationMetrics, Dataset, Markdown, Metrics, Model, pipeline, step


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
def make() -> tuple[Dataset, Markdown]:
    data = Artifact.new("data")
    notes = Artifact.new("notes")
    with open(data.path, "w") as file:
        file.write("1,2\n")
    with open(notes.path, "w") as file:
        file.write("# notes")
    return data.file(), notes.file()


@step(image="python:3.11", cache=True)
def fit(data: Dataset) -> tuple[Model, Metrics, ClassificationMetrics]:
    data = Artifact(data, "data")
    model = Artifact.new("model")
    metrics = Artifact.new("metrics")
    curve = Artifact.new("curve")
    model.metadata["framework"] = "none"
    metrics.log_metric("accuracy", 0.9)
    curve.log_confusion_matrix(["a", "b"], [[1, 0], [0, 1]])
    return model.file(), metrics.metadata, curve.metadata


@step(image="python:3.11", cache=True)
def compare(models: list[Model], baseline: Model | None = None) -> HTML:
    models = [Artifact(one, "models") for one in models]
    baseline = None if baseline is None else Artifact(baseline, "baseline")
    page = Artifact.new("page")
    with open(page.path, "w") as file:
        file.write(f"<p>{len(models)}</p>")
    return page.file()


@pipeline
def artifacts():
    data, notes = make()
    fit_model_results = []
    for item in [1, 2]:
        model, metrics, curve = fit(data)
        fit_model_results.append(model)
    page = compare(models=fit_model_results)
