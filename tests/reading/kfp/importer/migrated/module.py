"""Migrated from the compiled pipeline "importer"."""

import tempfile
from pathlib import Path

from pipec import Dataset, container, native, pipeline, step


@step(packages=["fsspec"])
def copy_of_importer_2(uri: str) -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


# PC504: elsewhere than on Kubeflow, the artifact at its URI is copied into the store, where Kubeflow only refers to
# it; the metadata of the imported artifact are not kept
importer_2 = native(
    "kfp",
    'dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset, metadata={"a": "b"})',
    imports=["from kfp import dsl"],
    inputs={"uri": str},
    outputs={"artifact": Dataset},
    otherwise=copy_of_importer_2,
    cache=True,
)

lines = container(
    "alpine",
    ["sh", "-c", 'wc -l < "$0" > "$1"'],
    ["{table}", "{n}"],
    inputs={"table": Dataset},
    outputs={"n": int},
    cache=True,
)


@step(packages=["fsspec"])
def copy_of_importer_3() -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    uri = "https://example.com/x.csv"
    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


# PC504: elsewhere than on Kubeflow, the artifact at its URI is copied into the store, where Kubeflow only refers to
# it
importer_3 = native(
    "kfp",
    'dsl.importer(artifact_uri="https://example.com/x.csv", artifact_class=dsl.Dataset)',
    imports=["from kfp import dsl"],
    outputs={"artifact": Dataset},
    otherwise=copy_of_importer_3,
    cache=True,
)


@pipeline
def importer(uri: str = "gs://bucket/data.csv"):
    artifact = importer_2(uri)
    n = lines(artifact)
    artifact_2 = importer_3()
    n_2 = lines(artifact_2)
