"""Migrated from the compiled pipeline "importing"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import Dataset, native, pipeline, step


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


# PC507: the artifact at its URI is copied into the store, where Kubeflow only refers to it
# PC507: the metadata of the imported artifact are not kept
@step(packages=["fsspec", "gcsfs"])
def importer() -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    uri = "gs://bucket/fixed"
    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


@step(image="python:3.11", cache=True)
def show(data: Dataset):
    data = Artifact(data, "data")
    print(data.metadata)


@step(packages=["fsspec"])
def copy_of_importer_2(uri: str) -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


# PC504: elsewhere than on Kubeflow, the artifact at its URI is copied into the store, where Kubeflow only refers to
# it
importer_2 = native(
    "kfp",
    "dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset)",
    imports=["from kfp import dsl"],
    inputs={"uri": str},
    outputs={"artifact": Dataset},
    otherwise=copy_of_importer_2,
    cache=True,
)


@step(image="python:3.11", cache=True)
def name() -> str:
    return "gs://bucket/x"


# PC507: the artifact at its URI is copied into the store, where Kubeflow only refers to it
# PC507: the metadata of the imported artifact are not kept
@step(packages=["fsspec"])
def importer_3(uri: str) -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


@pipeline
def importing(uri: str = "gs://bucket/data", owner: str = "me"):
    fixed = importer()
    show_done = show(fixed)
    given = importer_2(uri)
    show_2 = show(given)
    name_result = name()
    name_2 = name()
    made = importer_3(name_result)
    show_3 = show(made)
