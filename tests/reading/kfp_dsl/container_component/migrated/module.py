"""Migrated from the compiled pipeline "containers"."""

import tempfile
from pathlib import Path

from pipec import Dataset, Model, container, native, pipeline, step

hello = container("alpine", ["echo"], ["hello"], cache=True)


@step(packages=["fsspec", "gcsfs"])
def copy_of_importer() -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    uri = "gs://bucket/data.csv"
    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


# PC504: elsewhere than on Kubeflow, the artifact at its URI is copied into the store, where Kubeflow only refers to
# it
importer = native(
    "kfp",
    'dsl.importer(artifact_uri="gs://bucket/data.csv", artifact_class=dsl.Dataset)',
    imports=["from kfp import dsl"],
    outputs={"artifact": Dataset},
    otherwise=copy_of_importer,
    cache=True,
)

train = container(
    "registry.example.com/trainer:2",
    ["python", "-m", "trainer"],
    [
        "--data",
        "{data}",
        "--source",
        "{data.uri}",
        "--rate={rate}",
        "--out={model}/{name}",
        "--loss-file",
        "{loss}",
        "--flags",
        "{flags}",
    ],
    inputs={"rate": float, "name": str, "flags": list | None, "data": Dataset},
    outputs={"loss": float, "model": Model},
    cache=True,
)


@pipeline
def containers(rate: float = 0.1):
    hello_done = hello()
    data = importer()
    loss, model = train(rate=rate, name="first", flags=["--fast"], data=data)
