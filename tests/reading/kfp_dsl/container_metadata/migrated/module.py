"""Migrated from the compiled pipeline "metadata"."""

import tempfile
from pathlib import Path

from pipec import Dataset, native, pipeline, step


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

# PC503: its command line has `data.metadata['framework']`, which the server does not fill in; its command line has
# `data.metadata`, which the server does not fill in
show = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="alpine", command=["echo"], args=["--framework", data.metadata["framework"], data.metadata]
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"data": Dataset},
    cache=True,
)


@pipeline
def metadata():
    artifact = importer()
    show_done = show(artifact)
