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
def describe(rows: int) -> Model:
    model = Artifact.new("model")
    with open(model.path, "w") as stream:
        stream.write("m" * rows)
    model.metadata["rows"] = rows
    return model.file()


@step(image="python:3.11", cache=True)
def write(text: str) -> Dataset:
    file = Artifact.new("file")
    with open(file.path, "w") as stream:
        stream.write(text)
    return file.file()


@step(image="python:3.11", cache=True)
def read(file: Dataset, file_uri: str, times: int = 1) -> str:
    file = StoredArtifact(file, "file", file_uri)
    print(file.uri)
    return open(file.uri.replace("gs://", "/gcs/")).read() * times


# PC507: `one.uri` is a local path, not the URI of the store
@step(image="python:3.11", cache=True)
def in_lists(files: list[Dataset]) -> int:
    files = [Artifact(one, "files") for one in files]
    return sum(len(one.uri) for one in files)


@step(image="python:3.11", cache=True)
def both(model: Model, model_uri: str, file: Dataset, model_uri_2: str, file_uri: str) -> str:
    model = StoredArtifact(model, "model", model_uri_2)
    file = StoredArtifact(file, "file", file_uri)
    # where a model server finds them
    return f"{model.uri} {model.metadata['rows']} {model_uri} {file.name}: {file.uri}"


# PC507: `file.uri` is a local path, not the URI of the store
@step(image="python:3.11", cache=True)
def bound_anew(file: Dataset) -> str:
    file = Artifact(file, "file")
    if not file.uri:
        file = None
    return str(file)


# PC507: `file.uri` is a local path, not the URI of the store
@step(image="python:3.11", cache=True)
def read_5(file: Dataset, times: int = 1) -> str:
    file = Artifact(file, "file")
    print(file.uri)
    return open(file.uri.replace("gs://", "/gcs/")).read() * times


# PC507: `made.uri` is a local path, not the URI of the store
@step(image="python:3.11", cache=True)
def moved(file: Dataset, file_uri: str) -> Path:
    file = StoredArtifact(file, "file", file_uri)
    made = Artifact.new("made")
    made.uri = file.uri
    print(made.uri)
    return made.file()


@pipeline
def inner(file: Dataset) -> str:
    read_2 = read_5(file=file)
    own = write("own")
    read_result = read(file=own, file_uri=uri_of(own))
    return read_2


@pipeline(name="artifact-uris")
def artifact_uris(text: str = "abc", rows: int = 3) -> str:
    model = describe(rows)
    write_4_file_results = []
    for item in [1, 2]:
        each = write("each")
        write_4_file_results.append(each)
        read_3 = read(file=each, file_uri=uri_of(each), times=item)
    in_lists_result = in_lists(write_4_file_results)
    file = write(text)
    both_result = both(model=model, model_uri_2=uri_of(model), model_uri="s3://a", file=file, file_uri=uri_of(file))
    bound_anew_result = bound_anew(file)
    if rows == 3:
        read_2 = read(file=file, file_uri=uri_of(file))
        one = write("one")
    else:
        one = write("other")
    read_4 = read(file=one, file_uri=uri_of(one))
    inner_result = inner(file)
    made = moved(file=file, file_uri=uri_of(file))
    read_result = read(file=file, file_uri=uri_of(file), times=2)
    return read_4
