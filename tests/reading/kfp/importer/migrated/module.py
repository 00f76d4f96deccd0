"""Migrated from the compiled pipeline "importer"."""

import tempfile
from pathlib import Path

from pipec import Dataset, container, pipeline, step


# PC507: the artifact at its URI is copied into the store, where Kubeflow only refers to it
# PC507: the metadata of the imported artifact is not kept
@step(packages=["fsspec"])
def importer_2(uri: str) -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    uri = uri
    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


lines = container(
    "alpine",
    ["sh", "-c", 'wc -l < "$0" > "$1"'],
    ["{table}", "{n}"],
    inputs={"table": Dataset},
    outputs={"n": int},
    cache=True,
)


# PC507: the artifact at its URI is copied into the store, where Kubeflow only refers to it
@step(packages=["fsspec"])
def importer_2_2() -> Dataset:
    """Fetch what lies at a URI."""
    import fsspec

    uri = "https://example.com/x.csv"
    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


@pipeline
def importer(uri: str = "gs://bucket/data.csv"):
    artifact = importer_2(uri)
    n = lines(artifact)
    artifact_2 = importer_2_2()
    n_2 = lines(artifact_2)
