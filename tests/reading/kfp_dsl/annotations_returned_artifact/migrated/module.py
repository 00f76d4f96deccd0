"""Migrated from the compiled pipeline "returned"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import HTML, ClassificationMetrics, Dataset, Markdown, Metrics, Model, pipeline, step, uri_of


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


class StoredArtifact(Artifact):
    """An artifact that knows its address in the store."""

    def __init__(self, path: "str | Path", name: str, uri: str) -> None:
        super().__init__(path, name)
        self.address = uri if self.path == str(path) else f"{uri}/content"

    @property
    def uri(self) -> str:
        """Where it lies, for every program."""
        return self.address


class dsl:
    """What the components use of Kubeflow's `dsl`."""

    Artifact = Dataset = Model = Metrics = ClassificationMetrics = HTML = Markdown = Artifact

    @staticmethod
    def get_uri(suffix: str = "Output") -> str:
        """Where a new artifact may be written."""
        return str(Path(tempfile.mkdtemp(), suffix))


@step(image="python:3.11", cache=True)
def load() -> Dataset:
    Dataset = Artifact  # as Kubeflow's classes
    found = Dataset(uri=dsl.get_uri(), metadata={"rows": 1})
    with open(found.path, "w") as file:
        file.write("1")
    return Artifact.kept(found, "Output")


@step(image="python:3.11", cache=True)
def fit(data: Dataset, data_uri: str) -> Model:
    Model = Artifact  # as Kubeflow's classes
    data = StoredArtifact(data, "data", data_uri)
    return Artifact.kept(Model(uri=dsl.get_uri("model"), metadata={"from": data.uri}), "Output")


@pipeline
def returned() -> Model:
    load_result = load()
    fit_result = fit(data=load_result, data_uri=uri_of(load_result))
    return fit_result
