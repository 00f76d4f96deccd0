"""Migrated from the compiled pipeline "from-text"."""

import tempfile
from pathlib import Path

from pipec import Dataset, Model, native, pipeline, step


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

# PC503: the URI of an artifact stands on its command line
greet_someone = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="alpine:3.20",
        command=["sh", "-c"],
        args=[
            'echo "$0" > "$1"',
            who,
            text,
            "--plain",
            plain.path,
            model_file.path,
            model_file.uri,
            dsl.IfPresentPlaceholder(input_name="data", then=["--data", data.path]),
            dsl.ConcatPlaceholder(["--times=", times]),
        ],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"who": str | None, "times": int, "options": dict | None, "data": Dataset | None, "plain": Path},
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
    text, model_file = greet_someone(who="you", times=2, options={"a": 1}, plain=plain)
    show_done = show(text)
