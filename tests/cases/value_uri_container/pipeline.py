"""The address of a file for a container, which gets it as text."""

from pathlib import Path

from pipec import Model, container, pipeline, step, uri_of

serve = container(
    "registry.example.com/tools:2",
    ["serve", "--model={model}", "--replicas", "{replicas}"],
    inputs={"model": str, "replicas": int},
)


@step
def train(rows: int) -> Model:
    file = Path("model.bin")
    file.write_bytes(bytes(rows))
    return file


@pipeline
def value_uri_container(rows: int = 3) -> None:
    model = train(rows)
    serve(uri_of(model), 2)
    for replicas in (1, 4):
        serve(uri_of(model), replicas)
