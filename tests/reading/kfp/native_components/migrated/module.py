"""Migrated from the compiled pipeline "native-components"."""

import json
import shutil
import tempfile
from pathlib import Path

from pipec import Dataset, Model, native, parallel, pipeline, step


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


# PC503: it makes a volume claim while the pipeline runs, which the server does itself
createpvc = native(
    "kfp",
    """
    kubernetes.CreatePVC(
        access_modes=["ReadWriteOnce"], annotations={"team": "a"}, pvc_name_suffix="-data", size=size
    )
    """,
    imports=["from kfp import kubernetes"],
    inputs={"size": str},
    outputs={"name": str},
    cache=True,
)


@step(
    image="python:3.11",
    cache=True,
    targets={
        "kfp": {
            "pvcMount": [
                {
                    "pvcNameParameter": {
                        "taskOutputParameter": {"producerTask": "createpvc", "outputParameterKey": "name"},
                    },
                    "mountPath": "/data",
                },
            ],
        },
    },
)
def part(number: int, folder: str) -> Dataset:
    part = Artifact.new("part")
    with open(part.path, "w") as file:
        file.write(folder * number)
    return part.file()


# PC503: the server fills it in, wherever it stands
workspace_path = native("kfp", "dsl.WORKSPACE_PATH_PLACEHOLDER", imports=["from kfp import dsl"], outputs={"text": str})


@step(
    image="python:3.11",
    targets={
        "kfp": {
            "pvcMount": [
                {
                    "pvcNameParameter": {
                        "taskOutputParameter": {"producerTask": "createpvc", "outputParameterKey": "name"},
                    },
                    "mountPath": "/data",
                },
            ],
        },
    },
)
def part_3(number: int, folder: str) -> Dataset:
    part = Artifact.new("part")
    with open(part.path, "w") as file:
        file.write(folder * number)
    return part.file()


# PC503: its function is inside of the image, and not in the file
train = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/train:1",
        command=["python3", "-m", "kfp.dsl.executor_main"],
        args=["--executor_input", "{{$}}", "--function_to_execute", "train"],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"deep": bool | None, "note": str | None, "options": dict, "rates": list, "rounds": int, "table": Dataset},
    outputs={"Output": float, "model": Model},
    memory="4Gi",
    retries=2,
    cache=True,
    env={"MODE": "fast"},
)

# PC503: its command line has `tables`, which the server does not fill in; its command line has
# `model.metadata['framework']`, which the server does not fill in; its command line has the placeholder `{{$}}`; its
# command line takes a list of artifacts, `tables`
merge = native(
    "kfp",
    r"""
    dsl.ContainerSpec(
        image="registry.example.com/merge:1",
        command=[
            "python",
            "-c",
            '''import sys

    for uri in sys.argv[1:]:
        print(uri)
    ''',
        ],
        args=[
            tables,
            model.uri,
            f"--framework={model.metadata['framework']} for {tag}",
            dsl.ConcatPlaceholder(["--tag=", tag]),
            dsl.IfPresentPlaceholder(input_name="channel", then=["--channel", channel], else_=["--quiet"]),
            "{{$}}",
            'it\'s \\ "quoted"',
            whole.uri,
            whole.path,
            size,
        ],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"channel": str | None, "tag": str, "model": Model, "tables": list[Dataset]},
    outputs={"size": int, "whole": Dataset},
    cache=True,
)


@step(image="python:3.11", cache=True)
def show(size: int, score: float, where: str) -> str:
    return f"{size} {score} {where}"


# PC503: it deletes a volume claim while the pipeline runs, which the server does itself
deletepvc = native(
    "kfp",
    "kubernetes.DeletePVC(pvc_name=pvc_name)",
    imports=["from kfp import kubernetes"],
    inputs={"pvc_name": str},
    cache=True,
)


@pipeline(
    name="native-components",
    targets={"kfp": {"workspace": {"kubernetes": {"pvcSpecPatch": {"accessModes": ["ReadWriteOnce"]}}, "size": "1Gi"}}},
)
def native_components(rounds: int = 3, size: str = "5Gi") -> str:
    name = createpvc(size)
    part_part_results = [part(number=item, folder=f"{workspace_path()}/parts") for item in [1, 2]]
    with parallel(after=name):
        part_4 = part_3(number=3, folder=workspace_path())
    train_result, model = train(note="none", options={"a": "b"}, rates=[0.5, 1], rounds=rounds, table=part_4)
    size_2, whole = merge(tag="x", model=model, tables=part_part_results)
    show_result = show(size=size_2, score=train_result, where=size)
    with parallel(after=show_result):
        deletepvc_done = deletepvc(name)
    return show_result
