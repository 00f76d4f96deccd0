"""The address of a file that a container has written, and that of one which the container gets as a file besides."""

from pathlib import Path

from pipec import Model, container, pipeline, step, uri_of

convert = container(
    "registry.example.com/tools:2",
    ["convert", "{model}", "--came-from={uri}", "{out}"],
    inputs={"model": Path, "uri": str},
    outputs={"out": Model},
)


@step
def train(rows: int) -> Model:
    file = Path("model.bin")
    file.write_bytes(bytes(rows))
    return file


@step
def register(uri: str, size: int) -> str:
    return f"{size}: {uri}"


@pipeline
def value_uri_of_container(rows: int = 3) -> str:
    model = train(rows)
    converted = convert(model, uri_of(model))
    return register(uri_of(converted), rows)
