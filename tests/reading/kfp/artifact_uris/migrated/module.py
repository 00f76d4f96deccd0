"""Migrated from the compiled pipeline "artifact-uris"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import Dataset, Model, pipeline, step, uri_of


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


@step(image="python:3.11", cache=True)
def write(text: str) -> Dataset:
    file = Artifact.new("file")
    with open(file.path, "w") as stream:
        stream.write(text)
    return file.file()


@step(image="python:3.11", cache=True)
def read(file: Dataset, file_uri: str) -> str:
    file = StoredArtifact(file, "file", file_uri)
    return open(file.uri.replace("file://", "")).read()


@step(image="python:3.11", cache=True)
def train(rows: int) -> Model:
    model = Artifact.new("model")
    with open(model.path, "w") as stream:
        stream.write("m" * rows)
    model.metadata["rows"] = rows
    return model.file()


@step(image="python:3.11", cache=True)
def serve(model: Model, model_uri: str, file: Dataset, model_uri_2: str, file_uri: str) -> str:
    model = StoredArtifact(model, "model", model_uri_2)
    file = StoredArtifact(file, "file", file_uri)
    # where a server finds them
    content = open(model.uri.replace("file://", "")).read()
    return f"{content} {model.metadata['rows']} {model_uri} {file.uri.rpartition('/')[2]}"


@step(image="python:3.11", cache=True)
def joined(texts: list, text: str) -> str:
    return " ".join([*texts, text])


@pipeline
def read_back(text: str) -> str:
    file = write(text)
    read_result = read(file=file, file_uri=uri_of(file))
    return read_result


@pipeline(name="artifact-uris")
def artifact_uris(rows: int = 3, text: str = "abc") -> str:
    if rows == 3:
        file = write("three")
    else:
        file = write("another")
    read_2 = read(file=file, file_uri=uri_of(file))
    read_results = []
    for item in ["x", "y"]:
        file_3 = write(item)
        read_result = read(file=file_3, file_uri=uri_of(file_3))
        read_results.append(read_result)
    read_back_result = read_back("back")
    model = train(rows)
    file_4 = write(text)
    serve_result = serve(
        model=model, model_uri_2=uri_of(model), model_uri="s3://a", file=file_4, file_uri=uri_of(file_4)
    )
    joined_result = joined(texts=read_results, text=f"{serve_result} {read_2} {read_back_result}")
    return joined_result
