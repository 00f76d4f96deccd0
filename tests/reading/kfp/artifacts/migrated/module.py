"""Migrated from the compiled pipeline "artifacts"."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import List

from pipec import HTML, Dataset, Metrics, Model, pipeline, step


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
    image="python:3.12-slim",
    cache=True,
    env={
        "PIP_INDEX_URL": "https://example.com/simple",
        "PIP_EXTRA_INDEX_URL": "https://pypi.org/simple",
        "PIP_TRUSTED_HOST": "https://example.com/simple https://pypi.org/simple https://example.com/simple https://pypi.org/simple",
    },
    packages=["pandas==2.2.0", "scikit-learn"],
)
def prepare(rows: int) -> tuple[float, List[str], Dataset, HTML, Model, int]:
    """Write a table."""
    data = Artifact.new("data")
    report = Artifact.new("report")
    path = Artifact.new("path").path
    count = Artifact.new("count").path
    from collections import namedtuple
    if rows < 0:
        return (returned := (0.0, []))[0], returned[1], data.file(), report.file(), Path(path), int(Path(count).read_text())
    with open(data.path, 'w') as f:
        f.write('\n'.join(str(i) for i in range(rows)))
    data.metadata['rows'] = rows
    with open(report.path, 'w') as f:
        f.write('<p>report</p>')
    with open(path, 'w') as f:
        f.write('weights')
    with open(count, 'w') as f:
        f.write(str(rows))
    return (
        (returned := namedtuple('Outputs', ['mean', 'names'])(rows / 2, ['a', 'b']))[0],
        returned[1],
        data.file(),
        report.file(),
        Path(path),
        int(Path(count).read_text()),
    )


@step(image="python:3.11", cache=True)
def consume(data: Dataset, model_path: Model, mean: float, names: list, count: int) -> tuple[str, Metrics]:
    data = Artifact(data, "data")
    model_path = str(model_path)
    metrics = Artifact.new("metrics")
    with open(data.path) as f:
        lines = f.read().split('\n')
    with open(model_path) as f:
        weights = f.read()
    metrics.log_metric('lines', len(lines))
    metrics.log_metric('mean', mean)
    return f"{len(lines)} {data.metadata['rows']} {weights} {names} {count}", metrics.metadata


@step(image="python:3.11", cache=True)
def read_metrics(metrics: Metrics) -> float:
    metrics = Artifact(name="metrics", metadata=metrics)
    return metrics.metadata['mean'] + metrics.metadata['lines']


@pipeline
def artifacts(rows: int = 4) -> tuple[float, str]:
    mean, names, data, report, path, count = prepare(rows)
    consume_result, metrics = consume(data=data, model_path=path, mean=mean, names=names, count=count)
    read_metrics_result = read_metrics(metrics)
    return read_metrics_result, consume_result
