"""Migrated from the compiled pipeline "from-text"."""

import tempfile
from pathlib import Path

from pipec import Model, container, native, pipeline, step


@step(packages=["fsspec", "gcsfs"])
def copy_of_importer() -> Path:
    """Fetch what lies at a URI."""
    import fsspec

    uri = "gs://bucket/plain"
    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])
    filesystem, path = fsspec.url_to_fs(uri)
    filesystem.get(path, str(folder), recursive=True)
    return folder


# PC504: elsewhere than on Kubeflow, the artifact at its URI is copied into the store, where Kubeflow only refers to
# it
importer = native(
    "kfp",
    'dsl.importer(artifact_uri="gs://bucket/plain", artifact_class=dsl.Artifact)',
    imports=["from kfp import dsl"],
    outputs={"artifact": Path},
    otherwise=copy_of_importer,
    cache=True,
)

greet_someone = container(
    "alpine:3.20",
    ["sh", "-c"],
    [
        'echo "$0" > "$1"',
        "{who}",
        "{text}",
        "--plain",
        "{plain}",
        "{model_file}",
        "{model_file.uri}",
        "--times={times}",
    ],
    inputs={"who": str | None, "times": int, "plain": Path},
    outputs={"text": str, "model_file": Model},
    cache=True,
    env={"MODE": "fast"},
)


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline(name="from-text")
def from_text():
    plain = importer()
    text, model_file = greet_someone(who="you", times=2, plain=plain)
    show_done = show(text)
